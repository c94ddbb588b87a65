"""`manage.py controller` as a process of its own: one look at everything, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clusters.models import ClusterObservation
from migracloud.processes import StopSignal
from tests.fleet import url_of_test_database

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_one_look_records_what_is_due_to_be_seen(world):
    done = subprocess.run(
        [sys.executable, "manage.py", "controller", "--once"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url_of_test_database()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ClusterObservation.objects.get().answers


def test_told_to_end_again_and_again_it_ends(world):
    """The kernel tells of a parent's death once for each of its threads."""
    controller = subprocess.Popen(
        [sys.executable, "manage.py", "controller", "--tick", "0.05"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url_of_test_database()},
        stderr=subprocess.PIPE,
    )
    with controller:
        assert controller.stderr is not None
        assert any(b"this controller leads" in line for line in controller.stderr)
        deadline = time.monotonic() + 30
        while controller.poll() is None and time.monotonic() < deadline:
            for _ in range(50):
                controller.send_signal(signal.SIGTERM)
        ended = controller.poll()
        controller.kill()
    assert ended in (0, -signal.SIGTERM)  # the latter, when one comes while Python itself ends


def test_a_stop_signal_is_seen_whenever_it_came_and_however_often():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = StopSignal()
        assert not stop.came()
        for _ in range(100_000):  # more than what wakes it can hold
            signal.raise_signal(signal.SIGTERM)
        assert stop.came()
        assert stop.came(within=30)
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
