"""Proxmox's moods: what an operation makes of each, and what a person is told. docs/moods.md says the same in words."""

from __future__ import annotations

import pytest

from clusters.findings import open_findings
from clusters.models import Finding
from core.errors import Refused
from operations.cancelling import cancel
from operations.freezing import Frozen
from operations.models import Attempt, Freeze, Operation
from pods.models import CloudPod
from pods.services import start_pod, stop_pod
from tests.pods.conftest import ended, fresh, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db


def found():
    return sorted(open_findings().values_list("code", "about"))


def what_to_do(code):
    return open_findings().get(code=code).what_to_do


def is_over(code):
    return Finding.objects.get(code=code).closed_at is not None


def on_one_node(world, gone="pve-02"):
    world.nodes[gone].enabled = False
    world.nodes[gone].save()


# A cluster that lets us in no longer


def test_a_refused_token_is_met_once_and_all_else_on_the_cluster_stands_still(create, plane, work):
    for name in ("one", "two", "three"):
        create(name)
    plane.refuse_token()
    work.until_idle()
    assert found() == [("token_refused", "the cluster")]
    assert set(Operation.objects.values_list("state", flat=True)) == {"waiting"}
    assert len(plane.record()) == 1
    assert plane.ready.token_secret not in str(list(Attempt.objects.values("error_message", "detail")))


def test_while_the_token_is_refused_new_work_is_refused_for_now(create, plane, work):
    create("one")
    plane.refuse_token()
    work.until_idle()
    with pytest.raises(Frozen, match="token_refused") as refused:
        create("two")
    assert refused.value.status == 503
    assert refused.value.retry_after_s


def test_when_the_token_is_good_again_everything_goes_on_within_a_minute(create, plane, work):
    operation = create()
    plane.refuse_token()
    work.until_idle()
    work.observe()
    assert Freeze.objects.get().ended_at is None
    plane.refuse_token(False)
    work.observe()
    assert is_over("token_refused")
    assert Freeze.objects.get().ended_at is not None
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_the_time_that_a_refused_token_costs_is_not_the_operation_s(create, plane, work):
    operation = create()
    plane.refuse_token()
    work.until_idle()
    work.pass_time(hours=5)
    work.until_idle()
    assert Operation.objects.get().is_live
    plane.refuse_token(False)
    work.observe()
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_refused_token_does_not_end_what_waits_for_a_task_either(create, plane, work):
    """The tick meets it; nobody is asked again, and a deadline that passes meanwhile does not count."""
    operation = create()
    work.drive_due()
    plane.wait_idle()
    assert Operation.objects.get().state == "parked"
    plane.refuse_token()
    work.tick()
    assert found() == [("token_refused", "the cluster")]
    plane.clear_record()
    for _ in range(3):
        work.tick()
    assert plane.record() == []
    work.pass_time(hours=2)
    work.drive_due()
    assert Operation.objects.get().state == "parked"
    plane.refuse_token(False)
    work.observe()
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_the_minute_s_look_finds_a_refused_token_when_nothing_is_being_done(world, plane, work):
    plane.refuse_token()
    work.observe()
    assert found() == [("token_refused", "the cluster")]
    assert Freeze.objects.get().place == world.cluster.place


def test_what_waits_for_a_token_can_be_cancelled_and_is_undone_when_it_is_good_again(create, plane, work, olga):
    operation = create()
    plane.refuse_token()
    work.until_idle()
    cancel(by=olga.actor, operation=operation)
    work.until_idle()
    plane.refuse_token(False)
    work.observe()
    work.until_idle()
    assert ended(operation).state == "cancelled"
    assert nothing_is_left(plane)


def test_a_certificate_that_is_not_trusted_halts_the_cluster_and_nothing_is_sent(create, plane, work, world):
    ca_file = world.cluster.ca_file
    world.cluster.ca_file, world.cluster.fingerprint = "", "ab" * 32
    world.cluster.save()
    operation = create()
    work.until_idle()
    assert found() == [("certificate_not_trusted", "the cluster")]
    assert plane.record() == []
    world.cluster.ca_file, world.cluster.fingerprint = ca_file, ""
    world.cluster.save()
    work.observe()
    work.until_idle()
    assert ended(operation).state == "succeeded"
    assert found() == []


# Locks


