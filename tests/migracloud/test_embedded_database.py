"""The embedded PostgreSQL is there when it is asked for, whatever was killed, and is never anybody else's.

Decides: its life. Not: what the roles may do (test_database_roles.py).
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from migracloud.database import OWNER, ROOT, SERVICE, DatabaseError, ensure_started, status, stop, urls
from migracloud.postgres import layout, postmaster

pytestmark = pytest.mark.slow

START = "import sys; from pathlib import Path; from migracloud.database import ensure_started as start; "
START += "print(start(Path(sys.argv[1])).url('migracloud_service'))"


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A DATA_DIR of this test's own; whatever runs on it ends with the test."""
    folder = tmp_path / "data"
    yield folder
    stop(folder)


def pid_of(data: Path) -> int:
    found = postmaster.find(data.resolve() / "postgres")
    assert found is not None
    return found.pid


def runs(pid: int) -> bool:
    """A dead process that its parent has not fetched yet has no command line."""
    command_line = Path(f"/proc/{pid}/cmdline")
    return command_line.exists() and command_line.read_bytes() != b""


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def logs_in(data: Path) -> bool:
    with psycopg.connect(ensure_started(data).url(SERVICE)) as connection:
        return connection.execute("SELECT current_user").fetchone() == (SERVICE,)


def starter(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(data)]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_first_use_makes_it_and_the_second_finds_it(data: Path) -> None:
    assert status(data) is None
    first = ensure_started(data)
    pid = pid_of(data)
    assert ensure_started(data) == first == status(data)
    assert pid_of(data) == pid
    assert stop(data)
    assert status(data) is None
    assert not stop(data)
    assert not first.socket_dir.exists()


def test_its_socket_lies_in_a_folder_that_only_its_user_enters(data: Path) -> None:
    server = ensure_started(data)
    found = server.socket_dir.stat()
    assert stat.S_IMODE(found.st_mode) == 0o700
    assert found.st_uid == os.geteuid()
    assert stat.S_IMODE((data / "postgres").stat().st_mode) == 0o700


def test_it_listens_on_no_network_and_believes_only_the_kernel(data: Path) -> None:
    with psycopg.connect(ensure_started(data).url(layout.SUPERUSER)) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        rules = connection.execute("SELECT DISTINCT type, auth_method FROM pg_hba_file_rules").fetchall()
        assert rules == [("local", "peer")]
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


@pytest.mark.parametrize("role", ["migracloud_tenant", "root", "somebody"])
def test_no_other_role_can_log_in(data: Path, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(ensure_started(data).url(role))


def test_it_outlives_its_starter_and_holds_none_of_its_pipes(data: Path) -> None:
    process = starter(data)
    said, complaint = process.communicate(timeout=60)  # returns only when nobody holds the pipes
    assert process.returncode == 0, complaint
    server = status(data)
    assert server is not None
    assert said.strip() == server.url(SERVICE)
    assert os.getsid(pid_of(data)) != process.pid


def test_starters_at_the_same_time_share_one_server(data: Path) -> None:
    starters = [starter(data) for _ in range(4)]
    results = [process.communicate(timeout=120) for process in starters]
    assert [process.returncode for process in starters] == [0] * 4, results
    assert len({said for said, _ in results}) == 1
    assert (data / "postgres" / "server.log").read_text().count("starting PostgreSQL") == 1


def test_a_link_to_another_checkouts_data_finds_the_server_that_runs_on_it(data: Path, tmp_path: Path) -> None:
    server, pid = ensure_started(data), pid_of(data)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "postgres").symlink_to(data / "postgres")
    assert ensure_started(tmp_path / "copy") == server
    assert pid_of(data) == pid


@pytest.mark.parametrize("all_of_it", [False, True], ids=["the postmaster", "every process"])
def test_what_was_committed_survives_sigkill(data: Path, all_of_it: bool) -> None:
    server = ensure_started(data)
    with psycopg.connect(server.url(OWNER)) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")
    pid = pid_of(data)
    for victim in [pid, *(children_of(pid) if all_of_it else [])]:
        with suppress(ProcessLookupError):  # a child may have ended by itself, as the postmaster was gone
            os.kill(victim, signal.SIGKILL)
    with psycopg.connect(ensure_started(data).url(SERVICE)) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("here",)]
    assert pid_of(data) != pid


