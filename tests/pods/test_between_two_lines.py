"""What happens between a look and the call after it, or between a call and its record: found by attacking our own code.

Decides: that each ends well, or in a state that says what is left. Not: killed workers (test_killed_workers.py).
"""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.proxmox import ProxmoxPlane
from ipam.models import IPLease
from operations.models import Operation
from pods.models import CloudPod
from pods.services import purge_pod
from tests.pods.conftest import ended, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def go_on(work, plane):
    """One round of everybody: tasks end, the controller looks, workers drive what is due."""

    def rounds(count: int = 1) -> None:
        for _ in range(count):
            work.drive_due()
            plane.wait_idle()
            work.tick()

    return rounds


@pytest.fixture
def retry(work):
    """The next try, without waiting for it."""

    def now() -> None:
        work.pass_time(seconds=40)
        work.drive_due()

    return now


def just_before(call, do, monkeypatch):
    """Let something happen once, between our look and this call."""
    real = getattr(ProxmoxPlane, call)

    def late(self, *args, **options):
        monkeypatch.setattr(ProxmoxPlane, call, real)
        do()
        return real(self, *args, **options)

    monkeypatch.setattr(ProxmoxPlane, call, late)


@pytest.fixture
def tasks_end(plane):
    def end() -> None:
        plane.release_tasks()
        plane.wait_idle()

    return end


def on_one_node(world) -> None:
    world.nodes["pve-02"].enabled = False
    world.nodes["pve-02"].save()


# A request whose answer was lost has its effect later


def test_a_removal_that_ends_just_before_it_is_asked_for_again_is_a_success(
    running_pod, plane, alice, work, go_on, retry, tasks_end, monkeypatch
):
    plane.lose_answer("destroy")
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    go_on()
    plane.hold_tasks()
    work.drive_due()
    just_before("destroy", tasks_end, monkeypatch)
    retry()
    work.until_idle()
    assert ended(operation).state == "succeeded"
    assert nothing_is_left(plane)


def test_a_removal_whose_task_finds_nothing_is_a_success(running_pod, plane, alice, work, go_on):
    plane.fail_task("destroy", f"Configuration file 'nodes/pve/lxc/{running_pod.vmid}.conf' does not exist")
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    go_on()
    work.drive_due()
    plane.wait_idle()
    plane.remove_ct(running_pod.vmid)
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_the_same_while_a_create_is_undone(create, plane, work, go_on, retry, tasks_end, monkeypatch):
    plane.fail_task("start", "broken")
    operation = create()
    go_on(2)
    plane.lose_answer("destroy")
    plane.hold_tasks()
    work.drive_due()
    just_before("destroy", tasks_end, monkeypatch)
    retry()
    work.until_idle()
    assert ended(operation).state == "failed"
    assert nothing_is_left(plane)


def test_a_container_that_vanishes_between_look_and_stop_is_a_success(running_pod, plane, alice, work, monkeypatch):
    just_before("running", lambda: plane.remove_ct(running_pod.vmid), monkeypatch)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_container_that_is_being_removed_has_no_mark_any_more_and_is_waited_for(
    running_pod, plane, alice, work, go_on, retry
):
    plane.lose_answer("destroy")
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    go_on()
    plane.hold_tasks()
    work.drive_due()
    plane.edit_ct(running_pod.vmid, description=None)
    plane.set_lock(running_pod.vmid, "destroyed")
    retry()
    plane.remove_ct(running_pod.vmid)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_start_that_comes_after_the_stop_is_stopped_again(create, plane, work, go_on, retry, tasks_end):
    """All answers to the start were lost; while it is undone, one of the starts takes effect."""
    operation = create()
    go_on()
    plane.lose_answer("start", times=5)
    plane.hold_tasks()
    work.drive_due()
    for _ in range(5):
        retry()
    tasks_end()
    work.until_idle()
    assert ended(operation).state == "failed"
    assert nothing_is_left(plane)


def test_a_container_that_somebody_starts_between_stop_and_removal_is_stopped_again(
    running_pod, plane, alice, work, go_on
):
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    go_on()
    plane.edit_ct(running_pod.vmid, status="running")
    work.until_idle()
    assert ended(operation).state == "succeeded"
    assert nothing_is_left(plane)


def test_a_growth_that_lands_between_look_and_request_is_enough(create, plane, work, go_on, retry, monkeypatch):
    operation = create(disk_gib=9)
    go_on()
    plane.fail("resize", status=596, message="Connection timed out")
    work.drive_due()
    rootfs = plane.cts()[9100]["config"]["rootfs"]
    grown = rootfs.replace("size=8G", "size=9G")
    assert grown != rootfs
    just_before("grow", lambda: plane.edit_ct(9100, rootfs=grown), monkeypatch)
    retry()
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_the_horizon_of_a_request_counts_from_when_it_was_sent(create, plane, work, retry, monkeypatch):
    """A look that took long comes before the request: the VMID is not let go a moment after it was sent."""
    operation = create()
    plane.lose_answer("clone", times=2)
    work.drive_due()
    plane.remove_ct(9100)
    just_before("look", lambda: work.pass_time(seconds=70), monkeypatch)
    retry()
    plane.remove_ct(9100)  # it has not arrived yet
    Operation.objects.filter(pk=operation.pk).update(deadline_at="2020-01-01T00:00:00Z")
    work.pass_time(seconds=3)
    work.drive_due()
    assert Operation.objects.get().is_live


