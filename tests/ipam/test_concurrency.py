"""Real threads on connections of their own ask at the same moment: no address is given twice, none is lost."""

from __future__ import annotations

import pytest

from ipam.models import AddressTaken, IPLease, Subnet
from ipam.services import NoFreeAddress, allocate, release
from tests.ipam.conftest import make_plan
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8  # as many connections as a process' pool has


@pytest.fixture
def take(alice):
    def lease(subnet, address=None):
        return allocate(tenant=alice.tenant, subnet=subnet, purpose="a race", address=address)

    return lease


def plan(size: int) -> Subnet:
    return make_plan("race", "192.0.2.0/27", ("192.0.2.1", f"192.0.2.{size}"))


def test_no_address_is_given_twice_when_all_ask_at_once(take):
    subnet = plan(20)
    leases = together(AT_ONCE, lambda _: [take(subnet) for _ in range(2)])
    given = [lease.address for pair in leases for lease in pair]
    assert sorted(given) == sorted(f"192.0.2.{last}" for last in range(1, 2 * AT_ONCE + 1))


def test_the_last_addresses_go_to_some_and_the_others_are_told_that_none_is_free(take):
    subnet = plan(3)
    results = together(AT_ONCE, lambda _: take(subnet))
    assert sum(isinstance(result, IPLease) for result in results) == 3
    assert sum(isinstance(result, NoFreeAddress) for result in results) == AT_ONCE - 3
    assert IPLease.objects.values("address").distinct().count() == IPLease.objects.count() == 3


def test_one_of_those_who_ask_for_the_same_address_gets_it(take):
    subnet = plan(20)
    results = together(AT_ONCE, lambda _: take(subnet, "192.0.2.9"))
    assert sum(isinstance(result, IPLease) for result in results) == 1
    assert sum(isinstance(result, AddressTaken) for result in results) == AT_ONCE - 1


def test_releasing_together_is_releasing_once(take):
    lease = take(plan(3))
    assert together(AT_ONCE, lambda _: release(lease)) == [None] * AT_ONCE
    assert IPLease.objects.exclude(released_at=None).count() == 1