def test_it_starts_though_its_old_pid_is_now_another_process(data: Path) -> None:
    ensure_started(data)
    stop(data)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        (data / "postgres" / "postmaster.pid").write_text(f"{other.pid}\n")
        assert status(data) is None
        assert logs_in(data)
        assert other.poll() is None


def test_it_starts_again_when_its_socket_was_removed(data: Path) -> None:
    ensure_started(data).socket_path.unlink()
    assert status(data) is None
    assert logs_in(data)


def test_new_data_can_be_made_while_a_server_whose_data_was_removed_still_runs(data: Path) -> None:
    ensure_started(data)
    forgotten = pid_of(data)
    (data / "postgres").rename(data / "away")
    ensure_started(data)
    assert not runs(forgotten)
    assert logs_in(data)


def test_stop_ends_a_server_whose_data_was_removed(data: Path) -> None:
    server = ensure_started(data)
    shutil.rmtree(data)
    assert stop(data)
    assert not server.answers()
    assert not data.exists()


def test_an_interrupted_first_use_is_begun_again(data: Path) -> None:
    unfinished = data / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert logs_in(data)
    assert not unfinished.exists()


def test_a_deep_checkout_does_not_matter(tmp_path: Path) -> None:
    data = tmp_path.joinpath(*["a folder with a name that is long enough to be too long"] * 4)
    try:
        assert logs_in(data)
    finally:
        stop(data)


def test_it_works_where_user_namespaces_are_forbidden(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbidden = tmp_path / "forbidden"
    forbidden.mkdir()
    (forbidden / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (forbidden / "unshare").chmod(0o755)
    ensure_started(data)
    stop(data)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{forbidden}:{os.environ['PATH']}")
        assert logs_in(data)
        stop(data)
    assert logs_in(data)


def test_a_folder_that_somebody_else_put_in_the_sockets_place_is_not_used(data: Path) -> None:
    squatted = layout.planned_sockets(data.resolve() / "postgres")
    squatted.mkdir()
    squatted.chmod(0o755)
    try:
        server = ensure_started(data)
        assert server.socket_dir != squatted
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        assert logs_in(data)
    finally:
        squatted.rmdir()


def test_a_process_that_somebody_elses_folder_names_is_not_ended(data: Path) -> None:
    folder = data.resolve() / "postgres"
    squatted = layout.planned_sockets(folder)
    squatted.mkdir()
    squatted.chmod(0o755)
    disguised = ["postgres", "-c", "input()", str(folder)]
    with subprocess.Popen(disguised, executable=sys.executable, stdin=subprocess.PIPE) as process:
        (squatted / f".s.PGSQL.{postmaster.PORT}.lock").write_text(f"{process.pid}\n")
        try:
            assert not stop(data)
            assert process.poll() is None
        finally:
            shutil.rmtree(squatted)
            process.kill()


def test_data_of_another_major_version_is_refused_and_left_as_it_is(data: Path) -> None:
    ensure_started(data)
    stop(data)
    (data / "postgres" / "PG_VERSION").write_text("15\n")
    before = contents(data / "postgres")
    with pytest.raises(DatabaseError, match="made by PostgreSQL 15"):
        ensure_started(data)
    assert contents(data / "postgres") == before


def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "letter.txt").write_text("dear diary")
    with pytest.raises(DatabaseError, match="not a PostgreSQL data folder"):
        ensure_started(data)
    assert [path.name for path in (data / "postgres").iterdir()] == ["letter.txt"]


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match=r"cannot use .*file/data.*Set DATA_DIR"):
        ensure_started(tmp_path / "file" / "data")


def test_with_database_url_nothing_is_started(data: Path) -> None:
    given = {"DATABASE_URL": "postgresql://service@db/mc", "DATABASE_OWNER_URL": "postgresql://owner@db/mc"}
    found = urls(given, data)
    assert (found.service, found.owner, found.embedded) == (*given.values(), False)
    assert urls({"DATABASE_URL": "postgresql://service@db/mc"}, data).owner is None
    assert not data.exists()


def test_without_database_url_both_roles_find_the_embedded_server(data: Path) -> None:
    found = urls({}, data)
    assert found.embedded
    assert found.owner is not None
    for url, role in ((found.service, SERVICE), (found.owner, OWNER)):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == (
                role,
                "migracloud",
            )
