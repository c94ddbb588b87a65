"""Deleting snapshots: once, whatever gets lost; what is not ours stays; there is no way back."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operations import attention
from operations.cancelling import TooLateToCancel, cancel
from operations.models import Operation
from pods.models import Snapshot
from pods.refusals import NoSuchSnapshot
from pods.services import delete_snapshot, destroy_pod
from tests.pods.changes import by_hand, is_settled, kept, refused, replace_by_stranger, rows, writes
from tests.pods.conftest import ended

pytestmark = pytest.mark.django_db


@pytest.fixture
def delete(taken, running_pod, alice):
    """Ask for the end of that snapshot."""

    def ask(name="before", **options):
        return delete_snapshot(by=alice.actor, pod=running_pod, name=name, **options)

    return ask


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
    by_hand(take, running_pod, plane, work, monkeypatch)
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
