"""How MigraCloud gets its PostgreSQL: the one that DATABASE_URL names, or the embedded one under DATA_DIR.

Decides: which, and what Django is told of it. Not: how the embedded one lives, nor what the roles may do;
both are in `postgres/`. Imports nothing that needs Django's settings, because they import this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ

from migracloud.postgres import embedded
from migracloud.postgres.embedded import ensure_started, status, stop
from migracloud.postgres.errors import DatabaseError
from migracloud.postgres.postmaster import Server
from migracloud.postgres.roles import OWNER, SERVICE, TENANT, Role, grants_sql, roles_sql

__all__ = [
    "DATABASE",
    "OUR_END_IS_GONE",
    "OWNER",
    "ROOT",
    "SERVICE",
    "TENANT",
    "DatabaseError",
    "Role",
    "Server",
    "Urls",
    "data_dir",
    "django_settings",
    "ensure_started",
    "grants_sql",
    "roles_sql",
    "status",
    "stop",
    "urls",
    "with_its_end",
]

# How PostgreSQL notices that a process of ours is paused within a transaction, or that its machine or the way to it is
# gone, which nobody tells it: else the rows that it holds would be held for hours. An ordinary role may set all of it;
# on a socket of this machine what is TCP's is passed over. The controller has a closer watch of its own (leading.py).
OUR_END_IS_GONE = {
    "idle_in_transaction_session_timeout": "1min",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25s",
    "client_connection_check_interval": "5s",
}

ROOT = Path(__file__).resolve().parent.parent
DATABASE = embedded.DATABASE


@dataclass(frozen=True)
class Urls:
    """Where to log in. `owner` is None when only DATABASE_URL is known: then nobody can migrate from here."""

    service: str
    owner: str | None
    embedded: bool


def data_dir(env: Mapping[str, str]) -> Path:
    """DATA_DIR, or `.data` in the project; a relative one counts from the project's root."""
    return ROOT / (env.get("DATA_DIR") or ".data")


def urls(env: Mapping[str, str], data_dir: Path, *, start: bool = True) -> Urls:
    """DATABASE_URL's PostgreSQL untouched, else the embedded one, running (unless `start` is false)."""
    if service := env.get("DATABASE_URL"):
        return Urls(service=service, owner=env.get("DATABASE_OWNER_URL") or None, embedded=False)
    server = ensure_started(data_dir) if start else embedded.planned(data_dir)
    return Urls(service=server.url(SERVICE), owner=server.url(OWNER), embedded=True)


def django_settings(url: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """An entry of Django's DATABASES. A socket folder, `?host=/folder`, goes to HOST, where Django has it.

    `variable` is where the URL came from; a refusal names it, and never the URL, which may hold a password.
    """
    if url.partition("://")[0] not in ("postgresql", "postgres"):  # first: django-environ shows what it does not know
        raise DatabaseError(f"{variable} must be a postgresql:// URL: MigraCloud runs on PostgreSQL 15 or newer only.")
    try:
        config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    except ValueError:
        raise DatabaseError(f"{variable} is no URL such as postgresql://user:password@host:5432/database.") from None
    options = dict(config.get("OPTIONS", {}))
    for key in ("host", "port"):
        if key in options:
            config[key.upper()] = str(options.pop(key))
    config["OPTIONS"] = options
    return config


def with_its_end(options: Mapping[str, Any]) -> dict[str, Any]:
    """OPTIONS of those who do short work: when PostgreSQL gives their sessions up. What the URL says comes last."""
    told = " ".join(f"-c {name}={value}" for name, value in OUR_END_IS_GONE.items())
    return {**options, "options": f"{told} {options.get('options', '')}".strip()}
