"""`manage.py controller --once`: one look at everything, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from clusters.models import ClusterObservation

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_one_look_records_what_is_due_to_be_seen(world):
    of = settings.DATABASES["default"]
    url = f"postgresql://{of['USER']}:{of['PASSWORD']}@/{of['NAME']}?host={of['HOST']}&port={of['PORT']}"
    done = subprocess.run(
        [sys.executable, "manage.py", "controller", "--once"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ClusterObservation.objects.get().answers
