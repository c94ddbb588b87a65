"""What pages tell of addresses: where a tenant's leases are listed.

Decides: these words. Not: the plan itself (models.py).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from audit.admin_pages import may_see, tells_of
from audit.places import list_url
from ipam.models import IPLease
from tenants.models import Tenant


@tells_of(Tenant)
def tell_of_tenant(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    return {"addresses_url": list_url(IPLease, tenant=tenant.reference)} if may_see(request, IPLease) else {}
