"""`manage.py worker`: what becomes of it when one of its processes is killed.

Decides: the guard's part. Not: what the workers do, nor who starts them again (tests/demo/).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.processes import started_by, still_there
from tests.fleet import url_of_test_database

ROOT = Path(__file__).resolve().parents[2]
GROUP = 6  # manage.py, its guard, two workers, monitor, pusher

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, "DATABASE_URL": url_of_test_database(), "WORKERS": "2", "SUPERVISOR_PID": str(os.getpid())}
    with subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, env=env, stderr=subprocess.PIPE, start_new_session=True
    ) as started:
        yield started
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def processes(worker: subprocess.Popen[bytes]) -> tuple[set[int], list[int]]:
    """All of them, once they are there; and those that the guard guards."""
    deadline = time.monotonic() + 30
    while len(family := started_by(os.getpid())) < GROUP:
        assert worker.poll() is None
        assert time.monotonic() < deadline
    (guard,) = (pid for pid in family if parent_of(pid) == worker.pid)
    return family, [pid for pid in family if parent_of(pid) == guard]


def test_a_process_killed_while_it_waits_at_a_queue_takes_all_along(worker: subprocess.Popen[bytes]) -> None:
    family, guarded = processes(worker)
    victim = guarded[0]
    os.kill(victim, signal.SIGKILL)
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert f"process {victim} was killed while it waited at a queue".encode() in said
    assert still_there(family, within=10) == set()


def test_it_ends_in_order_when_told_to(worker: subprocess.Popen[bytes]) -> None:
    family, _ = processes(worker)
    worker.terminate()
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert still_there(family, within=0) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_its_whole_group_is_told_to(worker: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """As systemd and terminals do it: all processes get the signal at once."""
    family, _ = processes(worker)
    os.killpg(worker.pid, number)
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert still_there(family, within=10) == set()
