"""Which address is given, which never, and what is said when one cannot be had."""

from __future__ import annotations

import ipaddress

import pytest

from core.errors import Invalid, Refused
from ipam.models import AddressRange, AddressTaken, IPLease
from ipam.services import AddressReserved, NoFreeAddress, allocate, free_addresses, release
from tests.ipam.conftest import make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(alice):
    """Lease an address for alice."""

    def lease(subnet, address=None):
        return allocate(tenant=alice.tenant, subnet=subnet, purpose="a test", address=address)

    return lease


def take_all(take, subnet):
    """Lease until nothing is left."""
    taken = []
    while True:
        try:
            taken.append(take(subnet))
        except NoFreeAddress:
            return taken


def addresses(leases):
    return [lease.address for lease in leases]


def test_the_spec_s_plan_gives_its_199_addresses_and_never_those_of_the_nodes_or_the_template(take, lan):
    assert free_addresses(lan) == 199
    given = addresses(take_all(take, lan))
    assert given == [f"10.1.10.{last}" for last in range(50, 251) if last not in (70, 90)]
    assert free_addresses(lan) == 0


def test_gateway_network_and_broadcast_are_never_given_though_a_range_has_them(take, db):
    subnet = make_plan("whole", "198.51.100.0/29", ("198.51.100.0", "198.51.100.7"), gateway="198.51.100.3")
    assert addresses(take_all(take, subnet)) == [f"198.51.100.{last}" for last in (1, 2, 4, 5, 6)]


def test_an_address_outside_its_subnet_is_never_given_though_a_range_has_it(take, db):
    subnet = make_plan("beyond", "198.51.100.8/29", ("198.51.100.5", "198.51.100.9"))
    assert free_addresses(subnet) == 1
    assert addresses(take_all(take, subnet)) == ["198.51.100.9"]


def test_an_exclusion_of_several_addresses_keeps_all_of_them(take, small):
    AddressRange.objects.create(subnet=small, kind="excluded", first="192.0.2.3", last="192.0.2.5", reason="printers")
    assert addresses(take_all(take, small)) == ["192.0.2.6"]


def test_addresses_never_used_come_first_then_the_one_released_longest_ago(take, small, pass_time):
    four, five = take(small), take(small)
    release(five)
    release(four)
    pass_time(hours=2)
    assert addresses(take_all(take, small)) == ["192.0.2.6", "192.0.2.5", "192.0.2.4"]


def test_a_released_address_rests_for_an_hour(take, small, pass_time):
    leases = take_all(take, small)
    release(leases[1])
    pass_time(minutes=59)
    with pytest.raises(NoFreeAddress):
        take(small)
    pass_time(minutes=1)
    assert take(small).address == leases[1].address


def test_a_release_is_kept_as_a_row_and_done_once(take, small, pass_time):
    lease = take(small)
    release(lease)
    lease.refresh_from_db()
    ended = lease.released_at
    assert ended is not None
    pass_time(minutes=5)
    release(lease)
    lease.refresh_from_db()
    assert lease.released_at == ended
    assert IPLease.objects.count() == 1


def test_a_former_holder_s_second_release_does_not_take_the_address_from_the_next(take, small, pass_time):
    former = take(small, "192.0.2.5")
    release(former)
    pass_time(hours=2)
    present = take(small, "192.0.2.5")
    release(former)
    present.refresh_from_db()
    assert present.released_at is None


def test_exhaustion_is_told_with_subnet_and_network(take, small):
    assert len(take_all(take, small)) == 3
    with pytest.raises(NoFreeAddress, match=r"192\.0\.2\.0/29 of network small") as refused:
        take(small)
    assert (refused.value.code, refused.value.status, refused.value.field) == ("no_free_address", 409, "address")


def test_an_address_asked_for_is_given_and_then_passed_over(take, small):
    assert take(small, "192.0.2.4").address == "192.0.2.4"
    assert addresses(take_all(take, small)) == ["192.0.2.5", "192.0.2.6"]


@pytest.mark.parametrize(
    ("asked", "kind", "code", "words"),
    [
        ("10.1.10.1", AddressReserved, "address_reserved", "the gateway of 10.1.10.0/24"),
        ("10.1.10.0", AddressReserved, "address_reserved", "network or broadcast address of 10.1.10.0/24"),
        ("10.1.10.255", AddressReserved, "address_reserved", "network or broadcast address of 10.1.10.0/24"),
        ("10.1.10.70", AddressReserved, "address_reserved", "Proxmox node pve"),
        ("10.1.10.90", AddressReserved, "address_reserved", "the template while it is built"),
        ("10.1.10.49", AddressReserved, "address_reserved", "in no allocatable range of 10.1.10.0/24"),
        ("10.1.10.251", AddressReserved, "address_reserved", "in no allocatable range of 10.1.10.0/24"),
        ("10.1.11.50", Invalid, "invalid", "not in the subnet 10.1.10.0/24"),
        ("10.1.10.050", Invalid, "invalid", "10.1.10.050 is not an IPv4 address"),
        ("10.1.10.50/32", Invalid, "invalid", "is not an IPv4 address"),
        ("::1", Invalid, "invalid", "is not an IPv4 address"),
        ("", Invalid, "invalid", "is not an IPv4 address"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused_with_its_reason(take, lan, asked, kind, code, words):
    with pytest.raises(Refused, match=words) as refused:
        take(lan, asked)
    assert type(refused.value) is kind
    assert (refused.value.code, refused.value.field) == (code, "address")
    assert not IPLease.objects.exists()


def test_an_exclusion_without_a_reason_is_told_all_the_same(take, small):
    AddressRange.objects.create(subnet=small, kind="excluded", first="192.0.2.5", last="192.0.2.5")
    with pytest.raises(AddressReserved, match="excluded from allocation"):
        take(small, "192.0.2.5")


def test_a_taken_address_is_refused_without_saying_whose_it_is(take, small, charlie):
    allocate(tenant=charlie.tenant, subnet=small, purpose="charlie's secret", address="192.0.2.5")
    with pytest.raises(AddressTaken) as refused:
        take(small, "192.0.2.5")
    assert (refused.value.code, refused.value.field) == ("address_taken", "address")
    assert refused.value.message == "192.0.2.5 is taken."


def test_an_address_that_rests_is_refused_with_the_time_it_rests_until(take, small, pass_time):
    release(take(small, "192.0.2.5"))
    with pytest.raises(AddressReserved, match=r"rests until \d{4}-\d\d-\d\d \d\d:\d\d UTC"):
        take(small, "192.0.2.5")
    pass_time(hours=1)
    assert take(small, "192.0.2.5").address == "192.0.2.5"


def test_the_same_address_in_two_networks_is_fine(take, db):
    plan = ("10.9.0.0/30", ("10.9.0.1", "10.9.0.1"))
    one, other = make_plan("one", *plan), make_plan("other", *plan)
    assert take(one).address == take(other).address == "10.9.0.1"


def test_a_lease_says_whose_it_is_what_for_and_since_when(take, small, alice):
    lease = take(small)
    assert (lease.tenant, lease.purpose, lease.network) == (alice.tenant, "a test", small.network)
    assert lease.leased_at is not None
    assert ipaddress.ip_address(lease.address) in small.cidr
