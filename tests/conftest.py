"""What every test may use: a database of its own (tests run as the service role), a Proxmox API of its own, the cast.

Decides: the worlds that tests begin in. Not: what is tested.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

from demo.handle import FakeHandle, start_fake
from migracloud.database import SERVICE, grants_sql
from tests import profiles
from tests.cast import Person, cast
from tests.factories import World, make_world
from tests.work import Work

profiles.load()
settings.PASSWORD_HASHERS = ["tests.hasher.QuickHasher"]

# The owner makes and migrates the database; from then on tests run as the service role, as site and workers do.
# Three things are as no production database has them, and only here: the service role may truncate (Django's flush
# after transactional tests) and have a table's rows counted for the planner, and the clock of leases can be shifted.
FOR_TESTS_ONLY = f"""
CREATE TABLE test_clock (shift interval NOT NULL);
INSERT INTO test_clock VALUES ('0');
CREATE OR REPLACE FUNCTION control_now() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT clock_timestamp() + (SELECT shift FROM test_clock)';
CREATE FUNCTION analyze_table(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN EXECUTE format('ANALYZE %I', name); END $$;
GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {SERVICE};
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long matrices are sampled by the seed that bin/test prints; `--all` runs them whole."""
    if profiles.run_whole():
        return
    out = profiles.left_out(items, str(config.getoption("hypothesis_seed")))
    if out:
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays to the end: the garbage collector, which a walk over all of it keeps busy for a
    twelfth of a run, need not look at it again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """A fresh database for this test process, dropped at its end; one that a killed run left is dropped too."""
    name = f"test_migracloud_{os.getpid()}"
    with django_db_blocker.unblock(), _as_owner() as owner:  # type: ignore[attr-defined]
        _drop_leftovers(owner)
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        # Tests kill processes, never PostgreSQL: whatever was committed is seen by all, whether a disk has it or not.
        owner.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
        before = {alias: settings.DATABASES[alias]["NAME"] for alias in ("default", "owner")}
        _point_at(dict.fromkeys(before, name))
        with _as_owner(name) as inside:
            inside.execute(grants_sql(name))
            call_command("migrate", verbosity=0)
            connections["owner"].close()
            inside.execute(FOR_TESTS_ONLY)
        yield
        _point_at(before)
        owner.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _as_owner(name: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
    of = settings.DATABASES["owner"]
    parts = {"host": of["HOST"], "port": of["PORT"], "user": of["USER"], "password": of["PASSWORD"]}
    return psycopg.connect(
        dbname=name or of["NAME"], autocommit=True, **{key: value for key, value in parts.items() if value}
    )


def _point_at(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connection = connections[alias]
        assert isinstance(connection, DatabaseWrapper)
        connection.close()
        connection.close_pool()
        settings.DATABASES[alias]["NAME"] = connection.settings_dict["NAME"] = name


def _drop_leftovers(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    for (name,) in owner.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_migracloud_%'").fetchall():
        pid = str(name).rsplit("_", 1)[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(str(name))))


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> profiles.Draw:
    """What of a long walk is run, by the seed that bin/test prints."""
    return profiles.Draw(str(request.config.getoption("hypothesis_seed")), whole=profiles.run_whole())


@pytest.fixture(scope="session")
def _fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHandle]:
    with start_fake(tmp_path_factory.mktemp("pve")) as fake:
        yield fake


@pytest.fixture
def plane(_fake: FakeHandle) -> FakeHandle:
    """The Proxmox API of the tests: a process of its own, reached over TLS, laid out as the spec's cluster."""
    _fake.reset()
    return _fake


@pytest.fixture(scope="session")
def _other_fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHandle]:
    with start_fake(tmp_path_factory.mktemp("pve-b"), layout="pve-b") as fake:
        yield fake


@pytest.fixture
def other_plane(_other_fake: FakeHandle) -> FakeHandle:
    """A second cluster, a process of its own too: other nodes and another bridge, but the same VMIDs."""
    _other_fake.reset()
    return _other_fake


@pytest.fixture
def world(db: None, plane: FakeHandle) -> World:
    """The spec's cluster as rows: network, tiers, nodes and template copies, reached at the fake."""
    return make_world(plane)


@pytest.fixture
def work(world: World, plane: FakeHandle) -> Work:
    """Workers and controller, run by hand in this process."""
    return Work(plane)


@pytest.fixture
def people(db: None) -> dict[str, Person]:
    return cast()


@pytest.fixture
def alice(people: dict[str, Person]) -> Person:
    """Owner of TENANT-101."""
    return people["alice"]


@pytest.fixture
def charlie(people: dict[str, Person]) -> Person:
    """Of TENANT-102: sees nothing of alice's."""
    return people["charlie"]


@pytest.fixture
def olga(people: dict[str, Person]) -> Person:
    """Operates the platform."""
    return people["olga"]