@pytest.fixture
def locked_pod(stopped_pod, plane, alice, work):
    """Somebody's backup was killed on the node: its lock is left. A start waits for it."""
    plane.set_lock(stopped_pod.vmid, "backup")
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    for _ in range(3):
        work.drive_due()
        work.tick()
        work.pass_time(seconds=3)
    return operation


def test_a_stuck_lock_is_found_by_two_looks_and_its_end_lets_the_operation_go_on(locked_pod, stopped_pod, plane, work):
    work.observe()
    assert found() == []
    work.observe()
    assert found() == [("stuck_lock", f"CT {stopped_pod.vmid}")]
    assert f"On node {stopped_pod.node}, type: pct unlock {stopped_pod.vmid}" in what_to_do("stuck_lock")
    assert Operation.objects.get(pk=locked_pod.pk).is_live
    plane.set_lock(stopped_pod.vmid, None)
    work.until_idle()
    assert ended(locked_pod).state == "succeeded"
    work.observe()
    assert is_over("stuck_lock")


def test_a_stuck_lock_that_nobody_takes_away_ends_the_operation_at_its_deadline(locked_pod, stopped_pod, work):
    work.until_idle()
    assert ended(locked_pod).state == "failed"
    assert "locked (backup)" in locked_pod.error_message


def test_a_lock_that_a_task_holds_is_never_called_stuck(running_pod, plane, alice, work):
    plane.hold_tasks()
    operation = stop_pod(by=alice.actor, pod=running_pod)
    work.drive_due()
    plane.set_lock(running_pod.vmid, "backup")  # by whom is not known, but a task works on it
    for _ in range(3):
        work.observe()
    assert found() == []
    plane.set_lock(running_pod.vmid, None)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_container_that_is_being_cloned_is_not_called_stuck(create, plane, work):
    plane.hold_tasks()
    operation = create()
    work.drive_due()
    for _ in range(3):
        work.observe()
    assert found() == []
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_template_copy_with_a_stuck_lock_is_taken_out_of_placement_until_it_is_free(create, plane, work, world):
    plane.set_lock(9000, "disk")
    work.observe()
    work.observe()
    assert found() == [("template_locked", "CT 9000")]
    assert "type: pct unlock 9000" in what_to_do("template_locked")
    operations = [create(name) for name in ("one", "two", "three")]
    assert {pod_of(operation).node.name for operation in operations} == {"pve-02"}
    plane.set_lock(9000, None)
    work.observe()
    assert is_over("template_locked")
    assert pod_of(create("four")).node.name == "pve"


def test_with_every_template_copy_stuck_there_is_no_capacity(create, plane, work):
    for vmid in (9000, 9001):
        plane.set_lock(vmid, "disk")
    work.observe()
    work.observe()
    with pytest.raises(Refused, match="can be cloned"):
        create()


def test_a_killed_clone_is_found_with_both_commands_and_undone_when_it_is_unlocked(create, plane, work, world):
    on_one_node(world)
    plane.hold_tasks()
    operation = create()
    work.drive_due()
    plane.kill_tasks()
    plane.wait_idle()
    for _ in range(4):
        work.tick()
        work.drive_due()
        work.pass_time(seconds=5)
    assert found() == [("stuck_lock", "CT 9100")]
    assert "pct unlock 9100; pct unlock 9000" in what_to_do("stuck_lock")
    assert Operation.objects.get().is_live
    plane.set_lock(9100, None)
    plane.set_lock(9000, None)
    work.until_idle()
    assert ended(operation).state == "failed"
    assert nothing_is_left(plane)
    assert is_over("stuck_lock")


# Nodes, quorum, storages


def test_a_cluster_without_a_quorum_is_waited_for(create, plane, work):
    operation = create()
    plane.set_quorum(False)
    work.drive_due()
    assert found() == [("no_quorum", "the cluster")]
    work.observe()
    assert found() == [("no_quorum", "the cluster")]
    plane.set_quorum(True)
    work.until_idle()
    assert ended(operation).state == "succeeded"
    work.observe()
    assert is_over("no_quorum")


def test_a_node_that_is_offline_in_two_looks_is_found_and_waited_for(stopped_pod, plane, alice, work):
    plane.node_offline(stopped_pod.node.name)
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    work.drive_due()
    work.observe()
    assert found() == []
    work.observe()
    assert found() == [("node_offline", f"node {stopped_pod.node}")]
    assert f"manage.py node write-off --reason WHY pve-a/{stopped_pod.node}" in what_to_do("node_offline")
    plane.node_offline(stopped_pod.node.name, offline=False)
    work.until_idle()
    assert ended(operation).state == "succeeded"
    work.observe()
    assert is_over("node_offline")


