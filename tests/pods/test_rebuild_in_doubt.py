"""Rebuilds that are given up while something is under way: never do two containers run at one address."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.dataplane.errors import AnswerLost
from clusters.dataplane.proxmox import ProxmoxPlane
from operations.cancelling import cancel
from operations.models import Operation
from operations.ordering import same_going_on
from pods.services import rebuild_pod
from tests.pods.conftest import ended, fresh, is_at

pytestmark = pytest.mark.django_db

Call = tuple[tuple[Any, ...], dict[str, Any]]


def until_start_is_lost(operation, plane, work, monkeypatch) -> list[Call]:
    """The new one's start got no answer; what was sent."""
    under_way: list[Call] = []

    def lost(*call, **options):
        under_way.append((call, options))
        raise AnswerLost("no answer came in time")

    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "start", lost)
        for _ in range(10):
            work.drive_due()
            if under_way:
                return under_way
            plane.wait_idle()
            work.tick()
    raise AssertionError("nothing was started")


def arrives(under_way: list[Call]) -> None:
    (asked, *what), options = under_way[0]
    ProxmoxPlane(asked.access).start(*what, **options)


def test_the_old_one_does_not_run_again_before_a_start_of_the_new_one_that_may_still_arrive(
    running_pod, alice, plane, work, monkeypatch
):
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    under_way = until_start_is_lost(operation, plane, work, monkeypatch)
    cancel(by=alice.actor, operation=operation)
    work.pass_time(seconds=3)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, "may still arrive" in operation.waits_for) == ("undo", True)
    assert is_at(plane, running_pod)[0] == "stopped"
    arrives(under_way)
    plane.wait_idle()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert plane.vmids() == {running_pod.vmid}
    assert is_at(plane, running_pod) == ("running", 1)


def test_a_start_of_the_new_one_that_goes_on_without_our_knowing_is_waited_for(
    running_pod, alice, plane, work, monkeypatch
):
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    under_way = until_start_is_lost(operation, plane, work, monkeypatch)
    plane.hold_tasks()
    arrives(under_way)
    cancel(by=alice.actor, operation=operation)
    for _ in range(3):
        work.pass_time(seconds=40)
        work.drive_due()
    operation.refresh_from_db()
    assert "still runs" in operation.waits_for
    assert is_at(plane, running_pod)[0] == "stopped"
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert plane.vmids() == {fresh(running_pod).vmid} == {running_pod.vmid}
    assert is_at(plane, running_pod) == ("running", 1)


def test_a_request_that_joins_a_rebuild_just_before_it_fails_begins_none(running_pod, alice, plane, work, monkeypatch):
    """The VMID that it would begin one with is given back by then."""
    plane.fail("clone", 400, "made to fail")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)

    def it_fails_just_after(*asked):
        found = same_going_on(*asked)
        work.until_idle()
        return found

    monkeypatch.setattr("pods.services.rebuild.same_going_on", it_fails_just_after)
    assert rebuild_pod(by=alice.actor, pod=running_pod) == operation
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert Operation.objects.filter(kind="rebuild").count() == 1
    assert (plane.vmids(), is_at(plane, running_pod)) == ({running_pod.vmid}, ("running", 1))
