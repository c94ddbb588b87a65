"""Start, stop and reboot when answers are lost or requests arrive late: nothing happens twice, nothing is left half.

Decides: that each ends well, or as it was before. Not: killed workers (test_killed_workers.py).
"""

from __future__ import annotations

import pytest

from clusters.dataplane.errors import AnswerLost
from clusters.dataplane.proxmox import ProxmoxPlane
from operations.cancelling import cancel
from operations.models import Operation
from pods.models import CloudPod
from pods.services import reboot_pod, start_pod, stop_pod
from tests.pods.conftest import ended

pytestmark = pytest.mark.django_db

VERBS = {"start": start_pod, "stop": stop_pod, "reboot": reboot_pod}


@pytest.fixture
def pod(running_pod, plane, alice, work):
    """One that runs; `stopped` makes it one that was stopped as it should be."""
    plane.clear_record()
    return running_pod


@pytest.fixture
def stopped(pod, plane, alice, work):
    stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    plane.clear_record()
    return pod


def effects(plane):
    """What happened to containers, in order."""
    return [end["name"] for end in plane.task_ends() if end["exitstatus"] == "OK"]


def sent(plane):
    return [call["name"] for call in plane.record() if call["method"] == "POST"]


def status(plane, pod):
    return plane.cts()[pod.vmid]["status"], plane.cts()[pod.vmid]["config"]["onboot"]


def its_time_is_over(operation):
    Operation.objects.filter(pk=operation.pk).update(deadline_at="2020-01-01T00:00:00Z")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "config", "start"])
def test_a_lost_answer_does_not_keep_a_pod_from_starting_once(call, stopped, plane, alice, work):
    plane.lose_answer(call)
    operation = start_pod(by=alice.actor, pod=stopped)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert status(plane, stopped) == ("running", 1)
    assert effects(plane) == ["start"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "config", "status", "shutdown", "stop"])
def test_a_lost_answer_does_not_keep_a_pod_from_stopping_once(call, pod, plane, alice, work):
    if call == "stop":
        plane.fail_task("shutdown", "container did not stop")
    plane.lose_answer(call)
    operation = stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert status(plane, pod) == ("stopped", 0)
    assert effects(plane) == ["stop" if call == "stop" else "shutdown"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "status", "shutdown", "stop", "start"])
def test_a_lost_answer_does_not_make_a_pod_reboot_twice(call, pod, plane, alice, work):
    if call == "stop":
        plane.fail_task("shutdown", "container did not stop")
    plane.lose_answer(call)
    operation = reboot_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert status(plane, pod) == ("running", 1)
    assert effects(plane) == ["stop" if call == "stop" else "shutdown", "start"]


@pytest.mark.parametrize(("call", "timeout_s"), [("shutdown", 60), ("stop", 0)])
def test_a_second_request_does_not_go_out_while_the_first_may_still_arrive(call, timeout_s, pod, plane, alice, work):
    """It could arrive after the reboot's start, and take the pod down once more."""
    plane.hold_tasks()
    plane.lose_answer(call)
    operation = reboot_pod(by=alice.actor, pod=pod, timeout_s=timeout_s)
    for _ in range(4):
        work.drive_due()
        work.pass_time(seconds=10)
    assert sent(plane) == [call]
    plane.release_tasks()
    plane.wait_idle()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert effects(plane) == [call, "start"]


def test_a_request_that_never_arrived_is_made_again_after_a_minute(pod, plane, alice, work):
    plane.fail("shutdown", status=596, message="Connection timed out")
    operation = stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert effects(plane) == ["shutdown"]


def test_a_pod_that_went_down_by_itself_is_not_started_before_the_stop_that_may_still_arrive(pod, plane, alice, work):
    plane.fail("stop", status=596, message="Connection timed out")
    operation = stop_pod(by=alice.actor, pod=pod, timeout_s=0)
    work.drive_due()
    plane.edit_ct(pod.vmid, status="stopped")
    cancel(by=alice.actor, operation=operation)
    work.pass_time(seconds=20)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, "may still arrive" in operation.waits_for) == ("undo", True)
    assert sent(plane) == ["stop"]
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert status(plane, pod) == ("running", 1)


