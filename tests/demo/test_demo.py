"""`bin/demo`, for real: what it promises comes true, and it leaves nothing behind.

Decides: the command as a person uses it, in a data folder of its own. Not: the parts (the other files here).
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.demo.processes import started_by, still_there

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(
    r"TENANT-10[123] .* (migracloud|pve-b) .* (pve|pve-02|pve-b1|pve-b2) .* (\d{4,9}) .* "
    r"(10\.1\.10\.\d+|10\.2\.0\.\d+) .* (running|stopped|gone) .* (\d+\.\d)"
)
LEFT = ("a create that failed, of TENANT-101's forum.", "an operation that needs a person, the purge of", "a stranger.")
# At least: two of proxmox, gunicorn and a worker, qcluster with sentinel, 2 workers, monitor and pusher, controller.
PROCESSES = 11


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A data folder of the tests' own, and with it a PostgreSQL, which is stopped at the end."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    own = others | {"DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    yield own
    subprocess.run([sys.executable, "-m", "migracloud.postgres", "stop"], cwd=ROOT, env=own, check=True)


@contextmanager
def demo(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that does not outlive a test that fails."""
    process = subprocess.Popen(
        ["bin/demo", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """All it says up to a line with these words; all it ever says if there is none."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line or "The scenario broke off" in line:
            break
    return said


def refused(environment: dict[str, str], *arguments: str) -> str:
    with demo(environment, *arguments) as process:
        said, _ = process.communicate()
    assert process.returncode == 1, said
    return str(said)


def by_hand(environment: dict[str, str], command: str) -> str:
    """What a command says of the demo's database, in a shell that knows nothing but the file that the demo names."""
    file = Path(environment["DATA_DIR"]) / "run" / "commands.env"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = {name: value for name, value in environment.items() if name not in ("SECRET_KEY", "SECRETS_KEYS")}
    line = f"set -a; . '{file}'; set +a; {sys.executable} {command}"
    run = subprocess.run(["bash", "-c", line], cwd=ROOT, env=kept, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_all_of_it_comes_true_and_it_ends_by_itself(environment: dict[str, str]) -> None:
    with demo(environment, "--once") as process:
        said, _ = process.communicate()
    assert process.returncode == 0, said
    rows = ROW.findall(said)
    assert len(rows) == 12, said
    assert [state for *_, state, _ in rows].count("gone") == 1
    assert len({address for *_, address, _, _ in rows}) == 12
    assert {cluster: {row[1] for row in rows if row[0] == cluster} for cluster, *_ in rows} == {
        "migracloud": {"pve", "pve-02"},
        "pve-b": {"pve-b1", "pve-b2"},
    }
    assert re.search(r"VMIDs that have been on both clusters .* 9100, 9101", said), said
    assert "Stopped cluster pve-b's first endpoint" in said
    assert re.search(r"CT \d+ is on node pve(-02)?, no longer on pve(-02)?\.", said)
    assert "Killed worker process" in said
    assert "has ended" not in said, "the workers' guard replaces one that was killed at its work"
    assert "TENANT-103 may have 4 pods and has 4" in said
    assert "10.1.10.70 is reserved" in said
    assert re.search(r"Metrics .* agree with the database", said)
    assert re.search(r"Beside what was left behind .* all is well", said)
    lines = [line.removeprefix("Left behind: ") for line in said.splitlines() if line.startswith("Left behind: ")]
    assert len(lines) == len(LEFT), said
    assert all(line.startswith(words) and "/admin/" in line for line, words in zip(lines, LEFT, strict=True)), said
    assert "a pod a minute" not in said
    assert re.search(r"Commands on this demo's database: .*commands\.env", said)
    assert "All of it was true" in said
    assert started_by(process.pid) == set()


def test_nothing_is_left_behind_a_demo_that_was_killed(environment: dict[str, str]) -> None:
    with demo(environment) as process:
        assert "parked: the clone on" in read_until(process, "parked: the clone on")
        family = started_by(process.pid)
        assert len(family) >= PROCESSES
        process.kill()
    assert still_there(family, within=20) == set()
    assert still_there(started_by(process.pid), within=20) == set()


def test_while_one_runs_a_second_is_refused_and_bin_stop_ends_the_first(environment: dict[str, str]) -> None:
    with demo(environment) as process:
        assert "mPanel made 3 tenants" in read_until(process, "mPanel made 3 tenants")
        family = started_by(process.pid)
        listed = by_hand(environment, "manage.py operations list --all")
        assert "TENANT-101" in listed or "There are none." in listed
        second = refused(environment)
        assert f"running already (process {process.pid}). Stop it with bin/stop." in second
        stopped = subprocess.run(["bin/stop"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        rest, _ = process.communicate()
    assert "The demo is stopped." in stopped.stdout
    assert "ended before its scenario was over" in rest
    assert "killing it" not in rest
    assert still_there(family, within=0) == set()


def test_a_database_of_ones_own_is_left_alone(environment: dict[str, str]) -> None:
    said = refused(environment | {"DATABASE_URL": "postgresql://somebody@127.0.0.1:1/precious"})
    assert "DATABASE_URL is set. The demo makes and drops a database of its own" in said


def test_a_port_that_is_asked_for_and_in_use_is_a_clear_message(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(environment, "--port", str(port))
    assert f"Port {port} of 127.0.0.1: Address already in use. Choose another --port" in said
