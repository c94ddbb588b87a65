"""Processor time: what is read out of /proc, and whose it is.

Decides: fields, sessions, children. Not: how much anything may use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.processes import TICKS, Meter, Stat, cpu_seconds

# proc(5): pid, name, state, ppid, pgrp, session, tty, tpgid, flags, four counts of faults, then utime, stime, cutime,
# cstime, priority ...
FIELDS = "S 1 40 41 0 -1 4194560 2510 90210 0 12 700 30 5000 200 20 0 1 0 8917 12046336 1297"

BURN = f"""
import os
used = lambda: sum(os.times()[:2])
while used() < 12 / {TICKS}: pass
"""
WITH_CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
print("ended", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["python3", "a name", "odd) R 7 7 7 ("])
def test_session_and_all_four_kinds_of_time_are_read_behind_the_name(name: str) -> None:
    assert Stat.of(f"42 ({name}) {FIELDS}") == Stat(session=41, used=5930)


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """The leader of a session of its own, whose child has used twelve ticks and ended."""
    command = [sys.executable, "-c", WITH_CHILD]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ended\n"
        yield process


def test_a_session_has_used_what_its_ended_children_have(parent: subprocess.Popen[str]) -> None:
    assert cpu_seconds({"parent": parent.pid})["parent"] >= 12 / TICKS


def test_other_sessions_are_not_counted(parent: subprocess.Popen[str]) -> None:
    ours = cpu_seconds({"ours": os.getsid(0), "parent": parent.pid, "none": 2**30})
    assert ours["none"] == 0
    assert set(ours) == {"ours", "parent", "none"}


def test_a_meter_tells_what_was_used_since_it_began(parent: subprocess.Popen[str]) -> None:
    before = cpu_seconds({"parent": parent.pid})["parent"]
    used = Meter({"parent": parent.pid}).used()["parent"]
    assert 0 <= used < before
