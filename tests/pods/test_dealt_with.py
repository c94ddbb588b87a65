"""What becomes of a pod when a person has dealt with an operation that others have followed, or stand beside.

Decides: that it needs a person exactly as long as something does. Not: going on with one (test_one_after_another.py).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.handle import FakeHandle
from operations import attention
from operations.cancelling import cancel
from operations.models import Operation
from pods.models import CloudPod
from pods.refusals import PodNeedsAttention
from pods.services import destroy_pod, purge_due, purge_pod, rebuild_pod, restore_pod, resume_tenant, suspend_tenant
from tests.cast import Person
from tests.pods.conftest import ended, fresh, nothing_is_left, pod_of
from tests.work import Work

pytestmark = pytest.mark.django_db

State = Operation.State
Leave = Callable[[], Operation]


@pytest.fixture
def left_by_a_rebuild(running_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work) -> Operation:
    """The new container runs; the old one could not be destroyed."""
    plane.fail_task("destroy", "dataset is busy")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == State.NEEDS_ATTENTION
    return operation


@pytest.fixture
def fail_to_destroy(running_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work) -> Leave:
    """A destroy that is cancelled, and whose undo fails for good."""

    def leave() -> Operation:
        plane.hold_tasks()
        operation = destroy_pod(by=alice.actor, pod=fresh(running_pod), timeout_s=0)
        work.drive_due()
        cancel(by=alice.actor, operation=operation)
        plane.release_tasks()
        plane.fail_task("start", "startup for container failed")
        work.until_idle()
        assert ended(operation).state == State.NEEDS_ATTENTION
        return operation

    return leave


def deal_with(operation: Operation, by: Person) -> None:
    attention.resolve(by=by.actor, operation=operation, reason="dealt with by hand")


def test_a_destroyed_pod_stays_deleted_when_an_older_destroy_is_dealt_with(
    fail_to_destroy, running_pod, alice, olga, plane, work
):
    older = fail_to_destroy()
    destroy_pod(by=alice.actor, pod=fresh(running_pod))
    work.until_idle()
    deal_with(older, olga)
    assert fresh(running_pod).phase == "deleted"
    work.pass_time(hours=73)
    assert purge_due() == 1
    work.until_idle()
    assert nothing_is_left(plane)


def test_a_pod_of_which_two_operations_left_something_is_well_when_both_are_dealt_with(
    left_by_a_rebuild, fail_to_destroy, running_pod, olga
):
    newer = fail_to_destroy()
    deal_with(left_by_a_rebuild, olga)
    assert fresh(running_pod).phase == "needs_attention"
    deal_with(newer, olga)
    assert fresh(running_pod).phase == "active"


def test_a_pod_whose_newer_trouble_is_dealt_with_first_still_needs_a_person(
    left_by_a_rebuild, fail_to_destroy, running_pod, olga
):
    deal_with(fail_to_destroy(), olga)
    assert fresh(running_pod).phase == "needs_attention"
    deal_with(left_by_a_rebuild, olga)
    assert fresh(running_pod).phase == "active"


def test_a_pod_that_was_only_suspended_and_resumed_since_is_well_again(
    left_by_a_rebuild, running_pod, alice, olga, work
):
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid")
    work.until_idle()
    resume_tenant(by=olga.actor, tenant=alice.tenant)
    work.until_idle()
    deal_with(left_by_a_rebuild, olga)
    assert fresh(running_pod).phase == "active"


@pytest.mark.parametrize("verb", [destroy_pod, purge_pod])
def test_what_is_dealt_with_while_the_pod_is_taken_away_is_over_when_it_has_to_stay(
    verb, left_by_a_rebuild, running_pod, olga, plane, work
):
    plane.hold_tasks()
    operation = verb(by=olga.actor, pod=fresh(running_pod), reason="no longer needed")
    work.drive_due()
    deal_with(left_by_a_rebuild, olga)
    assert fresh(running_pod).phase == "destroying"
    cancel(by=olga.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert (ended(operation).state, fresh(running_pod).phase) == (State.CANCELLED, "active")


@pytest.mark.parametrize("verb", [destroy_pod, purge_pod])
def test_what_is_not_dealt_with_is_there_again_when_the_pod_has_to_stay(
    verb, left_by_a_rebuild, running_pod, olga, plane, work
):
    plane.hold_tasks()
    operation = verb(by=olga.actor, pod=fresh(running_pod), reason="no longer needed")
    work.drive_due()
    cancel(by=olga.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert (ended(operation).state, fresh(running_pod).phase) == (State.CANCELLED, "needs_attention")


def test_a_deleted_pod_is_restored_once_what_was_left_of_it_is_dealt_with(
    left_by_a_rebuild, running_pod, alice, olga, work
):
    destroy_pod(by=alice.actor, pod=fresh(running_pod))
    work.until_idle()
    with pytest.raises(PodNeedsAttention):
        restore_pod(by=alice.actor, pod=fresh(running_pod))
    deal_with(left_by_a_rebuild, olga)
    restore_pod(by=alice.actor, pod=fresh(running_pod))
    work.until_idle()
    assert fresh(running_pod).phase == "active"


def test_a_pod_that_was_never_whole_is_none_by_being_dealt_with(create, alice, olga, plane, work):
    plane.fail("config", 400, "made to fail")
    plane.fail_task("destroy", "busy")
    pod = pod_of(making := create())
    work.until_idle()
    deal_with(making, olga)
    assert fresh(pod).phase == "needs_attention"
    destroy_pod(by=alice.actor, pod=fresh(pod))
    work.until_idle()
    with pytest.raises(PodNeedsAttention, match="not whole"):
        restore_pod(by=alice.actor, pod=fresh(pod))
