"""The rows that stand for a thousand parked operations: to the controller they are what the real one is.

Decides: that each waits for a task of its own, and is woken by its end. Not: what the controller uses for it.
"""

from __future__ import annotations

import pytest

from bench.parked import begin_starts, copy_parked
from clusters.observe import wake_parked
from demo.handle import FakeHandle
from operations.models import Attempt, Operation
from pods.services import Size, create_pod
from tests.cast import Person
from tests.work import Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def four_parked(work: Work, plane: FakeHandle, alice: Person) -> None:
    """One that is, and three copies."""
    plane.hold_tasks()
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size())
    work.drive_due()
    [attempt] = Attempt.objects.exclude(wait_key=None)
    copy_parked(attempt, begin_starts(plane, 3))


@pytest.mark.usefixtures("four_parked")
def test_each_copy_waits_for_a_running_task_of_its_own(plane: FakeHandle) -> None:
    assert len(set(Attempt.objects.values_list("wait_key", flat=True))) == 4
    assert len(plane.running_tasks()) == 4
    assert {task["node"] for task in plane.running_tasks()} == set(plane.layout.nodes)
    assert wake_parked() == 0


@pytest.mark.usefixtures("four_parked")
def test_a_copy_has_the_original_s_steps_and_is_woken_by_its_own_task(plane: FakeHandle) -> None:
    steps = {tuple(operation.steps.values_list("name", "state")) for operation in Operation.objects.all()}
    assert Operation.objects.count() == 4
    assert len(steps) == 1
    plane.release_tasks()
    plane.wait_idle()
    assert wake_parked() == 4
    assert Attempt.objects.filter(outcome__ok=True).count() == 4
