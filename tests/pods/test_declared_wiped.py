"""What a lost node held is nobody's until it is surely wiped, and again nobody's if that was wrong."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from audit.services import SYSTEM
from clusters.findings import open_findings
from clusters.models import Finding, Node
from core.errors import Refused
from ipam.models import AddressRange, IPLease
from pods.services import start_pod
from pods.writing_off import ContainersReturned, NodeNotWrittenOff, declare_wiped, write_off_node
from tests.pods.conftest import ended, fresh, pod_of

pytestmark = pytest.mark.django_db


def write_off(node):
    return write_off_node(by=SYSTEM, node=node, reason="it burnt down")


def wiped(node):
    return declare_wiped(by=SYSTEM, node=node, reason="it was scrapped")


def of_node(node):
    return Node.objects.get(pk=node.pk)


def test_a_node_that_was_not_written_off_cannot_be_declared_wiped(lost_node):
    with pytest.raises(NodeNotWrittenOff):
        wiped(lost_node)


# What it held


@pytest.fixture
def the_only_address(lost_node, burn, create, work, world):
    """A range of one address and one VMID, which the lost pod holds."""
    AddressRange.objects.filter(kind="allocatable").update(last="10.1.10.50")
    world.cluster.pod_vmid_last = 9100
    world.cluster.save()
    pod = pod_of(create("lost"))
    work.until_idle()
    burn()
    write_off(lost_node)
    return pod


def nothing_is_given(create, world):
    """Neither its address nor its VMID, each tried with room for the other."""
    AddressRange.objects.filter(kind="allocatable").update(last="10.1.10.60")
    with pytest.raises(Refused, match="no free VMID"):
        create("new")
    AddressRange.objects.filter(kind="allocatable").update(last="10.1.10.50")
    world.cluster.pod_vmid_last = 9999
    world.cluster.save()
    with pytest.raises(Refused, match="No address is free"):
        create("new")
    world.cluster.pod_vmid_last = 9100
    world.cluster.save()


def test_its_address_and_vmid_are_given_to_nobody_however_long_it_takes(the_only_address, create, work, world):
    work.pass_time(days=400)
    nothing_is_given(create, world)


def test_once_it_is_wiped_they_rest_and_are_given_again(the_only_address, lost_node, create, plane, work, world):
    work.pass_time(days=400)
    plane.remove_ct(9100)
    assert wiped(lost_node) == 1
    nothing_is_given(create, world)
    work.pass_time(minutes=61)
    operation = create("new")
    work.until_idle()
    assert ended(operation).state == "succeeded"
    assert pod_of(operation).vmid == 9100
    assert IPLease.objects.get(released_at=None).address == "10.1.10.50"


def test_when_it_comes_back_its_containers_are_found_before_anything_is_given(
    the_only_address, lost_node, create, plane, work, world
):
    work.observe()
    assert not open_findings()  # its node is away: the cluster lists its containers all the same
    plane.node_offline("pve-02", offline=False)
    work.observe()
    finding = open_findings().get()
    assert (finding.code, finding.about, finding.severity) == ("returned", "CT 9100", "critical")
    assert "10.1.10.50" in finding.what_to_do
    assert "TENANT-101" in finding.detail
    with pytest.raises(ContainersReturned, match="CT 9100"):
        wiped(lost_node)
    work.pass_time(days=1)
    nothing_is_given(create, world)
    plane.remove_ct(9100)
    work.observe()
    assert Finding.objects.get().closed_at is not None
    wiped(lost_node)
    work.pass_time(minutes=61)
    assert create("new")


def test_one_that_was_declared_wiped_and_was_not_has_what_it_holds_held_back_again(
    the_only_address, lost_node, create, plane, work, world
):
    """Whoever declared it wiped was wrong, and it came back after the addresses had begun to be free again."""
    assert wiped(lost_node) == 1
    work.pass_time(minutes=61)
    plane.node_offline("pve-02", offline=False)
    work.observe()
    assert open_findings().get().code == "returned"
    assert AuditEvent.objects.get(action="pod.returned").resource_name == "lost"
    with pytest.raises(ContainersReturned, match="CT 9100"):
        wiped(lost_node)
    plane.remove_ct(9100)
    work.observe()
    work.pass_time(days=1)
    nothing_is_given(create, world)
    assert wiped(lost_node) == 1
    work.pass_time(minutes=61)
    assert create("new")


def test_a_wiped_node_can_be_taken_into_use_again(lost_node, burn, plane, create, work, world):
    burn()
    write_off(lost_node)
    wiped(lost_node)
    node = of_node(lost_node)
    assert (node.written_off_at, node.enabled) == (None, False)
    plane.node_offline("pve-02", offline=False)
    node.enabled = True
    node.save()
    node.template_copies.update(enabled=True)
    names = {pod_of(create(name)).node.name for name in ("one", "two")}
    assert names == {"pve", "pve-02"}


def test_a_lost_pod_takes_no_operation(the_only_address, alice):
    with pytest.raises(Refused, match="gone"):
        start_pod(by=alice.actor, pod=fresh(the_only_address))
