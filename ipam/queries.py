"""How full the address plan is.

Decides: what counts as allocatable and as held. Not: which address is given next (services.py).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count

from ipam.models import AddressRange, IPLease, Subnet


@dataclass(frozen=True)
class Usage:
    """Addresses of a subnet that are held now, of those that may ever be given out."""

    held: int = 0
    capacity: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.held + other.held, self.capacity + other.capacity)


Span = tuple[int, int]


@dataclass(frozen=True)
class _Plan:
    """A subnet's ranges as numbers: the allocatable ones, and what is kept out of them."""

    inside: Span  # without the network's and the broadcast address
    gateway: int | None
    allocatable: list[Span] = field(default_factory=list)
    excluded: list[Span] = field(default_factory=list)


def usage_by_subnet(subnets: Iterable[UUID] | None = None) -> dict[UUID, Usage]:
    """Two queries, however many subnets there are; None: all of them."""
    ranges, leases = AddressRange.objects.all(), IPLease.objects.filter(released_at=None)
    if subnets is not None:
        wanted = list(subnets)
        ranges, leases = ranges.filter(subnet__in=wanted), leases.filter(subnet__in=wanted)
    held = dict(leases.order_by().values_list("subnet").annotate(Count("pk")))
    plans: dict[UUID, _Plan] = {}
    for row in ranges.select_related("subnet"):
        plan = plans.setdefault(row.subnet_id, _plan_of(row.subnet))
        runs = plan.allocatable if row.kind == AddressRange.Kind.ALLOCATABLE else plan.excluded
        runs.append((_number(row.first), _number(row.last)))
    capacity = {subnet: _capacity(plan) for subnet, plan in plans.items()}
    return {subnet: Usage(held.get(subnet, 0), capacity.get(subnet, 0)) for subnet in {*held, *capacity}}


def _plan_of(subnet: Subnet) -> _Plan:
    inside = (int(subnet.cidr.network_address) + 1, int(subnet.cidr.broadcast_address) - 1)
    return _Plan(inside, _number(subnet.gateway) if subnet.gateway else None)


def _capacity(plan: _Plan) -> int:
    """Ranges of one kind never overlap (a constraint), so overlaps of the two kinds can be taken off one by one."""
    allocatable = [(max(first, plan.inside[0]), min(last, plan.inside[1])) for first, last in plan.allocatable]
    kept = list(plan.excluded)
    if plan.gateway is not None and not any(first <= plan.gateway <= last for first, last in kept):
        kept.append((plan.gateway, plan.gateway))
    everything = sum(max(0, last - first + 1) for first, last in allocatable)
    return everything - sum(
        max(0, min(last, to) - max(first, from_) + 1) for from_, to in kept for first, last in allocatable
    )


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))
