"""A world that is kept: database and fake as they were at a moment, brought back as often as a matrix needs it.

Decides: how both are kept and brought back, fast. Not: what the world is (stage.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from demo.handle import FakeHandle

# What no run changes, and what Django itself makes anew after each test.
LEFT_AS_IT_IS = (
    *("django_migrations", "django_content_type"),
    *("auth_permission", "auth_group", "auth_group_permissions"),
)
APPEND_ONLY = "audit_auditevent"  # nobody can delete from it, so it is emptied
KEPT = "chaos_kept"


class Saved:
    """The database's rows in a schema of their own, and the fake's state in the fake."""

    def __init__(self, plane: FakeHandle, owner: psycopg.Connection[Any], schema: str = KEPT) -> None:
        self._schema = schema
        self._plane, self._owner = plane, owner
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        self._tables = [name for (name,) in tables if name not in LEFT_AS_IT_IS]
        self._bring_back = self._keep()
        self._fake = plane.save()

    def bring_back(self) -> None:
        """As it was. What runs on must have ended: it would meet its past."""
        self._plane.load(self._fake)
        self._owner.execute(self._bring_back)

    def _keep(self) -> str:
        """Keep the rows; the one query that brings them back."""
        self._owner.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE; CREATE SCHEMA {self._schema}")
        back = ["BEGIN", f"TRUNCATE {APPEND_ONLY}"]
        back += [f'DELETE FROM public."{name}"' for name in self._tables if name != APPEND_ONLY]
        for name in self._tables:
            kept = sql.Identifier(self._schema, name)
            self._owner.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, sql.Identifier("public", name)))
            if self._owner.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(kept)).fetchone():
                back.append(f'INSERT INTO public."{name}" SELECT * FROM {self._schema}."{name}"')
        return "; ".join([*back, "COMMIT"])


@contextmanager
def kept(plane: FakeHandle) -> Iterator[Saved]:
    """The world as it is now, until the end."""
    with as_owner() as owner:
        try:
            yield Saved(plane, owner)
        finally:
            owner.execute(f"DROP SCHEMA IF EXISTS {KEPT} CASCADE")


@contextmanager
def as_owner() -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection to the tests' database."""
    of = settings.DATABASES["owner"]
    parts = {"host": of["HOST"], "port": of["PORT"], "user": of["USER"], "password": of["PASSWORD"]}
    given = {key: value for key, value in parts.items() if value}
    with psycopg.connect(dbname=of["NAME"], autocommit=True, **given) as owner:
        yield owner
