"""What a subnet's page tells: how full it is, its ranges, its newest leases; and where a tenant's leases are listed.

Decides: these words, and how much of each is shown to whom. Not: what counts as held (queries.py), nor by which
clusters the subnet is reached (clusters/pages.py).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from audit.admin_pages import events_of, may_see, tells_of
from audit.places import list_url
from ipam.models import AddressRange, IPLease, Subnet
from ipam.queries import Usage, usage_by_subnet
from tenants.models import Tenant

LEASES_SHOWN = 20


@tells_of(Tenant)
def tell_of_tenant(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    return {"addresses_url": list_url(IPLease, tenant=tenant.reference)} if may_see(request, IPLease) else {}


@tells_of(Subnet)
def tell(request: HttpRequest, subnet: Subnet) -> dict[str, Any]:
    usage = usage_by_subnet([subnet.pk]).get(subnet.pk, Usage())
    return {
        "subnet": subnet,
        "usage": usage,
        "usage_words": f"{usage.held} of {usage.capacity}",
        "fullness": _fullness(usage),
        "sentence": sentence(subnet, usage),
        "ranges": list(subnet.ranges.order_by("first")) if may_see(request, AddressRange) else None,
        **_leases(request, subnet),
        **events_of(request, {"resource_id__exact": str(subnet.pk)}, resource_kind="subnet", resource_id=subnet.pk),
    }


def sentence(subnet: Subnet, usage: Usage) -> str:
    """How full it is, for somebody who has just opened its page."""
    if not usage.capacity:
        return f"No address of {subnet} may be given out: it has no allocatable range."
    held = f"{usage.held} of {usage.capacity} addresses of {subnet} {'is' if usage.held == 1 else 'are'} leased"
    if usage.held >= usage.capacity:
        return f"{held}: none is left, and no pod can be made that needs one."
    return f"{held}; {usage.capacity - usage.held} can still be given out."


def _fullness(usage: Usage) -> str:
    """In the word of a badge."""
    if usage.held >= usage.capacity:
        return "full"
    return "nearly full" if usage.held >= usage.capacity * 0.9 else "has room"


def _leases(request: HttpRequest, subnet: Subnet) -> dict[str, Any]:
    if not may_see(request, IPLease):
        return {}
    newest = subnet.leases.select_related("tenant").order_by("-id")[:LEASES_SHOWN]
    return {
        "sees_leases": True,
        "leases": list(newest),
        "leases_url": list_url(IPLease, subnet__id__exact=str(subnet.pk)),
        "held_url": list_url(IPLease, subnet__id__exact=str(subnet.pk), held="yes"),
    }
