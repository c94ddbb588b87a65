"""What one operation leaves and the next one finds: the last word counts, and nobody undoes what was done since.

Decides: sequences of operations on one pod. Not: one operation by itself (a file each).
"""

from __future__ import annotations

import pytest

from operations import attention
from operations.cancelling import TooLateToCancel, cancel
from operations.models import Operation
from pods.models import CloudPod
from pods.refusals import PodNeedsAttention
from pods.services import (
    Size,
    destroy_pod,
    purge_due,
    purge_pod,
    rebuild_pod,
    resize_pod,
    restore_pod,
    resume_pod,
    resume_tenant,
    stop_pod,
    suspend_pod,
    suspend_tenant,
)
from pods.services.lock import lock_any
from tests.pods.conftest import ended, fresh, is_at, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db

State = Operation.State


@pytest.fixture
def left_by_a_destroy(running_pod, alice, plane, work) -> Operation:
    """It was taken back, and what undoes it failed for good."""
    operation = destroy_pod(by=alice.actor, pod=running_pod, timeout_s=0)
    plane.hold_tasks()
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    plane.fail_task("start", "startup for container failed")
    work.until_idle()
    assert ended(operation).state == State.NEEDS_ATTENTION
    return operation


def test_a_tenant_that_was_suspended_again_while_its_pods_were_being_stopped_stays_so(
    running_pod, alice, olga, plane, work
):
    plane.hold_tasks()
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid")
    work.drive_due()
    resume_tenant(by=olga.actor, tenant=alice.tenant)
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="bounced")
    plane.release_tasks()
    work.until_idle()
    assert (fresh(running_pod).tenant_suspended, is_at(plane, running_pod)) == (True, ("stopped", 0))


def test_a_pod_that_was_suspended_again_while_it_was_being_stopped_stays_so(running_pod, olga, plane, work):
    plane.hold_tasks()
    suspend_pod(by=olga.actor, pod=running_pod, reason="abuse")
    work.drive_due()
    resume_pod(by=olga.actor, pod=running_pod)
    suspend_pod(by=olga.actor, pod=running_pod, reason="abuse")
    plane.release_tasks()
    work.until_idle()
    assert fresh(running_pod).suspended_at is not None
    assert is_at(plane, running_pod) == ("stopped", 0)


def test_a_pod_that_goes_meanwhile_does_not_keep_its_tenant_from_being_suspended(
    running_pod, alice, olga, work, monkeypatch
):
    def it_goes_just_before(pod):
        CloudPod.objects.filter(pk=pod.pk).update(phase="gone", gone_at=pod.created_at)
        return lock_any(pod)

    monkeypatch.setattr("pods.services.suspension.lock_any", it_goes_just_before)
    assert suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid") == []
    alice.tenant.refresh_from_db()
    assert alice.tenant.state == "suspended"


def test_a_pod_that_is_restored_in_the_last_moment_is_not_purged(running_pod, alice, plane, work, monkeypatch):
    destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    work.pass_time(hours=73)

    def restored_just_before(pod):
        restore_pod(by=alice.actor, pod=pod)
        return lock_any(pod)

    monkeypatch.setattr("pods.services.purging.lock_any", restored_just_before)
    assert purge_due() == 0
    work.until_idle()
    assert (fresh(running_pod).phase, is_at(plane, running_pod)) == ("active", ("running", 1))


def test_a_purge_that_takes_the_container_away_is_not_cancelled_any_more(stopped_pod, olga, plane, work):
    plane.hold_tasks()
    operation = purge_pod(by=olga.actor, pod=stopped_pod, reason="it goes")
    work.drive_due()
    assert operation.steps.get(name="destroy").state == "parked"
    with pytest.raises(TooLateToCancel):
        cancel(by=olga.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == State.SUCCEEDED
    assert nothing_is_left(plane)


def test_a_purge_whose_removal_failed_half_way_needs_a_person_and_goes_on_when_told_to(running_pod, olga, plane, work):
    plane.fail_task("destroy", "dataset is busy")
    operation = purge_pod(by=olga.actor, pod=running_pod, reason="it goes")
    work.until_idle()
    assert (ended(operation).state, operation.direction) == (State.NEEDS_ATTENTION, "do")
    attention.retry(by=olga.actor, operation=operation, reason="nobody uses the dataset now")
    work.until_idle()
    assert ended(operation).state == State.SUCCEEDED
    assert nothing_is_left(plane)


def test_a_rebuild_that_was_undone_after_a_person_had_looked_leaves_the_pod_well(running_pod, alice, olga, plane, work):
    plane.fail_task("start", "broken")
    plane.fail_task("destroy", "busy")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.direction) == (State.NEEDS_ATTENTION, "undo")
    assert fresh(running_pod).phase == "needs_attention"
    attention.retry(by=olga.actor, operation=operation, reason="mended")
    work.until_idle()
    assert (ended(operation).state, fresh(running_pod).phase) == (State.FAILED, "active")


