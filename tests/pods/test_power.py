"""Start, stop and reboot: what the container does, what its node is told, and what is left when it goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from audit.models import AuditEvent
from operations.explain import explain
from operations.models import Operation
from pods.kinds.power import MOST_TIMEOUT_S
from pods.kinds.reboot import REBOOT
from pods.kinds.stop import STOP
from pods.models import CloudPod
from pods.pages import sentence
from pods.services import create_pod, reboot_pod, start_pod, stop_pod
from tests.pods.conftest import ended, fresh, is_at

pytestmark = pytest.mark.django_db

VERBS: dict[str, Callable[..., Operation]] = {"start": start_pod, "stop": stop_pod, "reboot": reboot_pod}


def says(pod):
    pod = fresh(pod)
    assert pod.observed_state == pod.last_seen_state
    return pod.phase, pod.desired_state, pod.observed_state


def writes(plane):
    return [call["name"] for call in plane.record() if call["method"] != "GET"]


# What each does


def test_a_stopped_pod_was_shut_down_does_not_start_with_its_node_and_is_meant_to_be_so(
    running_pod, plane, alice, work
):
    plane.clear_record()
    operation = stop_pod(by=alice.actor, pod=running_pod, timeout_s=90, reason="over the weekend")
    assert says(running_pod) == ("active", "stopped", "running")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, running_pod) == ("stopped", 0)
    assert says(running_pod) == ("active", "stopped", "stopped")
    assert writes(plane) == ["config", "shutdown"]
    assert plane.record("shutdown")[0]["params"]["timeout"] == "90"
    event = AuditEvent.objects.get(action="pod.stop")
    assert (event.before, event.reason) == ({"desired_state": "running"}, "over the weekend")
    assert event.after == {"desired_state": "stopped", "timeout_s": 90}


def test_a_started_pod_runs_and_starts_with_its_node(stopped_pod, plane, alice, work):
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, stopped_pod) == ("running", 1)
    assert says(stopped_pod) == ("active", "running", "running")
    assert writes(plane) == ["config", "start"]
    assert AuditEvent.objects.get(action="pod.start").before == {"desired_state": "stopped"}


def test_a_rebooted_pod_went_down_once_and_came_up_once(running_pod, plane, alice, work):
    plane.clear_record()
    operation = reboot_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, running_pod) == ("running", 1)
    assert says(running_pod) == ("active", "running", "running")
    assert writes(plane) == ["shutdown", "start"]


def test_each_is_explained_in_words(running_pod, alice, work):
    for name in ("reboot", "stop", "start"):
        operation = VERBS[name](by=alice.actor, pod=running_pod)
        assert explain(operation).asked == f"alice asked to {name} pod web."
        work.until_idle()


@pytest.mark.parametrize("verb", ["stop", "reboot"])
def test_a_pod_that_does_not_shut_down_in_time_is_stopped_hard_and_the_record_says_so(
    verb, running_pod, plane, alice, work
):
    plane.clear_record()
    plane.fail_task("shutdown", "container did not stop")
    operation = VERBS[verb](by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert [name for name in writes(plane) if name != "config"][:2] == ["shutdown", "stop"]
    assert is_at(plane, running_pod)[0] == ("running" if verb == "reboot" else "stopped")
    attempt = operation.steps.get(name="shutdown").attempts.get()
    assert (attempt.result, attempt.error_code) == ("failed", "task_failed")
    assert "container did not stop" in attempt.detail
    assert "Step shutdown did not succeed" in explain(operation).happened
    assert explain(operation, inside=False).happened.endswith("made up for it: (task_failed).")


@pytest.mark.parametrize("verb", ["stop", "reboot"])
def test_no_time_to_shut_down_means_at_once(verb, running_pod, plane, alice, work):
    plane.clear_record()
    operation = VERBS[verb](by=alice.actor, pod=running_pod, timeout_s=0)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert "shutdown" not in writes(plane)
    assert "stop" in writes(plane)


def test_a_pod_is_given_a_minute_to_shut_down_unless_told(running_pod, plane, alice, work):
    stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert plane.record("shutdown")[0]["params"]["timeout"] == "60"


@pytest.mark.parametrize("kind", [STOP, REBOOT], ids=lambda kind: kind.name)
def test_the_longest_shutdown_fits_into_the_operations_time(kind):
    assert kind.deadline >= timedelta(seconds=MOST_TIMEOUT_S) + timedelta(minutes=5)


# What is so already


def test_to_start_a_running_pod_is_accepted_and_changes_nothing(running_pod, plane, alice, work):
    plane.clear_record()
    operation = start_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert [call["status"] for call in plane.record("start")] == [500]  # "already running"
    assert writes(plane) == ["start"]
    assert is_at(plane, running_pod) == ("running", 1)


def test_to_stop_a_stopped_pod_is_accepted_and_sends_nothing(stopped_pod, plane, alice, work):
    operation = stop_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert writes(plane) == []


def test_a_pod_that_went_down_by_itself_is_started_by_a_start_and_by_a_reboot(running_pod, plane, alice, work):
    for verb in ("start", "reboot"):
        plane.edit_ct(running_pod.vmid, status="stopped")
        plane.clear_record()
        operation = VERBS[verb](by=alice.actor, pod=running_pod)
        work.until_idle()
        assert ended(operation).state == Operation.State.SUCCEEDED
        assert writes(plane) == ["start"]
        assert is_at(plane, running_pod)[0] == "running"


def test_a_pod_that_was_moved_by_hand_is_stopped_where_it_is(running_pod, plane, alice, work):
    elsewhere = "pve-02" if running_pod.node.name == "pve" else "pve"
    plane.move(running_pod.vmid, elsewhere)
    operation = stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, running_pod) == ("stopped", 0)
    assert fresh(running_pod).node.name == elsewhere


# What goes wrong


def test_a_pod_that_cannot_be_started_is_left_stopped_and_meant_to_be_so(stopped_pod, plane, alice, work):
    plane.fail_task("start", "startup for container failed")
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.FAILED, "start")
    assert is_at(plane, stopped_pod) == ("stopped", 0)
    assert says(stopped_pod) == ("active", "stopped", "stopped")
    assert "startup for container failed" in operation.steps.get(name="start").attempts.get(direction="do").detail


def test_a_failed_start_of_a_pod_that_should_run_anyway_keeps_it_meant_to_run(running_pod, plane, alice, work):
    plane.edit_ct(running_pod.vmid, status="stopped")
    plane.fail_task("start", "startup for container failed")
    operation = start_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, running_pod) == ("stopped", 1)
    assert fresh(running_pod).desired_state == "running"


def test_a_pod_that_cannot_be_stopped_runs_as_before(running_pod, plane, alice, work):
    plane.fail_task("shutdown", "container did not stop")
    plane.fail_task("stop", "lxc-stop failed")
    operation = stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.FAILED, "stop")
    assert is_at(plane, running_pod) == ("running", 1)
    assert says(running_pod) == ("active", "running", "running")


def test_a_pod_that_was_stopped_though_the_stop_failed_runs_again(running_pod, plane, alice, work):
    """Its task ended in an error after it had done its work."""
    plane.fail_task("stop", "cleanup failed")
    operation = stop_pod(by=alice.actor, pod=running_pod, timeout_s=0)
    work.drive_due()
    plane.wait_idle()
    plane.edit_ct(running_pod.vmid, status="stopped")
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, running_pod) == ("running", 1)


def test_what_should_be_stopped_is_not_started_by_the_undoing_of_a_stop(stopped_pod, plane, alice, work):
    plane.edit_ct(stopped_pod.vmid, status="running")  # by hand
    plane.fail_task("stop", "cleanup failed")
    operation = stop_pod(by=alice.actor, pod=stopped_pod, timeout_s=0)
    work.drive_due()
    plane.wait_idle()
    plane.edit_ct(stopped_pod.vmid, status="stopped")
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, stopped_pod) == ("stopped", 0)


def test_what_should_run_is_not_stopped_by_the_undoing_of_a_start(running_pod, plane, alice, work):
    plane.edit_ct(running_pod.vmid, status="stopped")
    plane.fail_task("start", "a hook failed")
    operation = start_pod(by=alice.actor, pod=running_pod)
    work.drive_due()
    plane.wait_idle()
    plane.edit_ct(running_pod.vmid, status="running")
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, running_pod) == ("running", 1)


def test_what_went_down_by_itself_is_not_started_by_the_undoing_of_a_stop_that_did_nothing(
    running_pod, plane, alice, work
):
    plane.edit_ct(running_pod.vmid, status="stopped")
    plane.fail("status", status=403, message="Permission check failed (/vms/9100, VM.Audit)")
    operation = stop_pod(by=alice.actor, pod=running_pod, timeout_s=0)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, running_pod) == ("stopped", 1)


def test_a_reboot_whose_start_fails_once_starts_the_pod_while_it_undoes(running_pod, plane, alice, work):
    plane.fail_task("start", "startup for container failed")
    operation = reboot_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.FAILED, "start")
    assert is_at(plane, running_pod) == ("running", 1)


def test_a_reboot_whose_start_fails_for_good_asks_for_a_person_and_the_pod_can_still_be_started(
    running_pod, plane, alice, work
):
    plane.fail_task("start", "startup for container failed", times=2)
    operation = reboot_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.NEEDS_ATTENTION, "start")
    assert is_at(plane, running_pod) == ("stopped", 1)
    assert fresh(running_pod).phase == "active"
    again = start_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(again).state == Operation.State.SUCCEEDED


def test_a_reboot_that_could_not_ask_for_the_start_starts_the_pod_while_it_undoes(running_pod, plane, alice, work):
    plane.fail("start", status=500, message="made to fail")
    operation = reboot_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "proxmox_error")
    assert is_at(plane, running_pod) == ("running", 1)


def test_a_stop_that_cannot_be_undone_asks_for_a_person_and_the_pod_can_still_be_started(
    running_pod, plane, alice, work
):
    plane.fail_task("stop", "cleanup failed")
    plane.fail_task("start", "startup for container failed")
    operation = stop_pod(by=alice.actor, pod=running_pod, timeout_s=0)
    work.drive_due()
    plane.wait_idle()
    plane.edit_ct(running_pod.vmid, status="stopped")
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    assert "then retry step stop" in explain(operation).next
    assert fresh(running_pod).phase == "active"
    start_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert is_at(plane, running_pod) == ("running", 1)


@pytest.mark.parametrize("verb", VERBS)
def test_a_locked_container_is_waited_for(verb, running_pod, plane, alice, work):
    if verb == "start":
        plane.edit_ct(running_pod.vmid, status="stopped")
    plane.set_lock(running_pod.vmid, "backup")
    operation = VERBS[verb](by=alice.actor, pod=running_pod)
    for _ in range(3):
        work.drive_due()
        plane.wait_idle()
        work.tick()
        work.pass_time(seconds=40)
    operation.refresh_from_db()
    assert operation.is_live
    assert operation.is_live
    plane.set_lock(running_pod.vmid, None)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, running_pod)[0] == ("stopped" if verb == "stop" else "running")


@pytest.mark.parametrize("verb", VERBS)
def test_a_strangers_container_at_our_vmid_is_left_alone(verb, running_pod, plane, alice, work):
    plane.remove_ct(running_pod.vmid)
    plane.put_ct("pve", running_pod.vmid, status="running", hostname="somebody-elses", onboot=1)
    before = plane.cts()[running_pod.vmid]
    plane.clear_record()
    operation = VERBS[verb](by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert writes(plane) == []
    assert plane.cts()[running_pod.vmid] == before
    assert fresh(running_pod).desired_state == "running"


def test_a_stranger_who_takes_the_place_in_the_middle_of_a_stop_is_left_alone_by_its_undo(
    running_pod, plane, alice, work
):
    operation = stop_pod(by=alice.actor, pod=running_pod)
    plane.fail_task("shutdown", "container did not stop")
    work.drive_due()
    plane.wait_idle()
    plane.remove_ct(running_pod.vmid)
    plane.put_ct("pve", running_pod.vmid, status="running", hostname="somebody-elses")
    before = plane.cts()[running_pod.vmid]
    plane.clear_record()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert writes(plane) == []
    assert plane.cts()[running_pod.vmid] == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_container_that_is_gone_is_told_and_nothing_stays_declared(verb, running_pod, plane, alice, work):
    plane.remove_ct(running_pod.vmid)
    operation = VERBS[verb](by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_found")
    assert (fresh(running_pod).phase, fresh(running_pod).desired_state) == ("active", "running")


# In words


def test_a_stopped_pod_is_told_calmly_when_it_should_be_stopped(stopped_pod, alice, work):
    assert sentence(stopped_pod, None) == f"web is stopped on {stopped_pod.node}, as it should be."
    stopped_pod.observed_state = "running"
    assert sentence(stopped_pod, None) == f"web runs on {stopped_pod.node}, though it should be stopped."
    stopped_pod.desired_state, stopped_pod.observed_state = "running", "stopped"
    assert sentence(stopped_pod, None) == f"web is stopped on {stopped_pod.node}, though it should run."
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    assert sentence(fresh(stopped_pod), operation) == "web is being started."


def test_other_tenants_pods_are_not_touched(running_pod, plane, charlie, alice, work):
    create_pod(by=charlie.actor, tenant=charlie.tenant, hostname="web")
    work.until_idle()
    other = CloudPod.objects.get(tenant=charlie.tenant)
    stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert is_at(plane, other) == ("running", 1)
    assert says(other) == ("active", "running", "running")
