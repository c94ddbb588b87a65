"""/api/v1/tenants/<reference>/suspend and /resume: a tenant with all its pods.

Decides: what their bodies may say, and how several operations are answered. Not: what is refused (services/
suspension.py), nor the JSON of a tenant (tenants/api.py).
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit import trace
from operations.api import OperationSummary, summarised
from operations.models import Operation
from pods import services
from tenants.api import NeededReason, ReasonSerializer, TenantViewSet, asked, check_staff


class OperationsBegun(serializers.Serializer[Any]):
    """What one request has begun, one operation a pod."""

    request_id = serializers.CharField()
    operations = OperationSummary(many=True)


class TenantWithPodsViewSet(TenantViewSet):
    """Tenants, and what concerns all that one has."""

    @action(detail=True, methods=["post"], serializer_class=NeededReason)
    def suspend(self, request: Request, reference: str) -> Response:
        """Stop all its pods until it is resumed; meanwhile it gets no new ones."""
        tenant = self.get_object()
        return _begun(request, services.suspend_tenant(by=check_staff(request).actor, tenant=tenant, **asked(self)))

    @action(detail=True, methods=["post"], serializer_class=ReasonSerializer)
    def resume(self, request: Request, reference: str) -> Response:
        """Let its pods run again, but for those that are suspended for a reason of their own."""
        tenant = self.get_object()
        return _begun(request, services.resume_tenant(by=check_staff(request).actor, tenant=tenant, **asked(self)))


def _begun(request: Request, operations: list[Operation]) -> Response:
    """202: they are found together by the id of this request."""
    found = summarised(Operation.objects.filter(pk__in=[operation.pk for operation in operations])).order_by("pk")
    begun = {"request_id": trace.request_id(), "operations": found}
    body = OperationsBegun(begun, context={"request": request}).data
    return Response(body, status=202, headers={"Location": f"/api/v1/operations?request_id={trace.request_id()}"})
