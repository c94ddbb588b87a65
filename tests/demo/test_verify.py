"""The demo's comparison of data plane and database: silent when they agree, and a sentence for each difference.

Decides: that the demo can fail. Not: what it plays.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.handle import FakeHandle
from demo.sabotage import Killed
from demo.scenario import Story
from demo.screen import Ordered
from demo.verify import verify
from operations.models import Operation
from pods.models import CloudPod, InterfaceAddress
from pods.services import Size, create_pod, purge_pod
from tests.cast import Person
from tests.demo.conftest import Api
from tests.work import Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def ordered(alice: Person, work: Work) -> Ordered:
    """A pod with a disk larger than the template's, made and told of as the demo's scenario has it."""
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size(disk_gib=20))
    work.until_idle()
    pod = CloudPod.objects.get(pk=operation.subject_id)
    address = InterfaceAddress.objects.get(interface__pod=pod).lease.address
    return Ordered(
        "TENANT-101",
        {"hostname": "web"},
        operation={"id": str(operation.pk)},
        pod={"cluster": "pve-a", "vmid": pod.vmid, "address": str(address), "disk_gib": pod.disk_gib},
    )


def untrue(ordered: Ordered, plane: FakeHandle) -> str:
    return "\n".join(verify(Story(orders=[ordered]), {"pve-a": plane}).untrue)


def test_it_is_silent_when_both_agree_and_tells_the_number_of_calls(ordered: Ordered, plane: FakeHandle) -> None:
    findings = verify(Story(orders=[ordered]), {"pve-a": plane})
    assert findings.untrue == []
    assert ("Calls a create on pve-a, by VMID", f"{ordered.pod['vmid']} (disk grown): 8") in findings.facts
    assert ("Containers compared with the database", "1") in findings.facts


Sabotage = Callable[[FakeHandle, int], None]
DIFFERENCES: dict[str, tuple[Sabotage, str]] = {
    "cores": (lambda plane, vmid: plane.edit_ct(vmid, cores=9), "cores is 9, the database says 2"),
    "memory": (lambda plane, vmid: plane.edit_ct(vmid, memory=9), "memory is 9"),
    "swap": (lambda plane, vmid: plane.edit_ct(vmid, swap=9), "swap is 9"),
    "hostname": (lambda plane, vmid: plane.edit_ct(vmid, hostname="other"), "hostname is 'other'"),
    "disk": (lambda plane, vmid: plane.edit_ct(vmid, rootfs="clients-main:x,size=9G"), "disk is 9.0"),
    "state": (lambda plane, vmid: plane.edit_ct(vmid, status="stopped"), "status is 'stopped'"),
    "tags": (lambda plane, vmid: plane.edit_ct(vmid, tags="cloudpod;tenant-9"), "tags is"),
    "card": (
        lambda plane, vmid: plane.edit_ct(vmid, net0="name=eth0,bridge=vmbr0,hwaddr=02:00:00:00:00:01"),
        "net0 is",
    ),
    "mark": (lambda plane, vmid: plane.edit_ct(vmid, description="by hand"), "does not bear the mark"),
    "node": (lambda plane, vmid: plane.move(vmid, "pve-02"), "node is 'pve-02', the database says 'pve'"),
    "lost": (lambda plane, vmid: plane.remove_ct(vmid), "and no container is there"),
    "copied": (
        lambda plane, vmid: plane.clone_by_hand(vmid, 9900),
        "CT 9900 is on node pve of pve-a, and no row explains it",
    ),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_is_a_sentence(name: str, ordered: Ordered, plane: FakeHandle) -> None:
    spoil, sentence = DIFFERENCES[name]
    spoil(plane, ordered.pod["vmid"])
    assert sentence in untrue(ordered, plane)


def test_what_was_asked_of_the_wrong_cluster_is_told(ordered: Ordered, plane: FakeHandle) -> None:
    Api(plane).refusal("GET", "/nodes/pve/lxc/9777/config")
    assert "Cluster pve-a was asked for what is none of its own: GET /nodes/pve/lxc/9777" in untrue(ordered, plane)


def test_two_clusters_without_a_vmid_in_common_show_nothing(
    ordered: Ordered, plane: FakeHandle, other_plane: FakeHandle
) -> None:
    both = {"pve-a": plane, "pve-b": other_plane}
    assert verify(Story(orders=[ordered]), both).untrue == ["No VMID has been on both clusters"]


def test_an_endpoint_that_was_stopped_before_or_after_everything_shows_nothing(
    ordered: Ordered, plane: FakeHandle
) -> None:
    for endpoint in plane.urls:  # all went by the first
        found = "\n".join(verify(Story(orders=[ordered], silenced=endpoint), {"pve-a": plane}).untrue)
        assert f"The endpoint {endpoint} was not stopped in the middle" in found


def test_an_address_given_twice_or_reserved_is_told(ordered: Ordered, plane: FakeHandle) -> None:
    reserved = Ordered("TENANT-101", {}, {"id": "x"}, ordered.pod | {"address": "10.1.10.90"})
    found = "\n".join(verify(Story(orders=[ordered, ordered, reserved]), {"pve-a": plane}).untrue)
    assert f"Address {ordered.pod['address']} was given to 2 pods" in found
    assert "Address 10.1.10.90 is reserved" in found


def test_a_call_too_many_is_told_unless_a_worker_was_killed_over_it(ordered: Ordered, plane: FakeHandle) -> None:
    ordered.pod["disk_gib"] = 8  # one call fewer would have been enough
    assert f"Creating CT {ordered.pod['vmid']} took 8 calls, more than 6: clone" in untrue(ordered, plane)
    killed = Killed(1, ordered.operation["id"], "web", "TENANT-101")
    assert verify(Story(orders=[ordered], killed=killed), {"pve-a": plane}).untrue == []


def test_a_destroyed_pods_container_is_gone_or_told(
    ordered: Ordered, plane: FakeHandle, alice: Person, work: Work
) -> None:
    story = Story(orders=[ordered], destroyed=ordered)
    vmid = ordered.pod["vmid"]
    assert f"CT {vmid} is still there, though its pod was destroyed" in verify(story, {"pve-a": plane}).untrue
    operation = Operation.objects.get(pk=ordered.operation["id"])
    purge_pod(by=alice.actor, pod=CloudPod.objects.get(pk=operation.subject_id), reason="no longer needed")
    work.until_idle()
    assert verify(story, {"pve-a": plane}).untrue == []


def test_an_answer_that_a_ct_is_locked_is_told(ordered: Ordered, plane: FakeHandle, alice: Person, work: Work) -> None:
    plane.fail("clone", 500, "CT is locked (disk)")
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="late")
    work.until_idle()
    assert "Proxmox answered 'CT is locked'" in untrue(ordered, plane)
