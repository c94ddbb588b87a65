"""/api/v1/tenants: list, show, create.

Decides: the JSON of a tenant. Not: what is allowed (services.py).
"""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from core.pagination import check_query
from tenants import services
from tenants.models import ApiToken, Quota, Tenant


def token_in(request: Request) -> ApiToken:
    """The token that the request was authenticated with."""
    return cast(ApiToken, request.user)


class QuotaSerializer(serializers.ModelSerializer[Quota]):
    class Meta:
        model = Quota
        fields = ["pods", "cores", "memory_mib", "disk_gib"]


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    quota = QuotaSerializer()

    class Meta:
        model = Tenant
        fields = ["id", "reference", "name", "kind", "state", "quota", "created_at"]


class NewTenant(serializers.Serializer[Any]):
    """What POST takes. Unknown fields are refused: a misspelt quota must not become the default."""

    reference = serializers.CharField(max_length=16)
    name = serializers.CharField(max_length=200)
    quota = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=1_000_000_000), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({name: "There is no such field." for name in unknown})
        return attrs


class TenantViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Tenant]):
    """Tenants. The platform's token sees and creates all; a tenant's token sees its own."""

    serializer_class = TenantSerializer
    lookup_field = "reference"

    def get_queryset(self) -> QuerySet[Tenant]:
        if self.action == "list":
            check_query(self.request)
        own = token_in(self.request).tenant
        tenants = Tenant.objects.select_related("quota")
        return tenants if own.is_platform else tenants.filter(pk=own.pk)

    def create(self, request: Request) -> Response:
        token = token_in(request)
        if not token.tenant.is_platform:
            raise PermissionDenied("Only the platform's token creates tenants.")
        new = NewTenant(data=request.data)
        new.is_valid(raise_exception=True)
        tenant = services.create_tenant(by=token.actor, **new.validated_data)
        return Response(TenantSerializer(tenant).data, status=201, headers={"Location": f"{request.path}/{tenant}"})
