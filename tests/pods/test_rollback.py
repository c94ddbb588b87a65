"""Going back to a snapshot: what comes back and what does not, and that nothing is lost before it has begun."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.errors import AnswerLost
from clusters.dataplane.proxmox import ProxmoxPlane
from clusters.models import Cluster
from core.errors import Invalid
from operations import attention
from operations.cancelling import TooLateToCancel, cancel
from operations.models import Operation
from pods.models import CloudPod, Snapshot
from pods.refusals import NoSuchSnapshot, PodNeedsAttention, SnapshotNotNewest
from pods.services import (
    Size,
    delete_snapshot,
    rename_pod,
    replace_ssh_keys,
    resize_pod,
    roll_back,
    start_pod,
    stop_pod,
    take_snapshot,
)
from tests.pods.changes import (
    LOST,
    config_of,
    disk_of,
    effects,
    is_settled,
    its_time_is_over,
    refused,
    replace_by_stranger,
    rounds,
    writes,
)
from tests.pods.conftest import ended, fresh, is_at
from tests.pods.keys import ed25519_key, keys_for_next_boot

pytestmark = pytest.mark.django_db


@pytest.fixture
def pod(running_pod, plane, alice, work):
    """It runs, and has a snapshot."""
    take_snapshot(by=alice.actor, pod=running_pod, name="before")
    work.until_idle()
    assert Snapshot.objects.get().state == "ready"
    plane.clear_record()
    return fresh(running_pod)


@pytest.fixture
def back(pod, alice):
    def ask(name="before", **options):
        return roll_back(by=alice.actor, pod=pod, name=name, **options)

    return ask


def went_back(operation, pod, plane, *, status="running"):
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, pod) == (status, int(status == "running"))
    assert fresh(pod).last_seen_state == status
    assert effects(plane).count("rollback") == 1
    assert dict(Snapshot.objects.values_list("name", "state")) == {"before": "ready"}
    assert is_settled(pod)
    return True


def nothing_went_back(operation, pod, plane, *, status="running"):
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, pod) == (status, int(status == "running"))
    assert "rollback" not in effects(plane)
    assert is_settled(pod)
    return True


# What it does


def test_a_running_pod_is_taken_down_taken_back_and_started(back, pod, plane, work):
    operation = back(reason="the upgrade failed")
    work.until_idle()
    assert went_back(operation, pod, plane)
    assert writes(plane) == ["shutdown", "rollback", "config", "firewall", "start"]
    event = AuditEvent.objects.get(action="pod.rollback")
    assert (event.after["name"], event.reason) == ("before", "the upgrade failed")


def test_a_stopped_pod_stays_stopped(back, pod, plane, alice, work):
    stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    plane.clear_record()
    operation = back()
    work.until_idle()
    assert went_back(operation, pod, plane, status="stopped")
    assert writes(plane) == ["rollback", "config", "firewall"]


def test_a_suspended_pod_is_not_started_nor_does_it_start_with_its_node(back, pod, plane, work):
    CloudPod.objects.update(suspended_at="2026-01-01T00:00:00Z", suspended_reason="unpaid")
    plane.edit_ct(pod.vmid, status="stopped", onboot=0)
    operation = back()
    work.until_idle()
    assert went_back(operation, pod, plane, status="stopped")


def test_what_the_pod_is_by_now_is_written_over_what_it_was_then(back, pod, plane, alice, work):
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    key = ed25519_key()
    before = config_of(plane, pod)
    resize_pod(by=alice.actor, pod=pod, size=Size(cores=4, memory_mib=4096, disk_gib=20))
    work.until_idle()
    rename_pod(by=alice.actor, pod=pod, hostname="shop")
    work.until_idle()
    replace_ssh_keys(by=alice.actor, pod=pod, keys=[key])
    work.until_idle()
    now = config_of(plane, pod)
    CloudPod.objects.update(pending=["env"])
    plane.clear_record()
    operation = back()
    work.until_idle()
    assert went_back(operation, pod, plane)
    config = config_of(plane, pod)
    for key_of in ("cores", "memory", "swap", "hostname", "net0", "tags", "description", "onboot"):
        assert config[key_of] == now[key_of], key_of
    assert (before["cores"], before["hostname"]) == (2, "web")  # as the snapshot has it
    assert keys_for_next_boot(plane, pod) == [key]
    assert disk_of(plane, pod) == "20G"
    assert effects(plane) == ["shutdown", "rollback", "resize", "start"]
    assert plane.cts()[pod.vmid]["firewall"]["enable"] == 1
    assert fresh(pod).pending == []


def test_it_can_be_done_again(back, pod, plane, work):
    back()
    work.until_idle()
    plane.clear_record()
    operation = back()
    work.until_idle()
    assert went_back(operation, pod, plane)


def test_a_second_request_for_the_same_is_the_first(back, work):
    first = back()
    assert back().pk == first.pk
    work.until_idle()
    assert ended(first).state == Operation.State.SUCCEEDED


# What is refused


@pytest.fixture
def newer(pod, alice, work):
    """Two more snapshots, taken later."""
    for name in ("second", "third"):
        take_snapshot(by=alice.actor, pod=pod, name=name)
        work.until_idle()
    return pod


def test_zfs_goes_back_to_the_newest_only_and_the_others_are_named(newer, back, alice, work):
    said = refused(back, SnapshotNotNewest, action="pod.rollback", field="name")
    assert said.endswith("first delete second, third.")
    for name in ("third", "second"):
        delete_snapshot(by=alice.actor, pod=newer, name=name)
        work.until_idle()
    assert back()


def test_other_storages_go_back_to_any(newer, back, world, plane):
    tier = world.tiers["clients-main"]
    tier.storage_type = "lvmthin"
    tier.save()
    assert back()


def test_a_newer_one_made_by_hand_is_told_by_proxmox_and_the_pod_runs_on(newer, back, pod, plane, work):
    Snapshot.objects.filter(name__in=("second", "third")).delete()
    plane.clear_record()
    operation = back()
    work.until_idle()
    assert nothing_went_back(operation, pod, plane)
    assert (operation.error_step, operation.error_code) == ("rollback", "snapshot_not_newest")


def test_one_that_is_not_there_or_not_complete_is_refused(back):
    refused(lambda: back("other"), NoSuchSnapshot, action="pod.rollback", field="name")
    for state in ("creating", "deleting"):
        Snapshot.objects.update(state=state)
        refused(back, NoSuchSnapshot, action="pod.rollback", field="name")


def test_a_shutdown_takes_no_longer_than_ten_minutes(back):
    refused(lambda: back(timeout_s=-1), Invalid, action="pod.rollback", field="timeout_s")


def test_a_pod_that_needs_a_person_is_left_to_that_person(back):
    CloudPod.objects.update(phase="needs_attention")
    refused(back, PodNeedsAttention, action="pod.rollback", field=None)


# What goes wrong before it has begun


def test_a_pod_that_cannot_be_stopped_runs_on(back, pod, plane, work):
    plane.fail_task("shutdown", "container did not stop")
    plane.fail_task("stop", "lxc-stop failed")
    operation = back()
    work.until_idle()
    assert nothing_went_back(operation, pod, plane)


def test_a_request_that_is_refused_lets_it_run_again(back, pod, plane, work):
    plane.fail("rollback", status=403, message="Permission check failed (/vms/9100, VM.Snapshot)")
    operation = back()
    work.until_idle()
    assert nothing_went_back(operation, pod, plane)
    assert writes(plane) == ["shutdown", "rollback", "start"]


def test_one_that_somebody_deleted_by_hand_lets_it_run_again(back, pod, plane, work, monkeypatch):
    monkeypatch.setattr(ProxmoxPlane, "snapshots", lambda *_: [])
    operation = back()
    work.until_idle()
    assert nothing_went_back(operation, pod, plane)
    assert operation.error_code == "not_found"


def test_one_that_is_cancelled_before_it_began_runs_on(back, pod, plane, alice, work):
    plane.hold_tasks()
    operation = back()
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert is_at(plane, pod) == ("running", 1)


def test_a_strangers_container_is_left_alone(back, pod, plane, work):
    stranger = replace_by_stranger(plane, pod)
    operation = back()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert plane.cts()[pod.vmid] == stranger


def test_a_stranger_that_comes_after_the_stop_is_left_alone(back, pod, plane, work):
    operation = back()
    rounds(work, plane, 1)
    stranger = replace_by_stranger(plane, pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert plane.cts()[pod.vmid] == stranger


# What goes wrong once it has begun


def test_once_it_has_begun_there_is_no_way_back(back, plane, alice, work):
    operation = back()
    rounds(work, plane, 1)
    plane.hold_tasks()
    work.drive_due()
    with pytest.raises(TooLateToCancel):
        cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


@pytest.mark.parametrize(("call", "step"), [("rollback", "rollback"), ("resize", "grow")])
def test_a_task_that_fails_then_asks_for_a_person_who_lets_it_go_on(call, step, back, pod, plane, alice, work):
    if call == "resize":
        resize_pod(by=alice.actor, pod=pod, size=Size(disk_gib=20))
        work.until_idle()
        plane.clear_record()
    plane.fail_task(call, "zfs error: dataset is busy")
    operation = back()
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.NEEDS_ATTENTION, step)
    assert fresh(pod).phase == CloudPod.Phase.NEEDS_ATTENTION
    attention.retry(by=alice.actor, operation=operation, reason="the storage was mended")
    work.until_idle()
    assert went_back(operation, pod, plane)


def test_one_that_a_person_has_seen_to_can_be_used_again(back, pod, plane, alice, work):
    plane.fail_task("rollback", "zfs error: dataset is busy")
    operation = back()
    work.until_idle()
    attention.resolve(by=alice.actor, operation=operation, reason="done by hand")
    assert fresh(pod).phase == CloudPod.Phase.ACTIVE


def test_one_that_does_not_start_afterwards_is_its_owners_to_start(back, pod, plane, alice, work):
    plane.fail_task("start", "startup for container failed")
    operation = back()
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.NEEDS_ATTENTION, "start")
    assert fresh(pod).phase == CloudPod.Phase.ACTIVE
    start_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert is_at(plane, pod) == ("running", 1)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "call", ["config_get", "status", "shutdown", "snapshots", "rollback", "config", "firewall", "start"]
)
def test_a_lost_answer_does_not_take_it_back_twice(call, back, pod, plane, work):
    plane.lose_answer(call)
    operation = back()
    work.until_idle()
    assert went_back(operation, pod, plane)
    assert len(plane.record("rollback")) == 1


def test_a_growth_whose_answer_was_lost_is_seen_by_the_size(back, pod, plane, alice, work):
    resize_pod(by=alice.actor, pod=pod, size=Size(disk_gib=20))
    work.until_idle()
    plane.clear_record()
    plane.lose_answer("resize")
    operation = back()
    work.until_idle()
    assert went_back(operation, pod, plane)
    assert len(plane.record("resize")) == 1


def test_one_whose_answer_was_lost_and_that_still_runs_is_waited_for(back, pod, plane, work):
    operation = back()
    rounds(work, plane, 1)
    plane.hold_tasks()
    plane.lose_answer("rollback")
    work.drive_due()
    work.pass_time(seconds=3)
    assert work.drive(operation) == "parked"
    plane.release_tasks()
    work.until_idle()
    assert went_back(operation, pod, plane)
    assert len(plane.record("rollback")) == 1


def test_one_whose_answer_was_lost_and_that_failed_is_no_success(back, pod, plane, work):
    plane.lose_answer("rollback")
    plane.fail_task("rollback", "zfs error: dataset is busy")
    operation = back()
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.NEEDS_ATTENTION, "rollback")
    assert len(plane.record("rollback")) == 1


def test_a_rollback_of_an_earlier_operation_is_not_taken_for_this_ones(back, pod, plane, work):
    """Its request did not arrive; the task of the one before ended a moment ago, its answer lost too."""
    plane.lose_answer("rollback")
    first = back()
    work.until_idle()
    assert went_back(first, pod, plane)
    plane.clear_record()
    plane.fail("rollback", status=596, message=LOST)
    second = back()
    work.until_idle()
    assert went_back(second, pod, plane)
    assert len(plane.record("rollback")) == 2


def test_a_request_that_may_still_arrive_is_waited_for_and_then_made_again(back, pod, plane, work):
    plane.fail("rollback", status=596, message=LOST)
    operation = back()
    rounds(work, plane, 2)
    work.pass_time(seconds=10)
    work.drive_due()
    operation.refresh_from_db()
    assert "may still arrive" in operation.waits_for
    assert len(plane.record("rollback")) == 1
    work.until_idle()
    assert went_back(operation, pod, plane)


def test_one_that_was_asked_for_and_may_have_been_done_is_not_undone(back, pod, plane, work, monkeypatch):
    def lost(*_, **__):
        raise AnswerLost("no answer came in time")

    operation = back()
    rounds(work, plane, 1)
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "roll_back", lost)
        work.drive_due()
    its_time_is_over(operation)
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    assert is_at(plane, pod) == ("stopped", 1)
