"""Destroying a pod: its own container and nothing else."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit.models import AuditEvent
from ipam.models import IPLease
from operations.models import Operation
from operations.services import begin_operation
from pods.kinds.destroy_1 import DESTROY_1
from pods.models import CloudPod
from pods.refusals import PodGone
from pods.services import purge_pod
from tests.pods.conftest import ended, fresh, is_at, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db


def test_a_destroyed_pod_leaves_no_container_lease_or_quota_and_its_row_stays(running_pod, plane, alice, work):
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    running_pod.refresh_from_db()
    assert (running_pod.phase, running_pod.desired_state) == ("destroying", "running")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    running_pod.refresh_from_db()
    assert (running_pod.phase, running_pod.observed_state) == ("gone", "absent")
    assert running_pod.gone_at is not None
    assert nothing_is_left(plane)
    assert "web" in IPLease.objects.get().purpose
    assert AuditEvent.objects.get(action="pod.purge").reason == "no longer needed"


def test_a_stopped_pod_is_destroyed_without_a_stop(running_pod, plane, alice, work):
    plane.edit_ct(running_pod.vmid, status="stopped")
    purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert plane.record("stop") == []
    assert nothing_is_left(plane)


def test_a_pod_whose_container_is_gone_already_is_let_go(running_pod, plane, alice, work):
    plane.remove_ct(running_pod.vmid)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)


@pytest.mark.parametrize("name", ["stop", "destroy", "config_get", "status"])
def test_a_lost_answer_does_not_keep_a_destroy_from_its_end(name, running_pod, plane, alice, work):
    plane.lose_answer(name)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)


def test_a_second_stop_does_not_go_out_while_the_first_may_still_arrive(running_pod, plane, alice, work):
    """It could arrive after the purge was taken back, and take the pod down."""
    plane.clear_record()
    plane.fail("stop", status=596, message="Connection timed out")
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    for _ in range(4):
        work.drive_due()
        work.pass_time(seconds=12)
    assert len(plane.record("stop")) == 1
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert len(plane.record("stop")) == 2


def test_a_container_put_at_the_pods_vmid_behind_our_back_is_left_alone_and_the_message_says_why(
    running_pod, plane, alice, work
):
    plane.remove_ct(running_pod.vmid)
    plane.put_ct("pve", running_pod.vmid, status="running", hostname="somebody-elses", description="do not touch")
    before = plane.cts()[running_pod.vmid]
    plane.clear_record()
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    operation = ended(operation)
    assert (operation.state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert str(running_pod.vmid) in operation.error_message
    assert "left alone" in operation.error_message
    assert plane.cts()[running_pod.vmid] == before
    assert {call["method"] for call in plane.record()} == {"GET"}
    running_pod.refresh_from_db()
    assert (running_pod.phase, running_pod.desired_state, running_pod.gone_at) == ("active", "running", None)


def test_a_hand_made_clone_of_a_pods_container_is_left_alone(running_pod, plane, alice, work):
    plane.clone_by_hand(running_pod.vmid, 9500)
    copy = plane.cts()[9500]
    assert copy["config"]["description"] == plane.cts()[running_pod.vmid]["config"]["description"]
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.vmids() == {9500}
    assert plane.cts()[9500] == copy


def test_a_hand_made_clone_standing_at_another_pods_vmid_is_a_stranger_there(running_pod, create, plane, alice, work):
    """The description is a true mark, but of another pod: the VMID in it gives it away."""
    other = create("db")
    work.until_idle()
    other_pod = pod_of(other)
    plane.remove_ct(other_pod.vmid)
    plane.clone_by_hand(running_pod.vmid, other_pod.vmid)
    before = plane.cts()[other_pod.vmid]
    operation = purge_pod(by=alice.actor, pod=other_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).error_code == "not_ours"
    assert plane.cts()[other_pod.vmid] == before


def test_a_container_without_any_mark_is_a_stranger_even_with_our_tags(running_pod, plane, alice, work):
    plane.edit_ct(running_pod.vmid, description=None)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).error_code == "not_ours"
    assert plane.vmids() == {running_pod.vmid}


def test_a_pod_that_cannot_be_destroyed_runs_again_afterwards(running_pod, plane, alice, work):
    message = f"can't remove CT {running_pod.vmid} - protection mode enabled"
    plane.fail("destroy", status=500, message=message, times=None)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).error_code == "protected"
    assert plane.cts()[running_pod.vmid]["status"] == "running"
    running_pod.refresh_from_db()
    assert (running_pod.phase, running_pod.desired_state) == ("active", "running")


def test_a_pod_that_is_gone_cannot_be_destroyed_again_and_the_refusal_is_recorded(running_pod, alice, work):
    purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    with pytest.raises(PodGone):
        purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    assert AuditEvent.objects.filter(action="pod.purge", outcome="refused").count() == 1


def test_undoing_that_fails_keeps_what_the_pod_holds_and_asks_for_a_person(create, plane, alice, work):
    plane.fail_task("start", "broken")
    plane.fail("destroy", status=403, message="Permission check failed (/vms/9100, VM.Allocate)")
    operation = create()
    work.until_idle()
    operation = ended(operation)
    assert operation.state == Operation.State.NEEDS_ATTENTION
    assert "VM.Allocate" in operation.steps.get(name="clone").attempts.get(direction="undo").detail
    pod = pod_of(operation)
    assert pod.phase == CloudPod.Phase.NEEDS_ATTENTION
    assert IPLease.objects.get().released_at is None
    # Once it is mended, destroying it is the way out.
    again = purge_pod(by=alice.actor, pod=pod, reason="no longer needed")
    work.until_idle()
    assert ended(again).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)


@pytest.fixture
def protected(running_pod, plane):
    message = f"can't remove CT {running_pod.vmid} - protection mode enabled"
    plane.fail("destroy", status=500, message=message, times=None)


def test_a_stopped_pod_that_cannot_be_destroyed_stays_stopped_and_meant_to_be_so(
    stopped_pod, protected, plane, alice, work
):
    plane.edit_ct(stopped_pod.vmid, status="running")  # by hand: the destroy stops it
    operation = purge_pod(by=alice.actor, pod=stopped_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).error_code == "protected"
    assert is_at(plane, stopped_pod) == ("stopped", 0)
    assert (fresh(stopped_pod).phase, fresh(stopped_pod).desired_state) == ("active", "stopped")


def test_a_destroy_that_an_older_release_began_takes_the_container_away_at_once(running_pod, plane, alice, work):
    begin_old_destroy(alice, running_pod, phase="active", desired_state="running")
    work.until_idle()
    assert nothing_is_left(plane)


def test_a_destroy_that_an_older_release_began_is_taken_back_as_it_would_have(
    running_pod, protected, plane, alice, work
):
    operation = begin_old_destroy(alice, running_pod, phase="active")
    work.until_idle()
    assert ended(operation).error_code == "protected"
    assert (fresh(running_pod).phase, fresh(running_pod).desired_state) == ("active", "running")
    assert is_at(plane, running_pod)[0] == "running"


def begin_old_destroy(person, pod, **params) -> Operation:
    """As a release left it that knew no grace period."""
    with transaction.atomic():
        CloudPod.objects.filter(pk=pod.pk).update(phase="destroying", desired_state="absent")
        return begin_operation(
            DESTROY_1,
            by=person.actor,
            tenant=person.tenant,
            subject_id=pod.pk,
            subject_name=pod.hostname,
            params=DESTROY_1.params(**params),
        )


def test_a_stopped_pod_is_destroyed_like_any_other(stopped_pod, plane, alice, work):
    operation = purge_pod(by=alice.actor, pod=stopped_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert stopped_pod.vmid not in plane.cts()
