"""A destroy is soft: the pod is stopped, marked and kept with all it holds until its tenant's grace period is over."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from core.errors import Invalid
from ipam.models import IPLease
from operations import freezing
from operations.cancelling import cancel
from operations.models import Operation
from pods.models import CloudPod, HostnameTaken, VmidHold
from pods.refusals import PodDeleted, PodNotDeleted, PodProtected, QuotaExceeded
from pods.services import (
    destroy_pod,
    protect_pod,
    purge_due,
    purge_pod,
    purging,
    rebuild_pod,
    restore_pod,
    start_pod,
    stop_pod,
)
from tenants.models import Tenant
from tenants.services import set_quota
from tests.factories import make_cluster
from tests.pods.conftest import ended, fresh, is_at, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def deleted_pod(running_pod, alice, work, plane) -> CloudPod:
    destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    plane.clear_record()
    assert fresh(running_pod).phase == "deleted"
    return fresh(running_pod)


def tags(plane, pod) -> list[str]:
    return str(plane.cts()[pod.vmid]["config"]["tags"]).split(";")


def test_a_destroyed_pod_is_stopped_marked_and_kept_with_all_it_holds(deleted_pod, plane):
    assert is_at(plane, deleted_pod) == ("stopped", 0)
    assert "cloudpod-deleted" in tags(plane, deleted_pod)
    assert deleted_pod.gone_at is None
    assert IPLease.objects.get().released_at is None
    assert VmidHold.objects.get().released_at is None
    assert Operation.objects.get(kind="destroy").state == Operation.State.SUCCEEDED


def test_it_keeps_host_name_and_quota(deleted_pod, create, alice):
    with pytest.raises(HostnameTaken):
        create(deleted_pod.hostname)
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"pods": 1})
    with pytest.raises(QuotaExceeded):
        create("another")


@pytest.mark.parametrize("hours", [0, 5])
def test_it_is_purged_by_itself_when_its_tenants_grace_period_is_over(hours, running_pod, alice, work, plane):
    Tenant.objects.filter(pk=alice.tenant.pk).update(grace_hours=hours)
    destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    if hours:
        work.pass_time(hours=hours - 1)
        assert purge_due() == 0
        work.pass_time(hours=1)
    assert purge_due() == 1
    assert purge_due() == 0
    work.until_idle()
    assert nothing_is_left(plane)
    assert AuditEvent.objects.get(action="pod.purge").reason == "its grace period is over"


def test_a_purge_that_is_refused_is_tried_again_but_not_at_once(deleted_pod, plane, work, alice):
    plane.fail("destroy", 500, "can't remove CT - protection mode enabled")
    work.pass_time(hours=73)
    assert purge_due() == 1
    work.until_idle()
    assert fresh(deleted_pod).phase == "deleted"
    assert purge_due() == 0
    work.pass_time(hours=2)
    assert purge_due() == 1
    work.until_idle()
    assert nothing_is_left(plane)


@pytest.fixture
def two_due(create, alice, work, monkeypatch):
    """Both are due, the first one before the second, and no more than one is begun at a time."""
    pods = [pod_of(create(name)) for name in ("a", "b")]
    work.until_idle()
    for pod in pods:
        destroy_pod(by=alice.actor, pod=pod)
        work.until_idle()
    work.pass_time(hours=80)
    monkeypatch.setattr(purging, "MOST_AT_ONCE", 1)
    return pods


def test_due_pods_of_a_frozen_cluster_keep_no_other_cluster_s_from_being_purged(two_due, world, plane, olga):
    here, there = two_due
    CloudPod.objects.filter(pk=there.pk).update(cluster=make_cluster(plane, name="pve-b"))
    freezing.freeze(by=olga.actor, reason="maintenance", place=world.cluster.place)
    assert purge_due() == 1
    assert (fresh(here).phase, fresh(there).phase) == ("deleted", "destroying")


def test_a_pod_whose_purge_breaks_in_our_own_code_keeps_no_other_from_being_purged(two_due, monkeypatch, caplog):
    broken, whole = two_due

    def purge(**asked):
        if asked["pod"].pk == broken.pk:
            raise KeyError("a defect of ours")
        return purge_pod(**asked)

    monkeypatch.setattr(purging, "purge_pod", purge)
    assert purge_due() == 1
    assert (fresh(broken).phase, fresh(whole).phase) == ("deleted", "destroying")
    assert f"the purge of {broken} broke" in caplog.text


def test_staff_purge_at_once_and_say_why(deleted_pod, olga, plane, work):
    with pytest.raises(Invalid) as refused:
        purge_pod(by=olga.actor, pod=deleted_pod, reason=" ")
    assert refused.value.field == "reason"
    purge_pod(by=olga.actor, pod=deleted_pod, reason="the tenant asked for it")
    work.until_idle()
    assert nothing_is_left(plane)


def test_a_restored_pod_runs_again_and_bears_no_mark_of_its_deletion(deleted_pod, alice, plane, work):
    operation = restore_pod(by=alice.actor, pod=deleted_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = fresh(deleted_pod)
    assert (pod.phase, pod.deleted_at, pod.purge_at, pod.observed_state) == ("active", None, None, "running")
    assert is_at(plane, pod) == ("running", 1)
    assert "cloudpod-deleted" not in tags(plane, pod)


def test_a_pod_that_was_stopped_is_restored_stopped(stopped_pod, alice, plane, work):
    destroy_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    restore_pod(by=alice.actor, pod=fresh(stopped_pod))
    work.until_idle()
    assert fresh(stopped_pod).phase == "active"
    assert is_at(plane, stopped_pod) == ("stopped", 0)


def test_a_restore_that_fails_leaves_it_deleted_with_its_purge_when_it_would_have_come(deleted_pod, alice, plane, work):
    plane.fail_task("start", "broken", times=None)
    operation = restore_pod(by=alice.actor, pod=deleted_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    pod = fresh(deleted_pod)
    assert (pod.phase, pod.purge_at, pod.deleted_at) == ("deleted", deleted_pod.purge_at, deleted_pod.deleted_at)
    assert is_at(plane, pod) == ("stopped", 0)
    assert "cloudpod-deleted" in tags(plane, pod)


@pytest.mark.parametrize("verb", [start_pod, stop_pod, rebuild_pod, destroy_pod])
def test_nothing_else_is_done_with_a_deleted_pod(verb, deleted_pod, alice):
    with pytest.raises(PodDeleted):
        verb(by=alice.actor, pod=deleted_pod)


def test_what_is_not_deleted_is_not_restored(running_pod, alice):
    with pytest.raises(PodNotDeleted):
        restore_pod(by=alice.actor, pod=running_pod)


@pytest.mark.parametrize("name", ["config", "shutdown"])
@pytest.mark.parametrize("lost", [True, False], ids=["its answer is lost", "it fails"])
def test_a_destroy_ends_or_leaves_the_pod_as_it_was(name, lost, running_pod, alice, plane, work):
    plane.lose_answer(name) if lost else plane.fail(name, 500, "made to fail", times=None)
    operation = destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    pod = fresh(running_pod)
    if lost:
        assert (ended(operation).state, pod.phase) == (Operation.State.SUCCEEDED, "deleted")
    else:
        assert (ended(operation).state, pod.phase) == (Operation.State.FAILED, "active")
        assert is_at(plane, pod) == ("running", 1)
        assert "cloudpod-deleted" not in tags(plane, pod)


def test_a_protected_pod_refuses_to_be_destroyed_purged_and_rebuilt(running_pod, alice, olga, work, plane):
    protect_pod(by=alice.actor, pod=running_pod, protected=True)
    for verb, how in ((destroy_pod, {}), (purge_pod, {"reason": "staff"}), (rebuild_pod, {})):
        with pytest.raises(PodProtected):
            verb(by=olga.actor, pod=running_pod, **how)
    protect_pod(by=alice.actor, pod=running_pod, protected=False, reason="it goes")
    destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert fresh(running_pod).phase == "deleted"


def test_a_second_destroy_is_the_first(running_pod, alice):
    first = destroy_pod(by=alice.actor, pod=running_pod)
    assert destroy_pod(by=alice.actor, pod=running_pod) == first
    assert Operation.objects.filter(kind="destroy").count() == 1


def test_a_destroy_overtakes_a_create_that_waits(create, alice, plane, work):
    making = create()
    operation = destroy_pod(by=alice.actor, pod=pod_of(making))
    assert operation.state == Operation.State.BLOCKED
    work.until_idle()
    assert ended(making).state == Operation.State.CANCELLED
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)


def test_a_destroy_stands_behind_what_is_being_done_and_then_has_its_turn(running_pod, alice, plane, work):
    plane.hold_tasks()
    stopping = stop_pod(by=alice.actor, pod=running_pod)
    work.drive_due()
    operation = destroy_pod(by=alice.actor, pod=running_pod)
    assert operation.state == Operation.State.BLOCKED
    assert fresh(running_pod).phase == "active"
    plane.release_tasks()
    work.until_idle()
    assert ended(stopping).state == ended(operation).state == Operation.State.SUCCEEDED
    assert (fresh(running_pod).phase, fresh(running_pod).desired_state) == ("deleted", "stopped")


def test_a_destroy_that_is_cancelled_while_it_goes_on_gives_the_pod_back(running_pod, alice, plane, work):
    plane.hold_tasks()
    operation = destroy_pod(by=alice.actor, pod=running_pod)
    work.drive_due()
    cancel(by=alice.actor, operation=operation, reason="a mistake")
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert fresh(running_pod).phase == "active"
    assert is_at(plane, running_pod) == ("running", 1)


def test_a_destroy_behind_another_that_is_cancelled_is_over_at_once(running_pod, alice, plane, work):
    plane.hold_tasks()
    stop_pod(by=alice.actor, pod=running_pod)
    work.drive_due()
    operation = destroy_pod(by=alice.actor, pod=running_pod)
    cancel(by=alice.actor, operation=operation)
    work.tick()
    assert ended(operation).state == Operation.State.CANCELLED
    assert fresh(running_pod).phase == "active"
    plane.release_tasks()
    work.until_idle()


def test_a_pod_whose_container_is_gone_already_is_kept_and_then_purged(running_pod, alice, olga, plane, work):
    plane.remove_ct(running_pod.vmid)
    operation = destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (ended(operation).state, fresh(running_pod).phase) == (Operation.State.SUCCEEDED, "deleted")
    purge_pod(by=olga.actor, pod=running_pod, reason="at once")
    work.until_idle()
    assert nothing_is_left(plane)


def test_a_strangers_container_at_its_vmid_is_left_alone(running_pod, alice, plane, work):
    plane.remove_ct(running_pod.vmid)
    plane.put_ct(running_pod.node.name, running_pod.vmid, status="running")
    before = plane.cts()[running_pod.vmid]
    operation = destroy_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).error_code == "not_ours"
    assert fresh(running_pod).phase == "active"
    assert plane.cts()[running_pod.vmid] == before
