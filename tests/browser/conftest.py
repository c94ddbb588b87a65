"""Rows that pages show in a real browser."""

from __future__ import annotations

import pytest

from operations.models import Operation
from pods.models import CloudPod
from tests.desk import make_everything


@pytest.fixture
def pods(transactional_db, world, alice):
    return make_everything(alice, world.cluster, pods=3, seen=("worker", "controller"))


@pytest.fixture
def running(pods):
    """A pod at rest."""
    CloudPod.objects.filter(pk=pods[0].pk).update(phase="active", observed_state="running")
    Operation.objects.filter(subject_id=pods[0].pk).update(state="succeeded")
    return pods[0]
