"""Snapshots: taken and deleted once, whatever gets lost, and nothing half made is left. Back: test_rollback.py."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.errors import AnswerLost
from clusters.dataplane.proxmox import ProxmoxPlane
from core.errors import Invalid
from operations import attention
from operations.cancelling import TooLateToCancel, cancel
from operations.models import Operation, OperationInProgress
from pods.models import CloudPod, Snapshot, SnapshotTaken
from pods.refusals import BadSnapshotName, NoSuchSnapshot, PodNeedsAttention, TooManySnapshots
from pods.services import delete_snapshot, destroy_pod, take_snapshot
from tests.pods.changes import LOST, effects, is_settled, its_time_is_over, refused, replace_by_stranger, writes
from tests.pods.conftest import ended, fresh, is_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(running_pod, plane, alice):
    """Ask for a snapshot of the running pod."""
    plane.clear_record()

    def ask(name="before", **options):
        return take_snapshot(by=alice.actor, pod=running_pod, name=name, **options)

    return ask


@pytest.fixture
def taken(take, plane, work):
    """The running pod has a snapshot."""
    operation = take()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    plane.clear_record()
    return Snapshot.objects.get()


@pytest.fixture
def delete(taken, running_pod, alice):
    """Ask for the end of that snapshot."""

    def ask(name="before", **options):
        return delete_snapshot(by=alice.actor, pod=running_pod, name=name, **options)

    return ask


def kept(plane, pod):
    """Name and state of what Proxmox has."""
    return {name: snapshot["state"] for name, snapshot in plane.cts()[pod.vmid]["snapshots"].items()}


def rows():
    return dict(Snapshot.objects.values_list("name", "state"))


# Taking one


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
    by_hand(plane, running_pod, monkeypatch, work, take)
    for seen in (True, False):
        with monkeypatch.context() as patch:
            if not seen:
                patch.setattr(ProxmoxPlane, "snapshots", lambda *_: [])
            operation = take()
            work.until_idle()
        assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "snapshot_taken")
        assert kept(plane, running_pod) == {"before": ""}
        assert rows() == {}


def by_hand(plane, pod, monkeypatch, work, take, name="before"):
    """Somebody takes a snapshot of the pod's container without us."""
    with monkeypatch.context() as patch:
        patch.setattr("pods.kinds.snapshots.mark_of", lambda _: "my own")
        take(name)
        work.until_idle()
    Snapshot.objects.all().delete()
    assert kept(plane, pod) == {name: ""}


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


# Deleting one


def test_a_deleted_snapshot_is_gone(delete, running_pod, plane, work):
    operation = delete(reason="the upgrade went well")
    assert rows() == {"before": "deleting"}
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert (rows(), kept(plane, running_pod)) == ({}, {})
    assert writes(plane) == ["delete_snapshot"]
    assert AuditEvent.objects.get(action="pod.delete_snapshot").reason == "the upgrade went well"
    assert is_settled(running_pod)


def test_one_that_is_gone_already_is_well(delete, running_pod, plane, work):
    delete()
    work.until_idle()
    Snapshot.objects.create(
        tenant=running_pod.tenant, pod=running_pod, name="before", state="ready", created_at="2026-01-01T00:00:00Z"
    )
    plane.clear_record()
    operation = delete()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert (rows(), writes(plane)) == ({}, [])


def test_a_second_request_to_delete_it_is_the_first(delete, work):
    first = delete()
    assert delete().pk == first.pk
    work.until_idle()
    assert ended(first).state == Operation.State.SUCCEEDED


def test_one_that_there_is_not_cannot_be_deleted(delete):
    refused(lambda: delete("other"), NoSuchSnapshot, action="pod.delete_snapshot", field="name")
    Snapshot.objects.update(state="creating")
    refused(delete, NoSuchSnapshot, action="pod.delete_snapshot", field="name")


@pytest.mark.parametrize("call", ["config_get", "snapshots", "delete_snapshot"])
def test_a_lost_answer_does_not_keep_it(call, delete, running_pod, plane, work):
    plane.lose_answer(call)
    operation = delete()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert (rows(), kept(plane, running_pod)) == ({}, {})
    assert writes(plane) == ["delete_snapshot"]


def test_a_removal_whose_answer_was_lost_and_that_still_runs_is_waited_for(delete, plane, work):
    plane.hold_tasks()
    plane.lose_answer("delete_snapshot")
    operation = delete()
    work.drive_due()
    work.pass_time(seconds=3)
    assert work.drive(operation) == "parked"
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert writes(plane) == ["delete_snapshot"]


def test_what_is_refused_before_it_began_leaves_it(delete, running_pod, plane, work):
    plane.fail("snapshots", status=403, message="Permission check failed (/vms/9100, VM.Audit)")
    operation = delete()
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert (rows(), kept(plane, running_pod)) == ({"before": "ready"}, {"before": ""})
    assert is_settled(running_pod)


def test_a_removal_that_fails_asks_for_a_person_and_can_be_asked_for_again(delete, running_pod, plane, alice, work):
    plane.fail_task("delete_snapshot", "zfs error: dataset is busy")
    operation = delete()
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    assert rows() == {"before": "deleting"}
    again = delete()
    work.until_idle()
    assert ended(again).state == Operation.State.SUCCEEDED
    assert (rows(), kept(plane, running_pod)) == ({}, {})


def test_one_that_a_person_has_seen_to_can_be_deleted_again(delete, alice, plane, work):
    plane.fail_task("delete_snapshot", "zfs error: dataset is busy")
    operation = delete()
    work.until_idle()
    attention.resolve(by=alice.actor, operation=operation, reason="looked at")
    assert rows() == {"before": "ready"}


def test_once_it_has_begun_there_is_no_way_back(delete, plane, alice, work):
    plane.hold_tasks()
    operation = delete()
    work.drive_due()
    with pytest.raises(TooLateToCancel):
        cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_one_of_that_name_made_by_hand_is_not_deleted(take, running_pod, plane, alice, work, monkeypatch):
    by_hand(plane, running_pod, monkeypatch, work, take)
    Snapshot.objects.create(
        tenant=running_pod.tenant, pod=running_pod, name="before", state="ready", created_at="2026-01-01T00:00:00Z"
    )
    operation = delete_snapshot(by=alice.actor, pod=running_pod, name="before")
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert (rows(), kept(plane, running_pod)) == ({"before": "ready"}, {"before": ""})


def test_a_strangers_snapshot_at_our_vmid_is_left_alone(delete, running_pod, plane, work):
    stranger = replace_by_stranger(plane, running_pod)
    operation = delete()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert plane.cts()[running_pod.vmid] == stranger
    assert rows() == {"before": "ready"}


def test_a_destroyed_pod_keeps_its_snapshots_until_its_purge(taken, running_pod, alice, work):
    destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert rows() == {"before": "ready"}
