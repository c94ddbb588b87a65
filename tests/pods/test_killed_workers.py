"""A worker is killed (SIGKILL, a real process) in the middle of a step: another one goes on, and nothing is doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection

from clusters.models import Cluster, StorageTier
from ipam.models import IPLease
from operations.models import Attempt, Operation
from pods.models import CloudPod
from pods.services import (
    Size,
    delete_snapshot,
    move_pod,
    purge_pod,
    reboot_pod,
    rename_pod,
    replace_ssh_keys,
    resize_pod,
    roll_back,
    start_pod,
    stop_pod,
    take_snapshot,
)
from tests.fleet import url_of_test_database
from tests.pods.changes import rounds
from tests.pods.conftest import ended, nothing_is_left, pod_of
from tests.pods.keys import ed25519_key, keys_for_next_boot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _clock_as_it_is(transactional_db) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_clock SET shift = '0'")


@contextmanager
def a_worker_at(operation: Operation) -> Iterator[subprocess.Popen[str]]:
    """A process that drives the operation, on this test's own database."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.programs.drive", str(operation.pk)],
        cwd=settings.ROOT,
        env={**os.environ, "DATABASE_URL": url_of_test_database()},
        stdout=subprocess.PIPE,
        text=True,
    )
    with worker:
        yield worker


def kill(worker: subprocess.Popen[str]) -> None:
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(timeout=10) == -signal.SIGKILL


def kill_while_proxmox_answers(plane, call: str, operation: Operation) -> None:
    """The request is carried out; the worker dies before it hears of it."""
    plane.hold(call)
    with a_worker_at(operation) as worker:
        plane.wait_held(call)
        kill(worker)
    plane.release(call)


def test_killed_between_the_clone_request_and_the_saving_of_its_upid_leaves_one_container(create, plane, work):
    operation = create()
    kill_while_proxmox_answers(plane, "clone", operation)
    cut_short = Attempt.objects.get(step__name="clone")
    assert (cut_short.ended_at, cut_short.wait_key) == (None, None)
    work.until_idle()
    assert operation.steps.get(name="clone").state == "begun"  # the dead worker's lease still holds
    work.pass_time(seconds=100)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = CloudPod.objects.get()
    assert plane.vmids() == {pod.vmid}
    assert IPLease.objects.get().released_at is None
    assert len(plane.record("clone")) == 1


def test_killed_while_the_clone_still_runs_waits_for_that_clone(create, plane, work):
    plane.hold_tasks()
    operation = create()
    kill_while_proxmox_answers(plane, "clone", operation)
    work.pass_time(seconds=100)
    assert work.drive(operation) == "parked"
    assert "vzclone:9000" in str(Attempt.objects.get(step__name="clone", number=2).wait_key)
    plane.release_tasks()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.vmids() == {pod_of(operation).vmid}
    assert len(plane.record("clone")) == 1


@pytest.mark.sampled(1)
@pytest.mark.parametrize("call", ["config_get", "config", "firewall", "resize", "start"])
def test_killed_at_any_call_of_a_create_the_pod_still_runs(call, create, plane, work):
    operation = create(disk_gib=9)
    work.drive(operation)
    plane.wait_idle()
    work.tick()
    if call == "start":
        work.drive(operation)
        plane.wait_idle()
        work.tick()
    kill_while_proxmox_answers(plane, call, operation)
    work.pass_time(seconds=100)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.vmids() == {pod_of(operation).vmid}


@pytest.mark.sampled(1)
@pytest.mark.parametrize("call", ["config_get", "status", "stop", "destroy"])
def test_killed_at_any_call_of_a_destroy_nothing_is_left(call, running_pod, alice, plane, work):
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    if call == "destroy":
        work.drive(operation)
        plane.wait_idle()
        work.tick()
    kill_while_proxmox_answers(plane, call, operation)
    work.pass_time(seconds=100)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("verb", "calls"),
    [
        (start_pod, ["config_get", "config", "start"]),
        (stop_pod, ["config_get", "config", "status", "shutdown", "stop"]),
        (reboot_pod, ["config_get", "status", "shutdown", "stop", "start"]),
    ],
    ids=["start", "stop", "reboot"],
)
def test_killed_at_any_call_that_starts_or_stops_a_pod_it_happens_once(verb, calls, running_pod, alice, plane, work):
    for call in calls:
        plane.edit_ct(running_pod.vmid, status="stopped" if verb is start_pod else "running", onboot=verb is stop_pod)
        plane.clear_record()
        operation = verb(by=alice.actor, pod=running_pod)
        if call == "stop":
            plane.fail_task("shutdown", "container did not stop")
        if call == "stop" or (verb, call) == (reboot_pod, "start"):
            work.drive(operation)
            plane.wait_idle()
            work.tick()
        kill_while_proxmox_answers(plane, call, operation)
        work.pass_time(seconds=100)
        work.until_idle()
        assert ended(operation).state == Operation.State.SUCCEEDED, call
        ends = [end["name"] for end in plane.task_ends() if end["exitstatus"] == "OK"]
        assert len([name for name in ends if name in ("shutdown", "stop")]) == (verb is not start_pod), call
        assert ends.count("start") == (verb is not stop_pod), call


