"""The address plan in the admin: how full it is, and that only its descriptions are edited."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from ipam.models import AddressRange, IPLease, Network, Subnet
from ipam.queries import Usage, usage_by_subnet
from tests.desk import desk, make_pods, page, rows

pytestmark = pytest.mark.django_db


def test_a_network_is_described_with_a_record_and_not_renamed(world):
    network = Network.objects.get()
    desk().post(page(network), {"name": "other", "description": "clients' LAN"})
    network.refresh_from_db()
    assert (network.name, network.description) == ("lan", "clients' LAN")
    assert AuditEvent.objects.get(resource_id=network.pk).action == "network.change"


def test_a_range_keeps_its_ends_whatever_is_posted(world):
    span = AddressRange.objects.get(kind="allocatable")
    desk().post(page(span), {"first": "10.1.10.1", "last": "10.1.10.254", "reason": "clients"})
    span.refresh_from_db()
    assert (span.first, span.last, span.reason) == ("10.1.10.50", "10.1.10.250", "clients")


def test_usage_counts_what_is_held_of_what_can_be_given_out(world, alice):
    make_pods(alice, 2)
    subnet = Subnet.objects.get()
    assert usage_by_subnet() == {subnet.pk: Usage(held=2, capacity=199)}
    assert "2 of 199" in desk().get(rows(Subnet)).content.decode()


def test_usage_of_a_subnet_without_ranges_is_nothing(world):
    empty = Subnet.objects.create(network=Network.objects.get(), cidr="10.9.0.0/24")
    assert usage_by_subnet([empty.pk]).get(empty.pk, Usage()) == Usage(0, 0)


def test_leases_are_filtered_by_whether_they_are_held(world, alice):
    make_pods(alice, 2)
    IPLease.objects.filter(address="10.1.10.50").update(released_at="2030-01-01T00:00Z")
    client = desk()
    held = client.get(rows(IPLease), {"held": "yes"}).context["cl"].result_list
    released = client.get(rows(IPLease), {"held": "no"}).context["cl"].result_list
    assert ([lease.address for lease in held], [lease.address for lease in released]) == (
        ["10.1.10.51"],
        ["10.1.10.50"],
    )