def test_a_pod_is_not_stopped_again_before_a_second_start_that_may_still_arrive(
    stopped, plane, alice, work, monkeypatch
):
    """The first request arrived, the second is under way: it would start what was stopped."""
    real = ProxmoxPlane.start

    def lost(*call):
        if not plane.task_ends():
            real(*call)
        raise AnswerLost("no answer came in time")

    operation = start_pod(by=alice.actor, pod=stopped)
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "start", lost)
        work.drive_due()
    plane.wait_idle()
    cancel(by=alice.actor, operation=operation)
    work.pass_time(seconds=20)
    work.drive_due()
    assert sent(plane) == ["start"]
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert status(plane, stopped) == ("stopped", 0)


def test_what_undoes_a_start_asks_for_one_stop_at_a_time(stopped, plane, alice, work):
    plane.hold_tasks()
    operation = start_pod(by=alice.actor, pod=stopped)
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    plane.wait_idle()
    work.tick()
    plane.fail("stop", status=596, message="Connection timed out")
    for _ in range(4):
        work.drive_due()
        work.pass_time(seconds=12)
    assert sent(plane) == ["start", "stop"]
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert status(plane, stopped) == ("stopped", 0)
    assert sent(plane) == ["start", "stop", "stop"]


def test_a_stop_that_lands_while_it_is_undone_is_made_good(pod, plane, alice, work):
    plane.hold_tasks()
    plane.lose_answer("stop")
    operation = stop_pod(by=alice.actor, pod=pod, timeout_s=0)
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, operation.state) == ("undo", "waiting")
    plane.release_tasks()
    plane.wait_idle()
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert status(plane, pod) == ("running", 1)
    assert CloudPod.objects.get().desired_state == "running"


def test_a_start_that_lands_while_it_is_undone_is_made_good(stopped, plane, alice, work):
    plane.hold_tasks()
    plane.lose_answer("start")
    operation = start_pod(by=alice.actor, pod=stopped)
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    operation.refresh_from_db()
    assert (operation.direction, operation.state) == ("undo", "waiting")
    plane.release_tasks()
    plane.wait_idle()
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert status(plane, stopped) == ("stopped", 0)
    assert CloudPod.objects.get().desired_state == "stopped"


def test_a_shutdown_that_takes_effect_in_the_last_moment_needs_no_hard_stop(pod, plane, alice, work, monkeypatch):
    plane.fail_task("shutdown", "container did not stop")
    real = ProxmoxPlane.stop

    def late(self, mine):
        plane.edit_ct(pod.vmid, status="stopped")
        monkeypatch.setattr(ProxmoxPlane, "stop", real)
        return real(self, mine)

    monkeypatch.setattr(ProxmoxPlane, "stop", late)
    operation = stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert effects(plane) == []


def test_a_configuration_that_somebody_changed_meanwhile_is_read_again(pod, plane, alice, work, monkeypatch):
    real = ProxmoxPlane.set_onboot

    def late(self, mine, onboot):
        plane.edit_ct(pod.vmid, tags="changed-by-hand")
        monkeypatch.setattr(ProxmoxPlane, "set_onboot", real)
        return real(self, mine, onboot)

    monkeypatch.setattr(ProxmoxPlane, "set_onboot", late)
    operation = stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert status(plane, pod) == ("stopped", 0)
    assert plane.cts()[pod.vmid]["config"]["tags"] == "changed-by-hand"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("verb", VERBS)
def test_a_cluster_that_does_not_answer_leaves_all_as_it_was(verb, pod, plane, alice, work):
    plane.unreachable()
    operation = VERBS[verb](by=alice.actor, pod=pod)
    for _ in range(32):  # until its time is over
        work.drive_due()
        work.pass_time(seconds=40)
    plane.unreachable(False)
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "deadline_passed")
    assert status(plane, pod) == ("running", 1)
    after = CloudPod.objects.get()
    assert (after.phase, after.desired_state) == ("active", "running")
