"""A rebuilt pod has a fresh container, its old address and a new VMID; a rebuild that fails gives the old one back."""

from __future__ import annotations

import pytest

from clusters.models import GoldenTemplate
from operations.cancelling import TooLateToCancel, cancel
from operations.models import Operation
from pods.models import CloudPod, VmidHold
from pods.queries import memory_free
from pods.refusals import NoCapacity, NoFreeVmid, UnknownChoice
from pods.services import purge_pod, rebuild_pod
from tests.pods.conftest import ended, fresh, is_at, nothing_is_left

pytestmark = pytest.mark.django_db

CALLS = ["clone", "config", "firewall", "shutdown", "start", "destroy"]


def net0(plane, pod) -> str:
    return str(plane.cts()[pod.vmid]["config"]["net0"])


def holds(pod) -> list[tuple[int, bool]]:
    rows = VmidHold.objects.filter(pod=pod).order_by("taken_at")
    return [(row.vmid, row.released_at is None) for row in rows]


def is_the_old_one(plane, pod, old) -> bool:
    assert plane.vmids() == {old.vmid}
    assert (fresh(pod).vmid, fresh(pod).phase) == (old.vmid, "active")
    assert is_at(plane, old) == ("running", 1)
    assert [vmid for vmid, live in holds(pod) if live] == [old.vmid]
    return True


def test_a_rebuilt_pod_runs_under_its_address_and_a_new_vmid_and_the_old_container_is_gone(
    running_pod, alice, plane, work
):
    card = net0(plane, running_pod)
    plane.edit_ct(running_pod.vmid, description=plane.cts()[running_pod.vmid]["config"]["description"])
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = fresh(running_pod)
    assert pod.vmid != running_pod.vmid
    assert plane.vmids() == {pod.vmid}
    assert is_at(plane, pod) == ("running", 1)
    assert net0(plane, pod) == card
    assert holds(pod) == [(running_pod.vmid, False), (pod.vmid, True)]


def test_the_new_one_starts_only_after_the_old_one_has_stopped(running_pod, alice, plane, work):
    plane.clear_record()
    rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert [end["name"] for end in plane.task_ends()] == ["clone", "shutdown", "start", "destroy"]


def test_a_stopped_pod_is_rebuilt_stopped(stopped_pod, alice, plane, work):
    rebuild_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    pod = fresh(stopped_pod)
    assert pod.vmid != stopped_pod.vmid
    assert is_at(plane, pod) == ("stopped", 0)


def test_a_pod_whose_container_is_gone_is_rebuilt(running_pod, alice, plane, work):
    plane.remove_ct(running_pod.vmid)
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, fresh(running_pod)) == ("running", 1)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", CALLS)
def test_a_rebuild_that_fails_anywhere_gives_the_old_one_back(call, running_pod, alice, plane, work):
    plane.fail(call, 400, "made to fail")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_the_old_one(plane, running_pod, running_pod)


@pytest.mark.parametrize("task", ["clone", "start"])
def test_a_task_that_fails_gives_the_old_one_back(task, running_pod, alice, plane, work):
    plane.fail_task(task, "broken")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_the_old_one(plane, running_pod, running_pod)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", CALLS)
def test_a_lost_answer_anywhere_leaves_one_container(call, running_pod, alice, plane, work):
    plane.lose_answer(call)
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.vmids() == {fresh(running_pod).vmid}
    assert fresh(running_pod).vmid != running_pod.vmid


def test_an_old_one_that_cannot_be_destroyed_for_certain_needs_a_person_and_the_new_one_runs(
    running_pod, alice, olga, plane, work
):
    plane.fail_task("destroy", "dataset is busy")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    pod = fresh(running_pod)
    assert pod.phase == "needs_attention"
    assert is_at(plane, pod) == ("running", 1)
    assert sorted(vmid for vmid, live in holds(pod) if live) == sorted({running_pod.vmid, pod.vmid})
    purge_pod(by=olga.actor, pod=pod, reason="both go")
    work.until_idle()
    assert nothing_is_left(plane)


def test_it_cannot_be_cancelled_once_the_old_one_is_being_destroyed(running_pod, alice, plane, work):
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    plane.hold_tasks()
    for _ in range(20):
        work.drive_due()
        if operation.steps.get(name="destroy_old").state == "parked":
            break
        plane.release_tasks()
        plane.wait_idle()
        plane.hold_tasks()
        work.tick()
    with pytest.raises(TooLateToCancel, match="no way back"):
        cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_a_cancelled_rebuild_gives_the_old_one_back(running_pod, alice, plane, work):
    plane.hold_tasks()
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert is_the_old_one(plane, running_pod, running_pod)


def test_an_unknown_template_is_refused_and_takes_no_vmid(running_pod, alice):
    with pytest.raises(UnknownChoice) as refused:
        rebuild_pod(by=alice.actor, pod=running_pod, template="never")
    assert refused.value.field == "template"
    assert len(holds(running_pod)) == 1


def test_without_a_free_vmid_it_is_refused(running_pod, alice, world):
    world.cluster.pod_vmid_last = world.cluster.pod_vmid_first
    world.cluster.save()
    with pytest.raises(NoFreeVmid):
        rebuild_pod(by=alice.actor, pod=running_pod)


def test_without_a_usable_copy_it_is_refused(running_pod, alice, world):
    GoldenTemplate.objects.get().copies.update(enabled=False)
    with pytest.raises(NoCapacity):
        rebuild_pod(by=alice.actor, pod=running_pod)
    assert len(holds(running_pod)) == 1


@pytest.fixture
def no_copy_here(running_pod):
    """A rebuild has to go to another node."""
    GoldenTemplate.objects.get().copies.filter(node=running_pod.node).update(enabled=False)


@pytest.mark.usefixtures("no_copy_here")
def test_without_a_copy_on_its_node_it_is_rebuilt_on_another_that_has_room(running_pod, other, alice, plane, work):
    rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert fresh(running_pod).node == other
    assert is_at(plane, fresh(running_pod)) == ("running", 1)


@pytest.mark.usefixtures("no_copy_here")
def test_without_room_on_another_node_it_is_refused(running_pod, other, alice):
    other.memory_mib = running_pod.memory_mib - 1
    other.save()
    with pytest.raises(NoCapacity, match="2048 MiB of memory left"):
        rebuild_pod(by=alice.actor, pod=running_pod)
    assert len(holds(running_pod)) == 1


@pytest.mark.usefixtures("no_copy_here")
def test_what_a_rebuild_needs_on_another_node_is_given_to_nobody_else(running_pod, other, create, alice):
    other.memory_mib = 3000
    other.save()
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    assert memory_free(other) == 3000 - running_pod.memory_mib
    assert rebuild_pod(by=alice.actor, pod=running_pod) == operation  # it is counted once
    with pytest.raises(NoCapacity):
        create("second")


def test_a_rebuild_where_the_pod_is_needs_no_room_beside_it(running_pod, alice):
    running_pod.node.memory_mib = running_pod.memory_mib
    running_pod.node.save()
    rebuild_pod(by=alice.actor, pod=running_pod)
    assert memory_free(running_pod.node) == 0


def test_a_stranger_at_the_new_vmid_is_left_alone(running_pod, alice, plane, work):
    plane.put_ct(running_pod.node.name, running_pod.vmid + 1, status="running")
    operation = rebuild_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert ended(operation).error_code == "vmid_taken"
    assert plane.cts()[running_pod.vmid + 1]["status"] == "running"
    assert CloudPod.objects.get().vmid == running_pod.vmid
    assert is_at(plane, running_pod) == ("running", 1)
