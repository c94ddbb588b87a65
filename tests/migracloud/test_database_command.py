"""`manage.py database`, as a person runs it: in a process of its own.

Decides: words, exit status, and that looking starts nothing. Not: the server or the roles.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from migracloud.database import OWNER, ROOT, ensure_started, status, stop

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    stop(folder)


def database(data: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
    settings = {
        "SECRET_KEY": "for these tests only, and long enough to be taken for one by the settings",
        "SECRETS_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATA_DIR": str(data),
    }
    return subprocess.run(
        [sys.executable, "manage.py", "database", *arguments],
        cwd=ROOT,
        env={**inherited, **settings, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.sampled(1)
@pytest.mark.parametrize("arguments", [["status"], ["url"], ["url", "--role", "owner"], ["roles"], ["stop"]])
def test_looking_at_it_starts_nothing(data: Path, arguments: list[str]) -> None:
    done = database(data, *arguments)
    assert done.returncode == 0, done.stderr
    assert status(data) is None
    assert not data.exists()


def test_it_is_started_shown_and_stopped(data: Path) -> None:
    assert database(data, "start").returncode == 0
    server = status(data)
    assert server is not None
    assert database(data, "url", "--role", "owner").stdout.strip() == server.url(OWNER)
    assert str(server.socket_dir) in database(data, "status").stdout
    assert database(data, "stop").stdout == "PostgreSQL is stopped.\n"
    assert status(data) is None


def test_a_postgresql_of_ones_own_is_not_started_from_here(data: Path) -> None:
    done = database(data, "start", DATABASE_URL="postgresql://service@127.0.0.1:1/mc")
    assert done.returncode == 1
    assert "DATABASE_URL is set" in done.stderr
    assert status(data) is None


def test_a_missing_owner_is_named(data: Path) -> None:
    done = database(data, "url", "--role", "owner", DATABASE_URL="postgresql://service@127.0.0.1:1/mc")
    assert done.returncode == 1
    assert "DATABASE_OWNER_URL is not set" in done.stderr


def test_roles_are_printed_for_the_database_of_database_url(data: Path) -> None:
    printed = database(data, "roles", DATABASE_URL="postgresql://service@127.0.0.1:1/theirs").stdout
    assert '\\connect "theirs"' in printed
    assert "ALTER ROLE migracloud_service LOGIN NOINHERIT" in printed


def test_roles_are_applied_with_the_url_in_a_variable(data: Path) -> None:
    server = ensure_started(data)
    superuser = server.url("postgres", "postgres")
    done = database(data, "roles", "--database", "theirs", "--apply", "SUPERUSER_URL", SUPERUSER_URL=superuser)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(server.url(OWNER, "theirs")) as owner:
        owner.execute("CREATE TABLE pods (id int)")


def test_apply_without_the_variable_says_which_one(data: Path) -> None:
    done = database(data, "roles", "--apply", "SUPERUSER_URL")
    assert done.returncode == 1
    assert "SUPERUSER_URL is not set" in done.stderr


def test_a_refusal_of_postgresqls_is_shown_without_a_traceback(data: Path) -> None:
    url = "postgresql://somebody:secret-word@127.0.0.1:1/postgres"
    done = database(data, "roles", "--apply", "SUPERUSER_URL", SUPERUSER_URL=url)
    assert done.returncode == 1
    assert "PostgreSQL refused" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr
