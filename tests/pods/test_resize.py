"""Resizing a pod: what it has afterwards, what is held of quota and node meanwhile, and what is left when it fails."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operations.cancelling import cancel
from operations.models import Operation, OperationInProgress
from pods.models import CloudPod
from pods.queries import held_by
from pods.refusals import (
    DiskOnlyGrows,
    NoCapacity,
    NothingToChange,
    PodDeleted,
    PodNeedsAttention,
    QuotaExceeded,
    TooLarge,
    TooSmall,
)
from pods.services import Size, create_pod, reboot_pod, resize_pod, start_pod
from tenants.services import set_quota
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

pytestmark = pytest.mark.django_db

LARGER = Size(cores=4, memory_mib=4096, swap_mib=1024, disk_gib=20)
AS_IT_WAS = (2, 2048, 512, 8)
AS_ASKED = (4, 4096, 1024, 20)


def has(pod):
    pod = fresh(pod)
    return pod.cores, pod.memory_mib, pod.swap_mib, pod.disk_gib


def really_has(plane, pod):
    config = config_of(plane, pod)
    return config["cores"], config["memory"], config["swap"], int(disk_of(plane, pod).removesuffix("G"))


@pytest.fixture
def resize(running_pod, plane, alice):
    """Ask for another size of the running pod."""
    plane.clear_record()

    def ask(size=LARGER, **options):
        return resize_pod(by=alice.actor, pod=running_pod, size=size, **options)

    return ask


# What it does


@pytest.mark.parametrize("which", ["running_pod", "stopped_pod"])
def test_a_pod_running_or_stopped_has_the_size_that_was_asked_for(which, request, plane, alice, work):
    pod = request.getfixturevalue(which)
    before = is_at(plane, pod)
    plane.clear_record()
    operation = resize_pod(by=alice.actor, pod=pod, size=LARGER, reason="the shop grows")
    assert has(pod) == AS_ASKED  # quota and node count it from the request on
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert has(pod) == AS_ASKED == really_has(plane, pod)
    assert writes(plane) == ["config", "resize"]
    assert is_at(plane, pod) == before
    assert fresh(pod).pending == []
    event = AuditEvent.objects.get(action="pod.resize")
    assert event.before == dict(zip(("cores", "memory_mib", "swap_mib", "disk_gib"), AS_IT_WAS, strict=True))
    assert (event.after["disk_gib"], event.reason) == (20, "the shop grows")
    assert is_settled(pod)


def test_what_is_not_asked_for_stays(resize, running_pod, plane, work):
    operation = resize(Size(cores=3))
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert has(running_pod) == (3, *AS_IT_WAS[1:]) == really_has(plane, running_pod)
    assert writes(plane) == ["config"]
    assert set(plane.record("config")[0]["params"]) == {"cores", "digest"}


def test_a_smaller_pod_gives_its_quota_back_only_when_it_is_smaller(resize, running_pod, plane, alice, work):
    resize()
    work.until_idle()
    operation = resize(Size(cores=1, memory_mib=2048, swap_mib=0))
    assert held_by(alice.tenant)["memory_mib"] == 4096
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert has(running_pod) == (1, 2048, 0, 20) == really_has(plane, running_pod)
    assert held_by(alice.tenant)["memory_mib"] == 2048


def test_what_waits_for_a_boot_is_said_until_the_pod_boots(resize, running_pod, plane, alice, work, monkeypatch):
    monkeypatch.setattr("clusters.dataplane.proxmox.ProxmoxPlane.pending", lambda *_: frozenset({"swap", "cores"}))
    resize()
    work.until_idle()
    assert fresh(running_pod).pending == ["cores", "swap"]
    start_pod(by=alice.actor, pod=running_pod)  # it runs: this boots nothing
    work.until_idle()
    assert fresh(running_pod).pending == ["cores", "swap"]
    reboot_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert fresh(running_pod).pending == []


def test_a_start_that_really_starts_it_is_a_boot_too(stopped_pod, alice, work):
    CloudPod.objects.update(pending=["swap"])
    start_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()
    assert fresh(stopped_pod).pending == []


def test_a_second_request_for_the_same_is_the_first(resize, running_pod, work):
    first = resize()
    assert resize().pk == first.pk
    with pytest.raises(OperationInProgress):
        resize(Size(cores=5))
    work.until_idle()
    assert ended(first).state == Operation.State.SUCCEEDED


def test_a_suspended_pod_can_be_resized_and_is_not_started(stopped_pod, plane, alice, work):
    CloudPod.objects.update(suspended_at="2026-01-01T00:00:00Z", suspended_reason="unpaid", desired_state="running")
    operation = resize_pod(by=alice.actor, pod=stopped_pod, size=LARGER)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, stopped_pod)[0] == "stopped"


# What is refused


@pytest.mark.parametrize(
    ("size", "error", "field"),
    [
        (Size(disk_gib=7), DiskOnlyGrows, "disk_gib"),
        (Size(memory_mib=1024), TooSmall, "memory_mib"),
        (Size(cores=0), TooSmall, "cores"),
        (Size(swap_mib=-1), TooSmall, "swap_mib"),
        (Size(disk_gib=131_073), TooLarge, "disk_gib"),
        (Size(cores=21), QuotaExceeded, "cores"),
        (Size(memory_mib=40_961), QuotaExceeded, "memory_mib"),
        (Size(disk_gib=401), QuotaExceeded, "disk_gib"),
        (Size(), NothingToChange, None),
        (Size(cores=2, disk_gib=8), NothingToChange, None),
    ],
)
def test_a_size_that_cannot_be_is_refused_and_nothing_changes(size, error, field, resize, running_pod, plane, work):
    refused(lambda: resize(size), error, action="pod.resize", field=field)
    work.until_idle()
    assert has(running_pod) == AS_IT_WAS
    assert writes(plane) == []


def test_the_quota_is_just_enough(resize, running_pod, alice, work):
    limits = {"pods": 1, "cores": 4, "memory_mib": 4096, "disk_gib": 20}
    set_quota(by=alice.actor, tenant=alice.tenant, limits=limits)
    operation = resize()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_a_tenant_over_its_quota_can_still_shrink(resize, running_pod, alice, work):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"pods": 1, "cores": 1, "memory_mib": 1024, "disk_gib": 8})
    operation = resize(Size(cores=1))
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_a_node_without_memory_for_it_is_named(resize, running_pod):
    node = running_pod.node
    node.memory_mib = 4095
    node.save()
    assert node.name in refused(resize, NoCapacity, action="pod.resize", field="memory_mib")
    node.memory_mib = 4096
    node.save()
    assert resize()


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"phase": "needs_attention"}, PodNeedsAttention),
        (
            {"phase": "deleted", "deleted_at": "2026-01-01T00:00:00Z", "purge_at": "2026-01-02T00:00:00Z"},
            PodDeleted,
        ),
    ],
    ids=["needs_attention", "deleted"],
)
def test_a_pod_that_cannot_be_changed_is_not(state, error, resize, running_pod):
    CloudPod.objects.update(**state)
    refused(resize, error, action="pod.resize", field=None)


# What goes wrong


def left_as_it_was(operation, pod, plane):
    assert ended(operation).state == Operation.State.FAILED
    assert has(pod) == AS_IT_WAS == really_has(plane, pod)
    assert is_at(plane, pod) == ("running", 1)
    assert is_settled(pod)
    return True


def test_a_disk_that_cannot_grow_leaves_all_as_it_was(resize, running_pod, plane, work):
    plane.fail_task("resize", "zfs error: out of space")
    operation = resize()
    work.until_idle()
    assert left_as_it_was(operation, running_pod, plane)
    assert (operation.error_step, operation.error_code) == ("grow", "storage_full")


def test_a_growth_that_ended_well_and_did_not_grow_is_a_failure(resize, running_pod, plane, work):
    operation = resize()
    rounds(work, plane, 1)
    rootfs = config_of(plane, running_pod)["rootfs"]
    plane.edit_ct(running_pod.vmid, rootfs=rootfs.replace("20G", "8G"))
    work.until_idle()
    assert left_as_it_was(operation, running_pod, plane)
    assert (operation.error_step, operation.error_code) == ("see", "task_failed")


@pytest.mark.parametrize("call", ["config", "resize"])
def test_what_proxmox_refuses_for_good_leaves_all_as_it_was(call, resize, running_pod, plane, work):
    plane.fail(call, status=500, message="made to fail", times=1)
    operation = resize()
    work.until_idle()
    assert left_as_it_was(operation, running_pod, plane)


@pytest.mark.parametrize("call", ["config_get", "config", "resize"])
def test_a_cluster_without_a_quorum_leaves_all_as_it_was(call, resize, running_pod, plane, work):
    plane.fail(call, status=500, message="cluster not ready - no quorum?", times=None)
    operation = resize()
    its_time_is_over(operation)
    rounds(work, plane, 2)
    plane.fail(call, status=500, message="cluster not ready - no quorum?")
    work.until_idle()
    assert left_as_it_was(operation, running_pod, plane)


def test_a_disk_that_grew_stays_and_is_counted_when_the_rest_is_undone(resize, running_pod, plane, alice, work):
    plane.fail("pending", status=403, message="Permission check failed (/vms/9100, VM.Audit)")
    operation = resize()
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.FAILED, "see")
    assert has(running_pod) == (2, 2048, 512, 20) == really_has(plane, running_pod)
    assert held_by(alice.tenant)["disk_gib"] == 20
    assert is_settled(running_pod)


def test_one_that_is_cancelled_is_undone(resize, running_pod, plane, alice, work):
    operation = resize()
    cancel(by=alice.actor, operation=operation, reason="a mistake")
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert has(running_pod) == AS_IT_WAS == really_has(plane, running_pod)


def test_a_strangers_container_is_left_alone(resize, running_pod, plane, work):
    stranger = replace_by_stranger(plane, running_pod)
    operation = resize()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert plane.cts()[running_pod.vmid] == stranger
    assert has(running_pod) == AS_IT_WAS


def test_a_stranger_that_comes_in_the_middle_is_left_alone(resize, running_pod, plane, work):
    operation = resize()
    work.drive(operation)
    stranger = replace_by_stranger(plane, running_pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert plane.cts()[running_pod.vmid] == stranger


# Lost answers


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "config", "resize", "pending"])
def test_a_lost_answer_does_not_keep_a_pod_from_its_size(call, resize, running_pod, plane, work):
    plane.lose_answer(call)
    operation = resize()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert has(running_pod) == AS_ASKED == really_has(plane, running_pod)
    assert effects(plane) == ["resize"]
    assert writes(plane) == ["config", "resize"]


def test_a_growth_whose_answer_was_lost_and_that_still_runs_is_waited_for(resize, running_pod, plane, work):
    plane.hold_tasks()
    plane.lose_answer("resize")
    operation = resize()
    work.drive_due()
    work.pass_time(seconds=3)
    assert work.drive(operation) == "parked"
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert writes(plane) == ["config", "resize"]


def test_a_growth_that_never_arrived_is_asked_for_again_after_a_minute(resize, running_pod, plane, work):
    plane.fail("resize", status=596, message=LOST)
    operation = resize()
    work.drive_due()
    work.pass_time(seconds=10)
    work.drive_due()
    assert len(plane.record("resize")) == 1
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert effects(plane) == ["resize"]


def test_a_growth_that_lands_while_it_is_undone_is_counted(resize, running_pod, plane, alice, work):
    plane.hold_tasks()
    plane.lose_answer("resize")
    operation = resize()
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
    assert has(running_pod) == (2, 2048, 512, 20) == really_has(plane, running_pod)


def test_what_could_be_neither_done_nor_undone_can_be_asked_for_again(resize, running_pod, plane, work):
    plane.fail("resize", status=500, message="made to fail")
    operation = resize()
    work.drive_due()
    plane.fail("config", status=403, message="Permission check failed (/vms/9100, VM.Config.CPU)", times=None)
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    plane.fail("config", status=500, message="cluster not ready - no quorum?", times=1)
    again = resize()
    work.until_idle()
    assert ended(again).state == Operation.State.SUCCEEDED
    assert has(running_pod) == AS_ASKED == really_has(plane, running_pod)


def test_two_pods_cannot_both_grow_into_what_is_left(resize, running_pod, alice, work):
    other = create_pod(by=alice.actor, tenant=alice.tenant, hostname="other")
    work.until_idle()
    limits = {"pods": 2, "cores": 6, "memory_mib": 40_000, "disk_gib": 100}
    set_quota(by=alice.actor, tenant=alice.tenant, limits=limits)
    resize(Size(cores=4))
    pod = CloudPod.objects.get(pk=other.subject_id)
    with pytest.raises(QuotaExceeded):
        resize_pod(by=alice.actor, pod=pod, size=Size(cores=3))
