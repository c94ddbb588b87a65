"""Snapshots: taken and deleted once, whatever gets lost, and nothing half made is left. Back: test_rollback.py."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.errors import AnswerLost
from clusters.dataplane.proxmox import ProxmoxPlane
from core.errors import Invalid
from operations import attention
from operations.cancelling import cancel
from operations.models import Operation, OperationInProgress
from pods.models import CloudPod, Snapshot, SnapshotTaken
from pods.refusals import BadSnapshotName, PodNeedsAttention, TooManySnapshots
from pods.services import take_snapshot
from tests.pods.changes import (
    LOST,
    by_hand,
    effects,
    is_settled,
    its_time_is_over,
    kept,
    refused,
    replace_by_stranger,
    rows,
    writes,
)
from tests.pods.conftest import ended, fresh, is_at

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("which", ["running_pod", "stopped_pod"])
def test_a_snapshot_is_taken_of_a_pod_running_or_not(which, request, plane, alice, work):
    pod = request.getfixturevalue(which)
    before = is_at(plane, pod)
    plane.clear_record()
    operation = take_snapshot(by=alice.actor, pod=pod, name="before", description="v1", reason="an upgrade")
    assert rows() == {"before": "creating"}
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    row = Snapshot.objects.get()
    assert (row.state, row.description, row.tenant) == ("ready", "v1", pod.tenant)
    assert kept(plane, pod) == {"before": ""}
    assert plane.cts()[pod.vmid]["snapshots"]["before"]["description"].strip() == f"operation {operation.pk}"
    assert writes(plane) == ["snapshot"]
    assert is_at(plane, pod) == before
    event = AuditEvent.objects.get(action="pod.snapshot")
    assert (event.after, event.reason) == ({"name": "before", "description": "v1"}, "an upgrade")
    assert is_settled(pod)


def test_a_second_request_for_the_same_is_the_first(take, work):
    first = take()
    assert take().pk == first.pk
    with pytest.raises(OperationInProgress):
        take("other")
    work.until_idle()
    assert ended(first).state == Operation.State.SUCCEEDED
    assert rows() == {"before": "ready"}


def test_a_suspended_pod_can_have_one(stopped_pod, plane, alice, work):
    CloudPod.objects.update(suspended_at="2026-01-01T00:00:00Z", suspended_reason="unpaid", desired_state="running")
    take_snapshot(by=alice.actor, pod=stopped_pod, name="before")
    work.until_idle()
    assert rows() == {"before": "ready"}
    assert is_at(plane, stopped_pod)[0] == "stopped"


def test_two_pods_may_have_snapshots_of_one_name(taken, create, alice, work):
    other = CloudPod.objects.get(pk=create("other").subject_id)
    work.until_idle()
    take_snapshot(by=alice.actor, pod=other, name="before")
    work.until_idle()
    assert Snapshot.objects.filter(name="before", state="ready").count() == 2


@pytest.mark.parametrize("name", ["", "a", "current", "vzdump", "Before", "1st", "a b", "a" * 41, "be\n"])
def test_what_is_no_name_of_a_snapshot_is_refused(name, take):
    refused(lambda: take(name), BadSnapshotName, action="pod.snapshot", field="name")
    assert rows() == {}


def test_a_description_is_short(take):
    refused(lambda: take(description="x" * 201), Invalid, action="pod.snapshot", field="description")


def test_a_name_is_taken_once_a_pod(taken, take):
    refused(take, SnapshotTaken, action="pod.snapshot", field="name")
    assert Operation.objects.filter(kind="snapshot").count() == 1


def test_a_pod_has_ten_at_most(taken, take, running_pod):
    for number in range(9):
        Snapshot.objects.create(
            tenant=running_pod.tenant, pod=running_pod, name=f"s{number}", created_at=taken.created_at
        )
    assert "delete one first" in refused(
        lambda: take("eleventh"), TooManySnapshots, action="pod.snapshot", field="name"
    )


def test_a_pod_that_needs_a_person_gets_none(take, running_pod):
    CloudPod.objects.update(phase="needs_attention")
    refused(take, PodNeedsAttention, action="pod.snapshot", field=None)


def nothing_was_taken(operation, pod, plane):
    assert ended(operation).state == Operation.State.FAILED
    assert (rows(), kept(plane, pod)) == ({}, {})
    assert is_at(plane, pod) == ("running", 1)
    assert is_settled(pod)
    return True


@pytest.mark.parametrize("late", [False, True])
def test_a_snapshot_that_fails_leaves_nothing(late, take, running_pod, plane, work):
    plane.fail_task("snapshot", "zfs error: out of space", late=late)
    operation = take()
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)
    assert (operation.error_step, operation.error_code) == ("take", "storage_full")


def test_one_whose_task_failed_though_it_is_there_is_taken_away(take, running_pod, plane, work, monkeypatch):
    monkeypatch.setattr("clusters.dataplane.port.Task.ok", property(lambda task: task.kind != "vzsnapshot"))
    operation = take()
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)
    assert effects(plane) == ["snapshot", "delete_snapshot"]


def test_a_storage_without_snapshots_is_told(take, running_pod, plane, work):
    plane.edit_ct(running_pod.vmid, rootfs="local:9100/vm-9100-disk-0.raw,size=8G")
    operation = take()
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)
    assert operation.error_code == "snapshot_impossible"


def test_one_of_that_name_made_by_hand_is_left_alone(running_pod, plane, alice, work, take, monkeypatch):
    """Also one that is made between our look and our request."""
    by_hand(take, running_pod, plane, work, monkeypatch)
    for seen in (True, False):
        with monkeypatch.context() as patch:
            if not seen:
                patch.setattr(ProxmoxPlane, "snapshots", lambda *_: [])
            operation = take()
            work.until_idle()
        assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "snapshot_taken")
        assert kept(plane, running_pod) == {"before": ""}
        assert rows() == {}


def test_a_strangers_container_is_left_alone(take, running_pod, plane, work):
    stranger = replace_by_stranger(plane, running_pod)
    operation = take()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert plane.cts()[running_pod.vmid] == stranger
    assert rows() == {}


def test_one_that_is_cancelled_is_taken_away(take, running_pod, plane, alice, work):
    plane.hold_tasks()
    operation = take()
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert (rows(), kept(plane, running_pod)) == ({}, {})


@pytest.mark.parametrize("call", ["config_get", "snapshots", "snapshot"])
def test_a_lost_answer_does_not_make_two(call, take, running_pod, plane, work):
    plane.lose_answer(call)
    operation = take()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert (rows(), kept(plane, running_pod)) == ({"before": "ready"}, {"before": ""})
    assert writes(plane) == ["snapshot"]


def test_one_whose_answer_was_lost_and_that_is_still_being_taken_is_waited_for(take, plane, work):
    plane.hold_tasks()
    plane.lose_answer("snapshot")
    operation = take()
    work.drive_due()
    work.pass_time(seconds=3)
    assert work.drive(operation) == "parked"
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert writes(plane) == ["snapshot"]


def test_a_request_that_never_arrived_is_made_again_after_a_minute(take, plane, work):
    plane.fail("snapshot", status=596, message=LOST)
    operation = take()
    work.drive_due()
    work.pass_time(seconds=10)
    work.drive_due()
    assert len(plane.record("snapshot")) == 1
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert effects(plane) == ["snapshot"]


def test_one_that_comes_late_does_not_outlive_the_undo(take, running_pod, plane, work, monkeypatch):
    under_way = []
    real = ProxmoxPlane.take_snapshot

    def lost(*call, **options):
        under_way.append((call, options))
        raise AnswerLost("no answer came in time")

    operation = take()
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "take_snapshot", lost)
        work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    (asked, *what), options = under_way[0]
    real(ProxmoxPlane(asked.access), *what, **options)
    assert kept(plane, running_pod) == {"before": ""}
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)


def test_one_whose_time_is_over_while_it_is_taken_is_taken_away(take, running_pod, plane, work):
    plane.hold_tasks()
    operation = take()
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=70)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, "still runs" in operation.waits_for) == ("undo", True)
    plane.release_tasks()
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)


def test_a_lost_answer_to_its_removal_does_not_keep_it(take, running_pod, plane, work, monkeypatch):
    monkeypatch.setattr("clusters.dataplane.port.Task.ok", property(lambda task: task.kind != "vzsnapshot"))
    plane.lose_answer("delete_snapshot")
    operation = take()
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)
    assert writes(plane) == ["snapshot", "delete_snapshot"]


def test_one_that_was_killed_half_way_asks_for_a_person_who_can_end_it(take, running_pod, plane, alice, work):
    """Only an administrator can take its lock away."""
    plane.hold_tasks()
    operation = take()
    work.drive_due()
    plane.kill_tasks()
    plane.wait_idle()
    for _ in range(8):
        work.pass_time(minutes=5)
        work.tick()
        work.drive_due()
        plane.wait_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    assert rows() == {"before": "creating"}
    assert fresh(running_pod).phase == CloudPod.Phase.ACTIVE
    plane.set_lock(running_pod.vmid, None)
    attention.retry(by=alice.actor, operation=operation, reason="pct unlock was typed")
    work.until_idle()
    assert nothing_was_taken(operation, running_pod, plane)


def test_one_that_a_person_has_seen_to_is_forgotten(take, running_pod, plane, alice, work):
    operation = take()
    Operation.objects.filter(pk=operation.pk).update(state="needs_attention")
    attention.resolve(by=alice.actor, operation=operation, reason="deleted by hand")
    assert rows() == {}