def test_a_full_storage_fails_the_create_and_both_say_which_it_is(create, plane, work, world):
    on_one_node(world)
    plane.fill_storage("clients-main")
    operation = create()
    work.until_idle()
    failed = ended(operation)
    assert (failed.state, failed.error_code) == ("failed", "storage_full")
    assert "storage clients-main on node pve" in failed.error_message
    assert nothing_is_left(plane)
    assert found() == [("storage_full", "storage clients-main on node pve")]
    work.observe()
    assert found()
    plane.fill_storage("clients-main", False)
    for _ in range(11):
        work.observe()
    assert is_over("storage_full")


# Tasks


def test_a_task_that_warns_is_a_success_and_its_words_are_kept(create, plane, work):
    plane.warn_task("start")
    operation = create()
    work.until_idle()
    assert ended(operation).state == "succeeded"
    attempt = Attempt.objects.get(step__name="start", result="done")
    assert attempt.detail.startswith("WARNINGS: 1\n")
    assert "made to warn" in attempt.detail


def test_a_task_that_fails_is_undone_with_its_words(create, plane, work):
    plane.fail_task("start", "startup for container failed")
    operation = create()
    work.until_idle()
    failed = ended(operation)
    assert (failed.state, failed.error_code) == ("failed", "task_failed")
    assert "startup for container failed" in failed.error_message
    assert nothing_is_left(plane)


# Strangers, and what was moved by hand


def test_a_stranger_at_our_vmid_fails_the_create_and_keeps_the_vmid_from_others(create, plane, work, world):
    on_one_node(world)
    plane.put_ct("pve", 9100, status="running", hostname="stranger")
    failed = create()
    work.until_idle()
    assert (ended(failed).state, failed.error_code) == ("failed", "vmid_taken")
    assert found() == [("stranger", "CT 9100")]
    work.pass_time(hours=2)
    world.cluster.pod_vmid_last = 9100
    world.cluster.save()
    with pytest.raises(Refused, match="no free VMID"):
        create("again")
    plane.remove_ct(9100)
    work.observe()
    assert is_over("stranger")
    again = create("again")
    work.until_idle()
    assert ended(again).state == "succeeded"


def test_a_stranger_in_place_of_a_pod_is_named_with_its_vmid_and_node(running_pod, plane, alice, work):
    plane.replace_ct(running_pod.vmid)
    before = plane.cts()[running_pod.vmid]
    operation = stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).error_code == "not_ours"
    assert plane.cts()[running_pod.vmid] == before
    assert found() == [("stranger", f"CT {running_pod.vmid}")]
    assert f"The container {running_pod.vmid} on node {running_pod.node}" in what_to_do("stranger")


def test_a_mark_that_is_put_back_ends_the_finding_at_the_next_look_of_an_operation(stopped_pod, plane, alice, work):
    mark = plane.cts()[stopped_pod.vmid]["config"]["description"]
    plane.edit_ct(stopped_pod.vmid, description=None)
    refused = start_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert ended(refused).state == "failed"
    assert found() == [("stranger", f"CT {stopped_pod.vmid}")]
    plane.edit_ct(stopped_pod.vmid, description=mark)
    work.observe()
    assert found() == [("stranger", f"CT {stopped_pod.vmid}")]  # a list shows no marks
    again = start_pod(by=alice.actor, pod=fresh(stopped_pod))
    work.until_idle()
    assert ended(again).state == "succeeded"
    assert is_over("stranger")


def test_a_container_that_was_moved_to_a_node_that_nobody_declared_is_found(stopped_pod, plane, alice, work, world):
    plane.add_node("pve-03")
    plane.move(stopped_pod.vmid, "pve-03")
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    work.drive_due()
    assert found() == [("moved_to_unknown_node", f"CT {stopped_pod.vmid}")]
    assert "Declare node pve-03" in what_to_do("moved_to_unknown_node")
    plane.move(stopped_pod.vmid, stopped_pod.node.name)
    work.until_idle()
    assert ended(operation).state == "succeeded"
    assert is_over("moved_to_unknown_node")
    assert fresh(stopped_pod).phase == CloudPod.Phase.ACTIVE