# Strangers


def test_a_stranger_on_another_node_is_not_followed(create, plane, work, world):
    on_one_node(world)
    plane.put_ct("pve-02", 9100, hostname="stranger")
    operation = create()
    work.until_idle()
    assert ended(operation).error_code == "vmid_taken"
    assert pod_of(operation).node.name == "pve"
    assert not AuditEvent.objects.filter(action="pod.moved")


def test_a_worker_whose_lease_has_gone_does_not_write_a_move(create, plane, work, go_on, monkeypatch):
    operation = create()
    go_on()
    before = pod_of(operation).node.name
    plane.move(9100, "pve-02" if before == "pve" else "pve")
    look = ProxmoxPlane.look

    def then_lose_the_lease(self, ct):
        found = look(self, ct)  # raises Moved the first time; finds it on its new node the second
        Operation.objects.filter(pk=operation.pk).update(epoch=99)
        return found

    monkeypatch.setattr(ProxmoxPlane, "look", then_lose_the_lease)
    assert work.drive(operation) == "lease lost"
    assert pod_of(operation).node.name == before


def test_a_container_of_ours_whose_mark_was_removed_is_not_forgotten(create, plane, work, go_on):
    """It may be ours or not: it is left alone, and so is what the pod holds, until a person has looked."""
    operation = create()
    go_on()
    plane.edit_ct(9100, description=None)
    work.until_idle()
    assert ended(operation).state == "needs_attention"
    assert "once it is out of the way" in operation.error_message
    assert IPLease.objects.get().released_at is None
    plane.remove_ct(9100)
    again = purge_pod(by=operation.actor, pod=pod_of(operation), reason="no longer needed")
    work.until_idle()
    assert ended(again).state == "succeeded"


def test_a_strangers_container_at_the_templates_vmid_is_never_copied_to_a_tenant(create, plane, work, world):
    on_one_node(world)
    plane.remove_ct(9000)
    rootfs = "clients-main:subvol-9000-disk-0,size=8G"
    plane.put_ct("pve", 9000, hostname="strangers-mail-server", rootfs=rootfs, description="private")
    operation = create()
    work.until_idle()
    assert ended(operation).state == "failed"
    assert plane.vmids() == {9000}


# Outages and clocks


def test_a_destroy_that_was_finished_during_an_outage_of_ours_is_a_success(running_pod, plane, alice, work, go_on):
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    go_on()
    work.drive_due()
    plane.wait_idle()
    assert plane.vmids() == set()
    work.pass_time(minutes=21)
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_create_that_was_finished_during_an_outage_of_ours_is_a_success(create, plane, work, go_on):
    operation = create()
    go_on()
    work.drive_due()
    plane.wait_idle()
    assert plane.cts()[9100]["status"] == "running"
    work.pass_time(minutes=21)
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_token_that_is_refused_for_a_while_does_not_stop_an_undo_for_good(create, plane, work, go_on):
    plane.fail_task("start", "broken")
    operation = create()
    go_on(2)
    plane.refuse_token()
    work.drive_due()
    plane.refuse_token(False)
    work.observe()
    work.until_idle()
    assert ended(operation).state == "failed"
    assert nothing_is_left(plane)


def test_a_clock_that_was_set_back_does_not_keep_an_address_from_being_released(running_pod, plane, alice, work):
    work.pass_time(seconds=-600)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == "succeeded"
    assert nothing_is_left(plane)


def test_a_container_that_was_stopped_before_a_refused_destroy_stays_stopped(running_pod, plane, alice, work):
    plane.edit_ct(running_pod.vmid, status="stopped")
    message = f"can't remove CT {running_pod.vmid} - protection mode enabled"
    plane.fail("destroy", status=500, message=message, times=None)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).error_code == "protected"
    assert plane.cts()[running_pod.vmid]["status"] == "stopped"


def test_a_pod_whose_stop_was_never_answered_runs_again_after_a_refused_destroy(running_pod, plane, alice, work):
    """The stop worked though its answer was lost: that no task of it is known is no sign that it did nothing."""
    plane.lose_answer("stop")
    message = f"can't remove CT {running_pod.vmid} - protection mode enabled"
    plane.fail("destroy", status=500, message=message, times=None)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).error_code == "protected"
    assert plane.cts()[running_pod.vmid]["status"] == "running"


# Operations that a release cannot drive


def test_an_operation_that_cannot_be_opened_asks_for_a_person_in_the_end(create, plane, work):
    operation = create()
    Operation.objects.filter(pk=operation.pk).update(params={"full_clone": True, "of_another_release": 1})
    for _ in range(4):
        work.pass_time(minutes=10)
        work.drive_due()
    assert ended(operation).state == "needs_attention"
    assert CloudPod.objects.get().gone_at is None


def test_an_operation_of_an_unknown_version_does_not_block_its_lane(create, plane, work, world, tasks_end):
    on_one_node(world)
    plane.hold_tasks()
    one, two, three = create("one"), create("two"), create("three")
    for operation in (one, two, three):
        work.drive(operation)
    Operation.objects.filter(pk=two.pk).update(version=99)
    tasks_end()
    for _ in range(10):
        plane.wait_idle()
        work.tick()
        work.drive_due()
        work.pass_time(seconds=10)
    assert ended(three).state == "succeeded"
