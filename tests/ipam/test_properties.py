"""Any address plan, any sequence of requests: allocate() does what a naive model of the rules does.

Decides: plans, sequences and the model. Not: concurrency (test_concurrency.py), where order is nobody's promise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import given, note
from hypothesis import strategies as st

from core.errors import Refused
from ipam.models import AddressRange, IPLease, Network, Subnet
from ipam.queries import usage_by_subnet
from ipam.services import allocate, free_addresses, release
from tests.ipam.conftest import jump

pytestmark = pytest.mark.django_db

BASE = int(ipaddress.IPv4Address("10.77.0.64"))  # room below it, so that ranges can begin before their subnet
REST_MINUTES = 60

Span = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """Addresses are counted from the subnet's first; those below 0 or from `size` on lie outside it."""

    size: int
    gateway: int | None
    allocatable: tuple[Span, ...]
    excluded: tuple[Span, ...]


@dataclass
class Model:
    """The rules, as plainly as they can be said. Time is in minutes."""

    plan: Plan
    now: int = 0
    live: set[int] = field(default_factory=set)
    released: dict[int, tuple[int, int]] = field(default_factory=dict)  # when, and the how-manieth release it was
    releases: int = 0

    def allocatable(self, address: int) -> bool:
        never = (0, self.plan.size - 1, self.plan.gateway)
        return (
            0 <= address < self.plan.size
            and address not in never
            and any(first <= address <= last for first, last in self.plan.allocatable)
            and not any(first <= address <= last for first, last in self.plan.excluded)
        )

    def rests(self, address: int) -> bool:
        return address in self.released and self.now - self.released[address][0] < REST_MINUTES

    def free(self) -> list[int]:
        """In the order in which they are to be given."""
        inside = range(self.plan.size)
        free = [a for a in inside if self.allocatable(a) and a not in self.live and not self.rests(a)]
        return sorted(free, key=lambda a: (self.released[a][1] if a in self.released else 0, a))

    def next(self) -> int | str:
        return self.free()[0] if self.free() else "no_free_address"

    def asked_for(self, address: int) -> int | str:
        if not 0 <= address < self.plan.size:
            return "invalid"
        if not self.allocatable(address):
            return "address_reserved"
        if address in self.live:
            return "address_taken"
        return "address_reserved" if self.rests(address) else address

    def release(self, address: int) -> None:
        self.live.remove(address)
        self.releases += 1
        self.released[address] = (self.now, self.releases)


@st.composite
def spans(draw: st.DrawFn, size: int) -> tuple[Span, ...]:
    """Up to three runs of addresses that do not overlap; some stick out of the subnet."""
    ends = sorted(draw(st.lists(st.integers(-3, size + 2), min_size=2, max_size=6, unique=True)))
    return tuple(zip(ends[::2], ends[1::2], strict=False))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    size = draw(st.sampled_from([4, 8, 16]))
    gateway = draw(st.none() | st.integers(0, size - 1))
    excluded = draw(st.just(()) | spans(size))
    return Plan(size, gateway, draw(spans(size)), excluded)


REQUESTS = st.one_of(
    st.just(("next", 0)),
    st.tuples(st.just("asked_for"), st.integers(-1, 16)),
    st.tuples(st.just("release"), st.integers(0, 15)),
    st.tuples(st.just("pass"), st.sampled_from([1, 20, 40, 60])),
)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Each example begins with the same rows and the same time."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def text(address: int) -> str:
    return str(ipaddress.IPv4Address(BASE + address))


def make(plan: Plan) -> Subnet:
    prefix = 32 - (plan.size.bit_length() - 1)
    subnet = Subnet.objects.create(
        network=Network.objects.create(name="any"),
        cidr=f"{text(0)}/{prefix}",
        gateway=None if plan.gateway is None else text(plan.gateway),
    )
    for kind, runs in (("allocatable", plan.allocatable), ("excluded", plan.excluded)):
        for first, last in runs:
            AddressRange.objects.create(subnet=subnet, kind=kind, first=text(first), last=text(last))
    return subnet


@given(plan=plans(), requests=st.lists(REQUESTS, max_size=30))
def test_any_sequence_of_requests_on_any_plan_does_what_the_rules_say(alice, plan, requests):
    with rolled_back():
        Run(alice.tenant, plan).through(requests)


class Run:
    """The model and the real thing side by side."""

    def __init__(self, tenant, plan: Plan) -> None:
        self.tenant, self.model, self.subnet = tenant, Model(plan), make(plan)
        self.leases: dict[int, IPLease] = {}
        self.given = 0

    def through(self, requests: list[tuple[str, int]]) -> None:
        for verb, number in requests:
            note(f"{verb} {number}")
            getattr(self, verb if verb != "pass" else "pass_time")(number)
            self.compare()

    def next(self, _: int) -> None:
        self.allocated(self.model.next(), None)

    def asked_for(self, address: int) -> None:
        self.allocated(self.model.asked_for(address), text(address))

    def allocated(self, expected: int | str, asked: str | None) -> None:
        if isinstance(expected, str):
            with pytest.raises(Refused) as refused:
                self.allocate(asked)
            assert (refused.value.code, refused.value.field) == (expected, "address")
            return
        lease = self.allocate(asked)
        assert lease.address == text(expected)
        self.leases[expected] = lease
        self.model.live.add(expected)
        self.given += 1

    def allocate(self, asked: str | None) -> IPLease:
        return allocate(tenant=self.tenant, subnet=self.subnet, purpose="any", address=asked)

    def release(self, number: int) -> None:
        """Of those that are held, the one with this number; of an address that is not held, nothing happens."""
        if number in self.model.live:
            self.model.release(number)
        if number in self.leases:
            release(self.leases[number])

    def pass_time(self, minutes: int) -> None:
        self.model.now += minutes
        jump(minutes=minutes)

    def compare(self) -> None:
        rows = IPLease.objects.filter(subnet=self.subnet)
        held = list(rows.filter(released_at=None).values_list("address", flat=True))
        assert sorted(held) == sorted(text(address) for address in self.model.live)
        assert rows.count() == self.given, "a lease's row is gone"
        assert free_addresses(self.subnet) == len(self.model.free())
        usage = usage_by_subnet([self.subnet.pk])[self.subnet.pk]
        assert usage.held == len(self.model.live)
        assert usage.capacity == sum(self.model.allocatable(address) for address in range(self.model.plan.size))
