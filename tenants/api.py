"""/api/v1/tenants: list, show, create.

Decides: the JSON of a tenant. Not: what is allowed (services.py).
"""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid, StaffOnly
from core.pagination import check_query, choices_in
from core.problems import MOST_ERRORS
from tenants import services
from tenants.models import REFERENCE, ApiToken, Quota, Tenant


def token_in(request: Request) -> ApiToken:
    """The token that the request was authenticated with."""
    return cast(ApiToken, request.user)


def check_staff(request: Request) -> ApiToken:
    """The platform's token. Refused: StaffOnly, for a tenant's."""
    token = token_in(request)
    if not token.tenant.is_platform:
        raise StaffOnly("This is for the platform's token only.")
    return token


def tenant_filter(request: Request) -> str | None:
    """The reference that `?tenant=` names; one that nobody has shows nothing. Refused: Invalid."""
    reference = request.query_params.get("tenant")
    if reference is not None:
        try:
            REFERENCE(reference)
        except ValidationError as error:
            raise Invalid(error.messages[0], field="tenant") from None
    return reference


class QuotaSerializer(serializers.ModelSerializer[Quota]):
    class Meta:
        model = Quota
        fields = ["pods", "cores", "memory_mib", "disk_gib"]


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    quota = QuotaSerializer()

    class Meta:
        model = Tenant
        fields = [
            "id",
            "reference",
            "name",
            "kind",
            "state",
            "suspended_reason",
            "grace_hours",
            "quota",
            "created_at",
        ]


class StrictSerializer(serializers.Serializer[Any]):
    """A body whose unknown fields are refused by name: what is misspelt must not become the default."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({name: "There is no such field." for name in unknown[:MOST_ERRORS]})
        return attrs


class ReasonSerializer(StrictSerializer):
    """What may be said when something is asked for. No body will do."""

    reason = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="why; it goes into the audit trail"
    )


class NeededReason(StrictSerializer):
    """Why something is asked for that others will want to understand later."""

    reason = serializers.CharField(max_length=500, help_text="why; it goes into the audit trail")


def asked(view: viewsets.GenericViewSet[Any]) -> dict[str, Any]:
    """What the body of the request says, by the serializer of the view's action."""
    body = view.get_serializer(data=view.request.data)
    body.is_valid(raise_exception=True)
    values: dict[str, Any] = body.validated_data
    return values


class NewQuota(serializers.Serializer[Any]):
    """A quota as it may be given: what is left out has its default. It describes; services.py checks."""

    pods = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000_000)
    cores = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000_000)
    memory_mib = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000_000)
    disk_gib = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000_000)


@extend_schema_field(NewQuota)
class Limits(serializers.DictField):
    """Limits by name."""

    child = serializers.IntegerField(min_value=0, max_value=1_000_000_000)


class NewTenant(StrictSerializer):
    """What POST takes."""

    reference = serializers.CharField(max_length=16)
    name = serializers.CharField(max_length=200)
    quota = Limits(required=False)


class TenantViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Tenant]):
    """Tenants, narrowed by `?state=`. The platform's token sees and creates all; a tenant's token sees its own."""

    serializer_class = TenantSerializer
    lookup_field = "reference"

    def get_queryset(self) -> QuerySet[Tenant]:
        own = token_in(self.request).tenant
        tenants = Tenant.objects.select_related("quota")
        visible = tenants if own.is_platform else tenants.filter(pk=own.pk)
        return self._narrowed(visible) if self.action == "list" else visible

    def _narrowed(self, visible: QuerySet[Tenant]) -> QuerySet[Tenant]:
        check_query(self.request, "state")
        states = choices_in(self.request, "state", Tenant.State.values)
        return visible.filter(state__in=states) if states else visible

    def create(self, request: Request) -> Response:
        token = token_in(request)
        if not token.tenant.is_platform:
            raise PermissionDenied("Only the platform's token creates tenants.")
        new = NewTenant(data=request.data)
        new.is_valid(raise_exception=True)
        tenant = services.create_tenant(by=token.actor, **new.validated_data)
        return Response(TenantSerializer(tenant).data, status=201, headers={"Location": f"{request.path}/{tenant}"})
