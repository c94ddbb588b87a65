"""The demo's world before anything happens in it: a database of its own, and the clusters in it.

Decides: names, and what is refused. Not: which processes work on it (run.py).

Each demo begins with an empty database, because its Proxmox is new each time. `migracloud`, the database of a real
installation, is never touched.
"""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import environ
import psycopg
from psycopg import sql

from demo.handle import ROOT, Ready
from migracloud import database

if TYPE_CHECKING:
    from demo.seed import Credentials

DATABASE = "migracloud_demo"
# A file a cluster, by its name.
CLUSTER_FILES = {"migracloud": ROOT / "demo" / "cluster.toml", "pve-b": ROOT / "demo" / "pve-b.toml"}


class CannotDemonstrate(Exception):
    """The demo cannot begin; the text says why and what to do."""


def data_dir() -> Path:
    """Where the demo keeps its files. Refused: a DATABASE_URL of one's own."""
    environ.Env.read_env(ROOT / ".env")
    if os.environ.get("DATABASE_URL"):
        raise CannotDemonstrate(
            "DATABASE_URL is set. The demo makes and drops a database of its own in the embedded PostgreSQL and leaves "
            "yours alone: unset DATABASE_URL (also in .env) for the demo, for example: env -u DATABASE_URL bin/demo"
        )
    return database.data_dir(os.environ)


END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'
"""


def fresh_database(folder: Path, database_name: str = DATABASE) -> None:
    """Drop and make a database of this name, and point this process and those it starts at it."""
    server = database.ensure_started(folder)
    with psycopg.connect(server.url(database.OWNER), autocommit=True) as owner:
        name = sql.Identifier(database_name)
        # Processes of a demo that was killed a moment ago may still be connected. FORCE would end their sessions too,
        # but is refused while PostgreSQL's own cleaner is at work there; a plain DROP sends that one away.
        owner.execute(END_SESSIONS, [database_name])
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        owner.execute(sql.SQL("CREATE DATABASE {}").format(name))
    with psycopg.connect(server.url(database.OWNER, database_name), autocommit=True) as owner:
        owner.execute(database.grants_sql(database_name).encode())
    os.environ["DATABASE_URL"] = server.url(database.SERVICE, database_name)
    os.environ["DATABASE_OWNER_URL"] = server.url(database.OWNER, database_name)


def cluster_variables(pves: Mapping[str, Ready]) -> dict[str, str]:
    """How the files learn where this demo's clusters are; the processes read the tokens' secrets from here too."""
    variables: dict[str, str] = {}
    if first := pves.get("migracloud"):
        variables |= {
            "DEMO_PVE_URL": first.url,
            "DEMO_PVE_CA": first.ca_file,
            "DEMO_PVE_TOKEN_SECRET": first.token_secret,
        }
    if second := pves.get("pve-b"):
        variables |= {
            "DEMO_PVE_B_URL_1": second.urls[0],
            "DEMO_PVE_B_URL_2": second.urls[1],
            "DEMO_PVE_B_CA": second.ca_file,
            "DEMO_PVE_B_TOKEN_SECRET": second.token_secret,
        }
    return variables


def commands_file(folder: Path, more: Iterable[str]) -> str:
    """What manage.py needs to work on this demo, for a shell to read; only its owner can. Returns how it is used."""
    names = ("SECRET_KEY", "SECRETS_KEYS", "DATABASE_URL", "ALLOWED_HOSTS", "INSECURE_HTTP", *more)
    file = folder / "commands.env"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={shlex.quote(os.environ[name])}\n" for name in names if name in os.environ))
    return f"set -a; . {shlex.quote(str(file))}; set +a; .venv/bin/python manage.py operations list"


def fill(log: Path, files: Iterable[Path] = tuple(CLUSTER_FILES.values())) -> Credentials:
    """Tables, the clusters as these files declare them, admin and token. From here on Django is set up."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    import django

    django.setup()
    from django.core.management import CommandError, call_command
    from django.db import connections

    from demo.seed import seed

    said = io.StringIO()
    try:
        call_command("migrate", verbosity=1, stdout=said)
        for file in files:
            call_command("bootstrap", str(file), stdout=said)
        return seed()
    except CommandError as error:
        raise CannotDemonstrate(f"The demo's database could not be filled: {error}") from error
    finally:
        log.write_text(said.getvalue())
        connections.close_all()
