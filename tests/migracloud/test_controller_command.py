"""`manage.py controller --once`: one look at everything, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clusters.models import ClusterObservation
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
