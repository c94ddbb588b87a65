"""Whether this process answers (live), and whether it can do its work (ready).

Decides: what has to be there for that: the database, with all migrations. Who was last seen is told as a fact: a site
without workers still answers. Not: how the probes are reached (probes.py). Nothing is told that strangers may not know.
"""

from __future__ import annotations

import logging
from functools import cache

import psycopg
from django.db import Error, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse

from operations.heartbeats import last_seen

log = logging.getLogger(__name__)

PATIENCE = 3  # seconds for PostgreSQL; who probes does not wait long


def live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "live"})


def ready(request: HttpRequest) -> HttpResponse:
    try:
        missing = len(_wanted() - _applied())
        if missing:
            return _not_ready(f"Migrations that are not applied: {missing}. Run: manage.py migrate")
        seconds = {kind: seen.age.total_seconds() if seen.age else None for kind, seen in last_seen().items()}
    except (Error, psycopg.Error) as error:
        log.warning("not ready: %s", str(error).strip())
        return _not_ready("PostgreSQL cannot be reached. Is it up, and is DATABASE_URL right?")
    return JsonResponse({"status": "ready", "seconds_since_last_seen": seconds})


def _not_ready(reason: str) -> HttpResponse:
    return JsonResponse({"status": "not ready", "reason": reason}, status=503)


def _applied() -> set[tuple[str, str]]:
    """By a connection of its own: the pool's patience is longer than a probe's."""
    ours = connections["default"]
    assert isinstance(ours, DatabaseWrapper)  # PostgreSQL only
    parameters = {**ours.get_connection_params(), "connect_timeout": PATIENCE}
    with psycopg.connect(**parameters) as connection:
        connection.execute("SELECT set_config('statement_timeout', %s, true)", [f"{PATIENCE}s"])
        if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            return set()
        return set(connection.execute("SELECT app, name FROM django_migrations").fetchall())


@cache
def _wanted() -> frozenset[tuple[str, str]]:
    """Those of this release, which does not change while it runs."""
    return frozenset(MigrationLoader(None).disk_migrations)