def test_an_old_operation_told_to_go_on_does_not_bring_back_a_deleted_pod(
    left_by_a_destroy, running_pod, alice, olga, plane, work
):
    again = destroy_pod(by=alice.actor, pod=fresh(running_pod))
    work.until_idle()
    assert ended(again).state == State.SUCCEEDED
    for go_on in (attention.retry, attention.skip):
        with pytest.raises(attention.OvertakenSince):
            go_on(by=olga.actor, operation=left_by_a_destroy, reason="mended")
    work.until_idle()
    assert (fresh(running_pod).phase, is_at(plane, running_pod)) == ("deleted", ("stopped", 0))


def test_an_old_resize_told_to_go_on_does_not_take_back_what_was_granted_since(running_pod, alice, olga, plane, work):
    plane.fail_task("resize", "broken")
    plane.hold_tasks()
    first = resize_pod(by=alice.actor, pod=running_pod, size=Size(cores=3, disk_gib=running_pod.disk_gib + 4))
    work.drive_due()
    plane.fail("config", 400, "made to fail")  # writing it back fails too
    plane.release_tasks()
    work.until_idle()
    assert ended(first).state == State.NEEDS_ATTENTION
    resize_pod(by=alice.actor, pod=fresh(running_pod), size=Size(cores=4))
    work.until_idle()
    with pytest.raises(attention.OvertakenSince):
        attention.retry(by=olga.actor, operation=first, reason="mended")
    assert fresh(running_pod).cores == 4


def test_a_destroy_that_a_person_dealt_with_leaves_no_pod_that_needs_one(left_by_a_destroy, running_pod, olga, plane):
    plane.edit_ct(running_pod.vmid, status="running")
    attention.resolve(by=olga.actor, operation=left_by_a_destroy, reason="started by hand")
    assert fresh(running_pod).phase == "active"


def test_a_purge_takes_every_container_of_the_pod_away(running_pod, alice, olga, plane, work):
    for _ in range(2):
        plane.fail_task("destroy", "dataset is busy")
        operation = rebuild_pod(by=alice.actor, pod=fresh(running_pod))
        work.until_idle()
        assert ended(operation).state == State.NEEDS_ATTENTION
        attention.resolve(by=olga.actor, operation=operation, reason="it may stand there")
    assert len(plane.vmids()) == 3
    purge_pod(by=olga.actor, pod=fresh(running_pod), reason="all of it")
    work.until_idle()
    assert nothing_is_left(plane)


def test_a_stop_taken_back_does_not_let_a_suspended_pod_start_with_its_node(running_pod, alice, olga, plane, work):
    suspend_pod(by=olga.actor, pod=running_pod, reason="abuse")
    work.until_idle()
    plane.fail("status", 400, "made to fail")
    operation = stop_pod(by=alice.actor, pod=fresh(running_pod))
    work.until_idle()
    assert ended(operation).state == State.FAILED
    assert is_at(plane, running_pod) == ("stopped", 0)


def test_a_pod_that_was_never_whole_is_not_restored_as_if_it_had_been(create, alice, plane, work):
    plane.fail("config", 400, "made to fail")
    plane.fail_task("destroy", "busy")
    pod = pod_of(operation := create())
    work.until_idle()
    assert ended(operation).state == State.NEEDS_ATTENTION
    destroy_pod(by=alice.actor, pod=fresh(pod))
    work.until_idle()
    with pytest.raises(PodNeedsAttention, match="not whole"):
        restore_pod(by=alice.actor, pod=fresh(pod))
    assert fresh(pod).phase == "deleted"
