"""A container that somebody moves between our look and our call: it is found again, and the work done at its new node.

Decides: that no move, at whatever call, leaves a pod half made or not destroyed, and that each is told. Not: moves
between two operations (test_create.py), nor what a stranger on another node means (test_between_two_lines.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from audit.models import AuditEvent
from clusters.models import Cluster
from demo.handle import FakeHandle
from operations.explain import explain
from operations.models import Operation
from pods.models import CloudPod
from pods.services import purge_pod, replace_ssh_keys
from pods.services.power import reboot_pod, start_pod, stop_pod
from tests.cast import Person
from tests.factories import World
from tests.pods.conftest import ended, nothing_is_left, pod_of
from tests.pods.keys import ed25519_key, keys_for_next_boot
from tests.work import Work

pytestmark = pytest.mark.django_db


def other_than(node: str) -> str:
    return "pve-02" if node == "pve" else "pve"


def ct_of(pod: CloudPod, plane: FakeHandle) -> dict[str, Any]:
    ct: dict[str, Any] = plane.cts()[pod.vmid]
    return ct


def told_as_moved(operation: Operation, pod: CloudPod, *, before: str) -> bool:
    """In the trail, with the operation that met it; and in the operation's own explanation."""
    event = AuditEvent.objects.get(action="pod.moved")
    assert (event.before, event.after) == ({"node": before}, {"node": other_than(before)})
    assert event.operation_id == operation.pk
    assert f"CT {pod.vmid} is on node {other_than(before)}, no longer on {before}." in explain(operation).happened
    outside = explain(operation, inside=False).happened
    assert "(moved)" in outside
    assert before not in outside.split()
    return True


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config", "firewall", "resize", "start"])
def test_a_pod_that_is_moved_while_it_is_made_runs_at_its_new_node(
    call: str, create: Callable[..., Operation], plane: FakeHandle, work: Work
) -> None:
    operation = create(disk_gib=20)
    pod = pod_of(operation)
    before, new = pod.node.name, other_than(pod.node.name)
    plane.move_before(call, pod.vmid, new)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    pod.refresh_from_db()
    ct = plane.cts()[pod.vmid]
    assert (pod.node.name, pod.observed_state) == (new, "running")
    assert (ct["node"], ct["status"], ct["config"]["onboot"]) == (new, "running", 1)
    assert "size=20G" in ct["config"]["rootfs"]
    assert ct["firewall"]["enable"] == 1
    assert told_as_moved(operation, pod, before=before)
    assert [end["name"] for end in plane.task_ends() if end["exitstatus"] == "OK"] == ["clone", "resize", "start"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["status", "stop", "destroy"])
def test_a_pod_that_is_moved_while_it_is_destroyed_is_gone_from_its_new_node(
    call: str, running_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work
) -> None:
    before = running_pod.node.name
    plane.move_before(call, running_pod.vmid, other_than(before))
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)
    assert told_as_moved(operation, running_pod, before=before)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("verb", "call", "ends_as"),
    [
        (stop_pod, "config", "stopped"),
        (stop_pod, "status", "stopped"),
        (stop_pod, "shutdown", "stopped"),
        (partial(stop_pod, timeout_s=0), "stop", "stopped"),
        (reboot_pod, "status", "running"),
        (reboot_pod, "shutdown", "running"),
        (partial(reboot_pod, timeout_s=0), "stop", "running"),
        (reboot_pod, "start", "running"),
    ],
)
def test_a_running_pod_that_is_moved_meanwhile_ends_as_it_was_asked_to(
    verb: Callable[..., Operation],
    call: str,
    ends_as: str,
    running_pod: CloudPod,
    alice: Person,
    plane: FakeHandle,
    work: Work,
) -> None:
    before = running_pod.node.name
    plane.move_before(call, running_pod.vmid, other_than(before))
    operation = verb(by=alice.actor, pod=running_pod)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert (ct_of(running_pod, plane)["node"], ct_of(running_pod, plane)["status"]) == (other_than(before), ends_as)
    assert told_as_moved(operation, running_pod, before=before)


@pytest.mark.parametrize("call", ["config", "start"])
def test_a_stopped_pod_that_is_moved_meanwhile_is_started_at_its_new_node(
    call: str, running_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work
) -> None:
    stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    before = running_pod.node.name
    plane.move_before(call, running_pod.vmid, other_than(before))
    operation = start_pod(by=alice.actor, pod=running_pod)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    ct = ct_of(running_pod, plane)
    assert (ct["node"], ct["status"], ct["config"]["onboot"]) == (other_than(before), "running", 1)
    assert told_as_moved(operation, running_pod, before=before)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "config"])
@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_the_keys_of_a_pod_that_is_moved_meanwhile_are_replaced_at_its_new_node(
    runs: bool, call: str, running_pod: CloudPod, world: World, alice: Person, plane: FakeHandle, work: Work
) -> None:
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    if not runs:
        stop_pod(by=alice.actor, pod=running_pod)
        work.until_idle()
    before, keys = running_pod.node.name, [ed25519_key("alice@new")]
    plane.move_before(call, running_pod.vmid, other_than(before))
    operation = replace_ssh_keys(by=alice.actor, pod=CloudPod.objects.get(pk=running_pod.pk), keys=keys)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert ct_of(running_pod, plane)["node"] == other_than(before)
    assert ct_of(running_pod, plane)["status"] == ("running" if runs else "stopped")
    assert keys_for_next_boot(plane, running_pod) == keys
    assert told_as_moved(operation, running_pod, before=before)


def test_a_pod_that_is_moved_while_its_creation_is_undone_is_discarded_at_its_new_node(
    create: Callable[..., Operation], plane: FakeHandle, work: Work
) -> None:
    operation = create()
    pod = pod_of(operation)
    plane.fail("firewall", 400, "made to fail")
    plane.move_before("destroy", pod.vmid, other_than(pod.node.name))
    work.until_idle()

    assert ended(operation).error_code == "invalid"
    assert nothing_is_left(plane)
    assert AuditEvent.objects.filter(action="pod.moved", operation_id=operation.pk).count() == 1


def test_a_pod_moved_to_a_node_that_nobody_declared_says_so(
    create: Callable[..., Operation], plane: FakeHandle, work: Work, world: object
) -> None:
    operation = create()
    pod = pod_of(operation)
    plane.add_node("pve-03")
    plane.move_before("config", pod.vmid, "pve-03")
    work.until_idle()

    assert ended(operation).state != Operation.State.SUCCEEDED
    assert "The cluster's declaration does not name that node." in operation.error_message
