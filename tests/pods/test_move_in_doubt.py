"""Moves of which an answer was lost or comes late: the pod is moved once, or is where it was."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.errors import AnswerLost
from clusters.dataplane.proxmox import ProxmoxPlane
from operations.models import Operation
from tests.pods.changes import LOST, came_back, effects, is_on, its_time_is_over, rounds, writes
from tests.pods.conftest import ended

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("full_clones")]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "status", "shutdown", "migrate", "start"])
def test_a_lost_answer_does_not_keep_it_from_moving_once(call, move, running_pod, other, plane, work):
    plane.lose_answer(call)
    operation = move()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_on(other, running_pod, plane, status="running")
    assert effects(plane) == ["shutdown", "migrate", "start"]
    assert not AuditEvent.objects.filter(action="pod.moved")


def test_a_move_whose_answer_was_lost_and_that_still_goes_on_is_waited_for(move, running_pod, other, plane, work):
    operation = move()
    rounds(work, plane, 1)
    plane.hold_tasks()
    plane.lose_answer("migrate")
    work.drive_due()
    work.pass_time(seconds=3)
    assert work.drive(operation) == "parked"
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert writes(plane) == ["shutdown", "migrate", "start"]
    assert is_on(other, running_pod, plane, status="running")


def test_a_request_that_never_arrived_is_made_again_after_a_minute(move, plane, work):
    plane.fail("migrate", status=596, message=LOST)
    operation = move()
    rounds(work, plane, 2)
    work.pass_time(seconds=10)
    work.drive_due()
    assert len(plane.record("migrate")) == 1
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert effects(plane) == ["shutdown", "migrate", "start"]


def test_a_move_that_comes_late_is_undone(move, running_pod, plane, work, monkeypatch):
    under_way = []
    real = ProxmoxPlane.migrate

    def lost(*call, **options):
        under_way.append((call, options))
        raise AnswerLost("no answer came in time")

    operation = move()
    rounds(work, plane, 1)
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "migrate", lost)
        work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, "may still arrive" in operation.waits_for) == ("undo", True)
    (asked, *what), options = under_way[0]
    real(ProxmoxPlane(asked.access), *what, **options)
    plane.wait_idle()
    work.until_idle()
    assert came_back(operation, running_pod, plane)


def test_one_whose_time_is_over_while_it_moves_is_brought_back(move, running_pod, plane, work):
    operation = move()
    rounds(work, plane, 1)
    plane.hold_tasks()
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=70)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, "still runs" in operation.waits_for) == ("undo", True)
    plane.release_tasks()
    work.until_idle()
    assert came_back(operation, running_pod, plane)
