"""allocate() and release(): which address a tenant gets, and when one may be given again.

Decides: the order (never used first, then the one released longest ago), the rest, and what is never leased.
Not: what the address is configured on (pods/).
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from core.clock import ControlNow, control_now
from core.errors import Invalid, Refused, refusing_violations
from ipam.models import AddressRange, AddressTaken, IPLease, Subnet
from tenants.models import Tenant

# Longer than any lease of an operation or request could still be in flight: a late packet or a late worker of the
# former holder must not meet the new one.
ADDRESS_REST = timedelta(hours=1)

# One query picks the address: candidates are what the allocatable ranges have of the subnet, without the excluded ones,
# the gateway, the network's and the broadcast address; a live lease or one that still rests takes an address out.
_NEXT_FREE = """
WITH candidate AS (
    SELECT host(r.first + n)::inet AS address
      FROM ipam_addressrange r, generate_series(0, r.last - r.first) AS n
     WHERE r.subnet_id = %(subnet)s AND r.kind = 'allocatable'
), history AS (
    SELECT address, max(released_at) AS released_at, bool_or(released_at IS NULL OR held_back) AS live
      FROM ipam_iplease WHERE network_id = %(network)s GROUP BY address
)
SELECT host(c.address)
  FROM candidate c
  JOIN ipam_subnet s ON s.id = %(subnet)s
  LEFT JOIN history h ON h.address = c.address
 WHERE c.address << s.cidr AND (s.gateway IS NULL OR c.address <> s.gateway)
   AND c.address <> host(network(s.cidr))::inet AND c.address <> host(broadcast(s.cidr))::inet
   AND NOT EXISTS (SELECT 1 FROM ipam_addressrange x WHERE x.subnet_id = s.id AND x.kind = 'excluded'
                   AND c.address BETWEEN x.first AND x.last)
   AND (h.address IS NULL OR (NOT h.live AND h.released_at <= control_now() - %(rest)s))
 ORDER BY h.released_at NULLS FIRST, c.address
 LIMIT 1
"""


class NoFreeAddress(Refused):
    """No address of the subnet can be given out now."""

    code = "no_free_address"


class AddressReserved(Refused):
    """The address is kept out of allocation."""

    code = "address_reserved"


@transaction.atomic
def allocate(*, tenant: Tenant, subnet: Subnet, purpose: str, address: str | None = None) -> IPLease:
    """Lease the next free address of a subnet, or the one that is asked for.

    Refused: NoFreeAddress; for a given address Invalid, AddressReserved, AddressTaken. Locks the subnet's row, so
    that two requests take turns; the constraint stands behind it.
    """
    locked = Subnet.objects.select_for_update(no_key=True, of=("self",)).select_related("network").get(pk=subnet.pk)
    chosen = _next_free(locked) if address is None else _requested(locked, address)
    with refusing_violations():
        return IPLease.objects.create(
            tenant=tenant,
            network=locked.network,
            subnet=locked,
            address=chosen,
            purpose=purpose,
            leased_at=control_now(),
        )


def release(lease: IPLease, *, held_back: bool = False) -> None:
    """End a lease; the address rests before it is given again. Releasing twice is once.

    `held_back`: it is given to nobody until `let_go_of_held_back`, because its last holder may still be there.
    """
    IPLease.objects.filter(pk=lease.pk, released_at=None).update(
        released_at=Greatest(ControlNow(), F("leased_at")), held_back=held_back
    )


def let_go_of_held_back(leases: QuerySet[IPLease]) -> int:
    """Their last holders are known to be gone: the addresses rest from now on, and are then given again."""
    return leases.filter(held_back=True).update(held_back=False, released_at=ControlNow())


def hold_back(leases: QuerySet[IPLease]) -> None:
    """Their last holders are there after all: the addresses are given to nobody until `let_go_of_held_back`."""
    leases.filter(released_at__isnull=False).update(held_back=True)


def is_within(subnet: Subnet, address: str) -> bool:
    """Whether the text is an address of the subnet."""
    try:
        return ipaddress.IPv4Address(address) in subnet.cidr
    except ValueError:
        return False


def free_addresses(subnet: Subnet) -> int:
    """How many addresses of the subnet could be given out now."""
    counted = f"SELECT count(*) FROM ({_NEXT_FREE.replace('LIMIT 1', '')}) AS free"  # noqa: S608 (a constant)
    with connection.cursor() as cursor:
        cursor.execute(counted, _parameters(subnet))
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _parameters(subnet: Subnet) -> dict[str, Any]:
    return {"subnet": subnet.pk, "network": subnet.network_id, "rest": ADDRESS_REST}


def _next_free(subnet: Subnet) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_FREE, _parameters(subnet))
        row = cursor.fetchone()
    if row is None:
        raise NoFreeAddress(f"No address is free in {subnet} of network {subnet.network}.", field="address")
    return str(row[0])


def _requested(subnet: Subnet, text: str) -> str:
    """Check an address that somebody asked for by name; the message says why it cannot be had."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise Invalid(f"{text} is not an IPv4 address.", field="address") from None
    if address not in subnet.cidr:
        raise Invalid(f"{address} is not in the subnet {subnet}.", field="address")
    if reason := _why_reserved(subnet, address):
        raise AddressReserved(f"{address} is reserved: {reason}.", field="address")
    newest = IPLease.objects.filter(network=subnet.network_id, address=text).order_by("-id").first()
    if newest is not None and newest.released_at is None:
        raise AddressTaken(f"{address} is taken.", field="address")
    if newest is not None and newest.held_back:
        raise AddressReserved(
            f"{address} is held back: its last holder was on a node that was written off.", field="address"
        )
    if newest is not None and newest.released_at is not None:
        free_at = newest.released_at + ADDRESS_REST
        if free_at > control_now():
            raise AddressReserved(
                f"{address} was released a short while ago and rests until {free_at:%Y-%m-%d %H:%M} UTC.",
                field="address",
            )
    return str(address)


def _why_reserved(subnet: Subnet, address: ipaddress.IPv4Address) -> str | None:
    if str(address) == subnet.gateway:
        return f"it is the gateway of {subnet}"
    if address in (subnet.cidr.network_address, subnet.cidr.broadcast_address):
        return f"it is the network or broadcast address of {subnet}"
    covering = AddressRange.objects.filter(subnet=subnet, first__lte=str(address), last__gte=str(address))
    kinds = {covering_range.kind: covering_range for covering_range in covering}
    if excluded := kinds.get(AddressRange.Kind.EXCLUDED):
        return excluded.reason or "it is excluded from allocation"
    if AddressRange.Kind.ALLOCATABLE not in kinds:
        return f"it is in no allocatable range of {subnet}"
    return None
