"""Moving a pod to another node: where it is afterwards, what is refused, and that it comes back when the rest fails."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from core.errors import Invalid
from operations import attention
from operations.cancelling import cancel
from operations.models import Lane, LanePlace, Operation
from pods.models import CloudPod
from pods.refusals import CannotMove, PodNeedsAttention, UnknownChoice
from pods.services import create_pod, move_pod, start_pod, take_snapshot
from tests.pods.changes import came_back, effects, is_on, refused, replace_by_stranger, rounds, writes
from tests.pods.conftest import ended, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("full_clones")]


# What it does


def test_a_running_pod_is_taken_down_moved_and_started_there(move, running_pod, other, plane, work):
    operation = move(reason="the node is to be mended")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_on(other, running_pod, plane, status="running")
    assert writes(plane) == ["shutdown", "migrate", "start"]
    assert fresh(running_pod).observed_node == other.name
    event = AuditEvent.objects.get(action="pod.move")
    assert (event.before, event.reason) == ({"node": running_pod.node.name}, "the node is to be mended")
    assert event.after["node"] == other.name
    assert not AuditEvent.objects.filter(action="pod.moved")  # nobody did it by hand


def test_a_stopped_pod_is_moved_and_stays_stopped(stopped_pod, world, plane, alice, work):
    other = next(node for name, node in world.nodes.items() if name != stopped_pod.node.name)
    operation = move_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_on(other, stopped_pod, plane, status="stopped")
    assert writes(plane) == ["migrate"]


def test_a_suspended_pod_is_moved_and_not_started(stopped_pod, plane, alice, work):
    CloudPod.objects.update(suspended_at="2026-01-01T00:00:00Z", suspended_reason="unpaid", desired_state="running")
    move_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert writes(plane) == ["migrate"]


def test_what_does_not_shut_down_in_time_is_stopped_hard(move, running_pod, other, plane, work):
    plane.fail_task("shutdown", "container did not stop")
    operation = move(timeout_s=5)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert writes(plane) == ["shutdown", "stop", "migrate", "start"]
    assert is_on(other, running_pod, plane, status="running")


def test_its_snapshots_go_along_on_zfs(move, running_pod, other, plane, alice, work):
    take_snapshot(by=alice.actor, pod=running_pod, name="before")
    work.until_idle()
    operation = move()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert set(plane.cts()[running_pod.vmid]["snapshots"]) == {"before"}
    assert is_on(other, running_pod, plane, status="running")


def test_it_can_be_moved_back(move, running_pod, plane, work):
    move()
    work.until_idle()
    operation = move()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_on(running_pod.node, running_pod, plane, status="running")


def test_a_second_request_for_the_same_is_the_first(move, other, work):
    first = move(other.name)
    assert move(other.name).pk == first.pk
    work.until_idle()
    assert ended(first).state == Operation.State.SUCCEEDED


@pytest.mark.parametrize("which", ["the node that it leaves", "the node that it comes to"])
def test_it_takes_its_turn_in_the_lanes_of_both_nodes(which, move, running_pod, other, plane, create, work):
    lane = other.io_lane if which == "the node that it comes to" else running_pod.node.io_lane
    somebody = create("somebody")
    work.until_idle()
    place = LanePlace.objects.create(
        lane=Lane.objects.update_or_create(name=lane, defaults={"capacity": 1})[0],
        operation=somebody,
        step="clone",
        asked_at=somebody.created_at,
        taken_at=somebody.created_at,
    )
    plane.clear_record()
    operation = move(timeout_s=0)
    rounds(work, plane, 3)
    operation.refresh_from_db()
    assert operation.waits_for == f"its turn in the lane {lane}"
    assert writes(plane) == ["stop"]
    place.delete()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


# What is refused


def test_a_linked_clone_cannot_leave_its_template(move, world):
    tier = world.tiers["clients-main"]
    tier.clone_mode = "linked"
    tier.save()
    assert "linked clone" in refused(move, CannotMove, action="pod.move", field=None)
    tier.shared = True
    tier.save()
    assert move()


def test_snapshots_that_cannot_leave_their_storage_are_named(move, running_pod, world, alice, work):
    take_snapshot(by=alice.actor, pod=running_pod, name="before")
    work.until_idle()
    tier = world.tiers["clients-main"]
    tier.storage_type = "lvmthin"
    tier.save()
    assert "snapshots" in refused(move, CannotMove, action="pod.move", field=None)
    tier.storage_type = "btrfs"
    tier.save()
    assert move()


@pytest.mark.parametrize("clones", ["full", "linked"])
def test_a_node_that_is_not_declared_is_unknown_whatever_the_pod_could_do(move, world, clones):
    tier = world.tiers["clients-main"]
    tier.clone_mode = clones
    tier.save()
    refused(lambda: move("pve-99"), UnknownChoice, action="pod.move", field="node")


def test_a_pod_is_not_moved_to_where_it_is(move, running_pod):
    said = refused(lambda: move(running_pod.node.name), CannotMove, action="pod.move", field="node")
    assert "there already" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"enabled": False}, "not enabled"),
        ({"written_off_at": "2026-01-01T00:00:00Z"}, "written off"),
        ({"memory_mib": 2047}, "2047 MiB of memory left"),
    ],
    ids=["disabled", "written off", "full"],
)
def test_a_node_that_cannot_take_it_is_refused_by_name_and_not_chosen(change, words, move, other):
    for name, value in change.items():
        setattr(other, name, value)
    other.save()
    assert words in refused(lambda: move(other.name), CannotMove, action="pod.move", field="node")
    assert "No other node" in refused(move, CannotMove, action="pod.move", field="node")


def test_a_node_without_its_storage_cannot_take_it(move, running_pod, other, world):
    world.tiers["clients-main"].nodes.set([running_pod.node])
    assert "does not have the storage" in refused(lambda: move(other.name), CannotMove, action="pod.move", field="node")
    world.tiers["clients-main"].nodes.set([running_pod.node, other])
    assert move(other.name)


def test_two_pods_are_not_both_moved_into_what_is_left(move, running_pod, other, create, alice, work):
    second = CloudPod.objects.get(pk=create("second").subject_id)
    work.until_idle()
    CloudPod.objects.filter(pk=second.pk).update(node=running_pod.node)
    other.memory_mib = 3000
    other.save()
    move()
    with pytest.raises(CannotMove) as caught:
        move_pod(by=alice.actor, pod=second, node=other.name)
    assert "952 MiB of memory left" in caught.value.message


def test_a_shutdown_takes_no_longer_than_ten_minutes(move):
    refused(lambda: move(timeout_s=601), Invalid, action="pod.move", field="timeout_s")


def test_a_pod_that_needs_a_person_is_not_moved(move):
    CloudPod.objects.update(phase="needs_attention")
    refused(move, PodNeedsAttention, action="pod.move", field=None)


# What goes wrong


@pytest.mark.parametrize("late", [False, True])
def test_a_move_that_fails_leaves_it_running_where_it_was(late, move, running_pod, plane, work):
    plane.fail_task("migrate", "copying failed", late=late)
    operation = move()
    work.until_idle()
    assert came_back(operation, running_pod, plane)
    assert operation.error_step == "migrate"
    assert writes(plane) == ["shutdown", "migrate", "start"]


def test_what_proxmox_does_not_move_says_why(move, running_pod, plane, work):
    plane.set_storage("clients-main", nodes=running_pod.node.name)
    operation = move()
    work.until_idle()
    assert came_back(operation, running_pod, plane)
    assert operation.error_step == "migrate"
    attempt = operation.steps.get(name="migrate").attempts.get(direction="do")
    assert "not available on node" in attempt.detail


def test_one_whose_task_failed_though_it_is_there_is_brought_back(move, running_pod, plane, work, monkeypatch):
    failed: list[str] = []

    def ok(task):
        if task.kind == "vzmigrate" and failed in ([], [task.upid]):
            failed[:] = [task.upid]
            return False
        return task.exit_status == "OK"

    monkeypatch.setattr("clusters.dataplane.port.Task.ok", property(ok))
    operation = move()
    work.until_idle()
    assert came_back(operation, running_pod, plane)
    assert writes(plane) == ["shutdown", "migrate", "migrate", "start"]


def test_one_that_does_not_start_there_is_brought_back_and_started(move, running_pod, plane, work):
    plane.fail_task("start", "startup for container failed")
    operation = move()
    work.until_idle()
    assert came_back(operation, running_pod, plane)
    assert operation.error_step == "start"
    assert writes(plane) == ["shutdown", "migrate", "start", "migrate", "start"]


def test_a_stopped_one_that_cannot_be_moved_stays_stopped(stopped_pod, plane, alice, work):
    plane.fail_task("migrate", "copying failed")
    operation = move_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert came_back(operation, stopped_pod, plane, status="stopped")
    assert writes(plane) == ["migrate"]


@pytest.mark.parametrize("tasks", [1, 2, 3], ids=["in its shutdown", "in its move", "in its start"])
def test_one_that_is_cancelled_is_where_it_was(tasks, move, running_pod, plane, alice, work):
    operation = move()
    rounds(work, plane, tasks - 1)
    plane.hold_tasks()
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert is_on(running_pod.node, running_pod, plane, status="running")


def test_a_move_back_whose_answer_was_lost_is_found_done(move, running_pod, plane, work, monkeypatch):
    plane.fail_task("start", "startup for container failed")
    operation = move()
    rounds(work, plane, 3)
    plane.lose_answer("migrate")
    work.until_idle()
    assert came_back(operation, running_pod, plane)
    assert effects(plane).count("migrate") == 2


def test_a_pod_that_can_be_neither_moved_nor_brought_back_needs_a_person(move, running_pod, other, plane, alice, work):
    plane.fail_task("start", "startup for container failed")
    operation = move()
    rounds(work, plane, 2)
    plane.fail_task("migrate", "copying failed")
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    assert fresh(running_pod).phase == CloudPod.Phase.NEEDS_ATTENTION
    attention.retry(by=alice.actor, operation=operation, reason="the network is back")
    work.until_idle()
    assert came_back(operation, running_pod, plane)


def test_one_that_a_person_has_seen_to_can_be_used_again(move, running_pod, plane, alice, work):
    plane.fail_task("start", "startup for container failed")
    operation = move()
    rounds(work, plane, 2)
    plane.fail_task("migrate", "copying failed")
    work.until_idle()
    attention.resolve(by=alice.actor, operation=operation, reason="it stays there")
    assert fresh(running_pod).phase == CloudPod.Phase.ACTIVE
    start_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    ct = plane.cts()[running_pod.vmid]
    assert (ct["status"], ct["node"]) == ("running", fresh(running_pod).node.name)


# Strangers and moves by hand


def test_a_strangers_container_is_left_alone(move, running_pod, plane, work):
    stranger = replace_by_stranger(plane, running_pod)
    operation = move()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert plane.cts()[running_pod.vmid] == stranger


@pytest.mark.parametrize("call", ["shutdown", "migrate", "start"])
def test_one_that_somebody_moves_there_by_hand_meanwhile_is_well(call, move, running_pod, other, plane, work):
    plane.move_before(call, running_pod.vmid, other.name)
    operation = move()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_on(other, running_pod, plane, status="running")


def test_a_pod_of_another_tenant_beside_it_is_not_touched(move, charlie, plane, work):
    theirs = create_pod(by=charlie.actor, tenant=charlie.tenant, hostname="web")
    work.until_idle()
    before = plane.cts()[CloudPod.objects.get(pk=theirs.subject_id).vmid]
    move()
    work.until_idle()
    assert plane.cts()[before["vmid"]] == before
