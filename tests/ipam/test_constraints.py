"""What no path into the database can do, whichever code it takes: the address plan's invariants as constraints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.clock import control_now
from core.errors import Refused, refusing_violations
from ipam.models import AddressRange, AddressTaken, IPLease, PlanContradiction, Subnet
from ipam.services import allocate, release
from tests.ipam.conftest import make_plan

pytestmark = pytest.mark.django_db


def refusal_of(write):
    """Bypass every service, violate a constraint, and say which refusal it means."""
    with pytest.raises(Refused) as refused, refusing_violations(), transaction.atomic():
        write()
    assert isinstance(refused.value.__cause__, IntegrityError)
    return refused.value


def lease_row(subnet, tenant, address, **other):
    return IPLease.objects.create(
        tenant=tenant, network=subnet.network, subnet=subnet, address=address, leased_at=control_now(), **other
    )


def test_two_live_leases_of_an_address_are_refused_by_the_database(small, alice, charlie):
    allocate(tenant=alice.tenant, subnet=small, purpose="first", address="192.0.2.5")
    refused = refusal_of(lambda: lease_row(small, charlie.tenant, "192.0.2.5"))
    assert isinstance(refused, AddressTaken)
    assert refused.field == "address"


def test_two_live_leases_of_an_address_are_refused_across_the_subnets_of_a_network(small, alice):
    neighbour = Subnet.objects.create(network=small.network, cidr="192.0.2.8/29")
    lease_row(small, alice.tenant, "192.0.2.5")
    assert isinstance(refusal_of(lambda: lease_row(neighbour, alice.tenant, "192.0.2.5")), AddressTaken)


def test_a_released_lease_makes_room_for_the_next(small, alice):
    release(lease_row(small, alice.tenant, "192.0.2.5"))
    lease_row(small, alice.tenant, "192.0.2.5")
    assert IPLease.objects.filter(address="192.0.2.5").count() == 2


def test_a_lease_cannot_end_before_it_begins(small, alice):
    before = control_now() - timedelta(minutes=1)
    refused = refusal_of(lambda: lease_row(small, alice.tenant, "192.0.2.5", released_at=before))
    assert (type(refused), refused.field) == (PlanContradiction, "released_at")


@pytest.mark.parametrize("cidr", ["192.0.2.0/29", "192.0.2.4/30", "192.0.2.0/24", "0.0.0.0/0"])
def test_overlapping_subnets_of_a_network_are_refused(small, cidr):
    refused = refusal_of(lambda: Subnet.objects.create(network=small.network, cidr=cidr))
    assert (type(refused), refused.field, refused.status) == (PlanContradiction, "cidr", 400)


def test_neighbouring_subnets_and_equal_ones_of_other_networks_are_fine(small):
    Subnet.objects.create(network=small.network, cidr="192.0.2.8/29")
    assert make_plan("elsewhere", "192.0.2.0/29").cidr == small.cidr


@pytest.mark.parametrize(
    ("first", "last"), [("192.0.2.4", "192.0.2.6"), ("192.0.2.6", "192.0.2.6"), ("192.0.2.1", "192.0.2.4")]
)
def test_overlapping_ranges_of_a_kind_are_refused(small, first, last):
    again = {"subnet": small, "kind": "allocatable", "first": first, "last": last}
    refused = refusal_of(lambda: AddressRange.objects.create(**again))
    assert (type(refused), refused.field) == (PlanContradiction, "first")
    AddressRange.objects.create(**{**again, "kind": "excluded"})


def test_a_range_that_ends_before_it_begins_is_refused(small):
    backwards = {"subnet": small, "kind": "excluded", "first": "192.0.2.6", "last": "192.0.2.5"}
    refused = refusal_of(lambda: AddressRange.objects.create(**backwards))
    assert (type(refused), refused.field) == (PlanContradiction, "last")


@pytest.mark.parametrize("text", ["192.0.2.1/29", "192.0.2.0/33", "2001:db8::/32", "lan", ""])
def test_what_is_no_ipv4_network_is_told_in_words(text):
    with pytest.raises(ValidationError, match=r"such as 10\.1\.10\.0/24"):
        Subnet._meta.get_field("cidr").clean(text, None)
