"""What a tenant's page tells of its operations: those that are not done.

Decides: which, and how many. Not: an operation's own page (admin.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from audit.admin_pages import may_see, tells_of
from audit.places import list_url
from operations.explain import progress
from operations.models import Operation
from tenants.models import Tenant

SHOWN = 8


@dataclass(frozen=True)
class OperationLine:
    operation: Operation
    done: int
    total: int


@tells_of(Tenant)
def tell_of_tenant(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    if not may_see(request, Operation):
        return {}
    of_tenant = Operation.objects.of(tenant).filter(state__in=Operation.OPEN)
    newest = of_tenant.order_by("-id").prefetch_related("steps")[:SHOWN]
    return {
        "sees_operations": True,
        "operations": [OperationLine(operation, *progress(operation)) for operation in newest],
        "operations_url": list_url(Operation, tenant=tenant.reference, open="yes"),
    }
