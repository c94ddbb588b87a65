"""A suspended pod stands still until it is resumed; a tenant is suspended with all its pods, and resumed with them."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from operations.models import Operation
from pods.models import CloudPod
from pods.refusals import PodNotSuspended, PodSuspended, TenantSuspended
from pods.services import (
    destroy_pod,
    reboot_pod,
    restore_pod,
    resume_pod,
    resume_tenant,
    start_pod,
    stop_pod,
    suspend_pod,
    suspend_tenant,
)
from tests.pods.conftest import ended, fresh, is_at, pod_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def suspended_pod(running_pod, olga, work) -> CloudPod:
    suspend_pod(by=olga.actor, pod=running_pod, reason="unpaid")
    work.until_idle()
    return fresh(running_pod)


def test_a_suspended_pod_is_stopped_says_why_and_is_not_started(suspended_pod, alice, plane):
    assert is_at(plane, suspended_pod) == ("stopped", 0)
    assert (suspended_pod.suspended_reason, suspended_pod.desired_state) == ("unpaid", "running")
    for verb in (start_pod, reboot_pod):
        with pytest.raises(PodSuspended, match="unpaid"):
            verb(by=alice.actor, pod=suspended_pod)


def test_a_suspension_needs_a_reason(running_pod, olga):
    with pytest.raises(Invalid) as refused:
        suspend_pod(by=olga.actor, pod=running_pod, reason="  ")
    assert refused.value.field == "reason"
    assert not Operation.objects.filter(kind="suspend")


def test_a_resumed_pod_runs_again(suspended_pod, olga, plane, work):
    operation = resume_pod(by=olga.actor, pod=suspended_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = fresh(suspended_pod)
    assert (pod.suspended_at, pod.suspended_reason, pod.observed_state) == (None, "", "running")
    assert is_at(plane, pod) == ("running", 1)


def test_a_pod_that_was_stopped_is_resumed_stopped(stopped_pod, olga, plane, work):
    suspend_pod(by=olga.actor, pod=stopped_pod, reason="unpaid")
    work.until_idle()
    resume_pod(by=olga.actor, pod=stopped_pod)
    work.until_idle()
    assert is_at(plane, stopped_pod) == ("stopped", 0)


def test_what_its_owner_wants_meanwhile_counts_when_it_is_resumed(suspended_pod, alice, olga, plane, work):
    stop_pod(by=alice.actor, pod=suspended_pod)
    work.until_idle()
    resume_pod(by=olga.actor, pod=fresh(suspended_pod))
    work.until_idle()
    assert is_at(plane, suspended_pod) == ("stopped", 0)


def test_what_is_not_suspended_is_not_resumed(running_pod, olga):
    with pytest.raises(PodNotSuspended):
        resume_pod(by=olga.actor, pod=running_pod)


def test_a_suspension_that_fails_lets_it_run_on(running_pod, olga, plane, work):
    plane.fail_task("shutdown", "container did not stop")
    plane.fail_task("stop", "broken", times=None)
    operation = suspend_pod(by=olga.actor, pod=running_pod, reason="unpaid")
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    pod = fresh(running_pod)
    assert (pod.suspended_at, pod.suspended_reason) == (None, "")
    assert is_at(plane, pod) == ("running", 1)


def test_a_resumption_that_fails_leaves_it_suspended(suspended_pod, olga, plane, work):
    plane.fail_task("start", "broken", times=None)
    operation = resume_pod(by=olga.actor, pod=suspended_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    pod = fresh(suspended_pod)
    assert (pod.suspended_at, pod.suspended_reason) == (suspended_pod.suspended_at, "unpaid")
    assert is_at(plane, pod) == ("stopped", 0)


def test_a_suspension_stands_behind_what_is_being_done(create, olga, plane, work):
    pod = pod_of(create())
    operation = suspend_pod(by=olga.actor, pod=pod, reason="unpaid")
    assert operation.state == Operation.State.BLOCKED
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, pod) == ("stopped", 0)


def test_a_suspension_of_a_pod_that_never_came_to_be_is_over(create, olga, plane, work):
    plane.fail("firewall", 400, "made to fail")
    making = create()
    operation = suspend_pod(by=olga.actor, pod=pod_of(making), reason="unpaid")
    work.until_idle()
    assert ended(making).state == Operation.State.FAILED
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.vmids() == set()


def test_a_tenant_is_suspended_with_its_pods_by_operations_of_one_request(create, alice, olga, plane, work):
    pods = [pod_of(create(name)) for name in ("one", "two")]
    work.until_idle()
    operations = suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="abuse")
    assert {operation.subject_id for operation in operations} == {pod.pk for pod in pods}
    assert len({operation.request_id for operation in operations}) == 1
    assert operations[0].request_id
    work.until_idle()
    assert [is_at(plane, pod) for pod in pods] == [("stopped", 0)] * 2
    with pytest.raises(PodSuspended, match="is suspended"):
        start_pod(by=alice.actor, pod=pods[0])
    alice.tenant.refresh_from_db()
    assert alice.tenant.suspended_reason == "abuse"
    with pytest.raises(TenantSuspended):
        create("three")


def test_a_resumed_tenant_s_pods_run_again_but_for_those_with_a_reason_of_their_own(create, alice, olga, plane, work):
    own, other = (pod_of(create(name)) for name in ("own", "other"))
    work.until_idle()
    suspend_pod(by=olga.actor, pod=own, reason="it attacks others")
    work.until_idle()
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid")
    work.until_idle()
    resume_tenant(by=olga.actor, tenant=alice.tenant)
    work.until_idle()
    assert is_at(plane, own) == ("stopped", 0)
    assert is_at(plane, other) == ("running", 1)
    assert fresh(own).suspended_reason == "it attacks others"
    with pytest.raises(PodSuspended):
        start_pod(by=alice.actor, pod=own)


def test_a_pod_of_a_suspended_tenant_is_not_resumed_alone(running_pod, alice, olga, work):
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid")
    work.until_idle()
    with pytest.raises(PodSuspended, match="tenant"):
        resume_pod(by=olga.actor, pod=running_pod)


def test_a_deleted_pod_of_a_suspended_tenant_is_restored_stopped_and_runs_when_the_tenant_is_resumed(
    running_pod, alice, olga, plane, work
):
    destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid")
    work.until_idle()
    restore_pod(by=olga.actor, pod=fresh(running_pod))
    work.until_idle()
    assert (fresh(running_pod).phase, is_at(plane, running_pod)) == ("active", ("stopped", 0))
    resume_tenant(by=olga.actor, tenant=alice.tenant)
    work.until_idle()
    assert is_at(plane, running_pod) == ("running", 1)
