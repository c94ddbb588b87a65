"""How full the address plan is.

Decides: what counts as allocatable and as held. Not: which address is given next (services.py).
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from ipam.models import AddressRange, IPLease


@dataclass(frozen=True)
class Usage:
    """Addresses of a subnet that are held now, of those that may ever be given out."""

    held: int = 0
    capacity: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.held + other.held, self.capacity + other.capacity)


def usage_by_subnet(subnets: Iterable[UUID] | None = None) -> dict[UUID, Usage]:
    """Two queries, however many subnets there are; None: all of them."""
    ranges, leases = AddressRange.objects.all(), IPLease.objects.filter(released_at=None)
    if subnets is not None:
        wanted = list(subnets)
        ranges, leases = ranges.filter(subnet__in=wanted), leases.filter(subnet__in=wanted)
    held = dict(leases.order_by().values_list("subnet").annotate(Count("pk")))
    spans: dict[UUID, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for subnet, kind, first, last in ranges.values_list("subnet", "kind", "first", "last"):
        spans[subnet][kind].append((_number(first), _number(last)))
    return {
        subnet: Usage(held.get(subnet, 0), _capacity(spans[subnet])) for subnet in {*held, *list(spans)}
    }


def _capacity(spans: dict[str, list[tuple[int, int]]]) -> int:
    """Ranges of one kind never overlap (a constraint), so overlaps of the two kinds can be taken off one by one."""
    allocatable = spans[AddressRange.Kind.ALLOCATABLE]
    size = sum(last - first + 1 for first, last in allocatable)
    for from_, to in spans[AddressRange.Kind.EXCLUDED]:
        size -= sum(max(0, min(last, to) - max(first, from_) + 1) for first, last in allocatable)
    return size


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))