def test_killed_in_the_undo_of_a_clone_nothing_is_left(create, plane, work):
    plane.fail_task("start", "broken")
    operation = create()
    for _ in range(2):  # cloned, configured and started
        work.drive(operation)
        plane.wait_idle()
        work.tick()
    kill_while_proxmox_answers(plane, "destroy", operation)
    work.pass_time(seconds=100)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert nothing_is_left(plane)


@pytest.mark.parametrize("call", ["clone", "config_get"])
def test_a_worker_that_was_paused_past_its_lease_asks_and_writes_nothing_more(call, create, plane, work):
    """SIGSTOP, another worker finishes the pod, SIGCONT: the first one finds its lease gone."""
    operation = create()
    if call == "config_get":
        work.drive(operation)
        plane.wait_idle()
        work.tick()
    plane.hold(call)
    with a_worker_at(operation) as worker:
        plane.wait_held(call)
        worker.send_signal(signal.SIGSTOP)
        plane.release(call)
        work.pass_time(seconds=100)
        work.until_idle()
        assert ended(operation).state == Operation.State.SUCCEEDED
        plane.clear_record()
        worker.send_signal(signal.SIGCONT)
        output, _ = worker.communicate(timeout=20)
    assert output.strip() == "lease lost"
    assert plane.record() == []
    assert ended(operation).state == Operation.State.SUCCEEDED


@pytest.mark.parametrize("call", ["config_get", "config"])
def test_killed_at_any_call_of_a_replacement_of_keys_the_new_ones_are_there(call, running_pod, alice, plane, work):
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    plane.clear_record()
    keys = [ed25519_key()]
    operation = replace_ssh_keys(by=alice.actor, pod=running_pod, keys=keys)
    kill_while_proxmox_answers(plane, call, operation)
    work.pass_time(seconds=100)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert keys_for_next_boot(plane, running_pod) == keys
    assert len(plane.record("config")) == 1


def what_it_has(plane, pod):
    ct = plane.cts()[pod.vmid]
    config = ct["config"]
    return ct["node"], config["hostname"], config["cores"], config["rootfs"].rpartition("=")[2], list(ct["snapshots"])


# By verb: its call, each with how many tasks end before it, and what the pod has in the end.
CHANGES = {
    "resize": (
        lambda **of: resize_pod(**of, size=Size(cores=4, disk_gib=20)),
        {"config": 0, "resize": 0, "pending": 1},
        ("pve", "web", 4, "20G", ["one"]),
    ),
    "rename": (lambda **of: rename_pod(**of, hostname="shop"), {"config": 0}, ("pve", "shop", 2, "8G", ["one"])),
    "snapshot": (
        lambda **of: take_snapshot(**of, name="two"),
        {"snapshot": 0},
        ("pve", "web", 2, "8G", ["one", "two"]),
    ),
    "delete_snapshot": (
        lambda **of: delete_snapshot(**of, name="one"),
        {"delete_snapshot": 0},
        ("pve", "web", 2, "8G", []),
    ),
    "rollback": (
        lambda **of: roll_back(**of, name="one", timeout_s=0),
        {"stop": 0, "rollback": 1, "firewall": 2, "start": 2},
        ("pve", "web", 2, "8G", ["one"]),
    ),
    "move": (
        lambda **of: move_pod(**of, timeout_s=0),
        {"stop": 0, "migrate": 1, "start": 2},
        ("pve-02", "web", 2, "8G", ["one"]),
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("verb", "call"), [(verb, call) for verb, (_, calls, _) in CHANGES.items() for call in calls])
def test_killed_at_any_call_that_changes_a_pod_it_happens_once(verb, call, world, create, alice, plane, work):
    ask, calls, has = CHANGES[verb]
    StorageTier.objects.update(clone_mode="full")
    world.copies["pve-02"].delete()
    pod = CloudPod.objects.get(pk=create().subject_id)
    work.until_idle()
    take_snapshot(by=alice.actor, pod=pod, name="one")
    work.until_idle()
    plane.clear_record()
    operation = ask(by=alice.actor, pod=pod)
    rounds(work, plane, calls[call])
    kill_while_proxmox_answers(plane, call, operation)
    work.pass_time(seconds=100)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert what_it_has(plane, pod) == has
    assert plane.cts()[pod.vmid]["status"] == "running"
    assert [end["name"] for end in plane.task_ends()] == list(dict.fromkeys(end["name"] for end in plane.task_ends()))
    granted = [asked for asked in plane.record(call) if asked["status"] == 200]
    assert len(granted) == 1 or call in ("pending", "firewall")  # repeated, these change nothing
