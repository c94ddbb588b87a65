"""/api/v1/pods: list, show, create. What else can be done with one is in api_life.py, api_change.py and so on.

Decides: the JSON of a pod. Not: what is refused (services.py) or how it is carried out (kinds/).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid, NotFound
from core.pagination import check_query, choices_in
from operations.api import accepted
from pods import services
from pods.api_change import ChangeVerbs
from pods.api_keys import KeysVerb, SshKeysField
from pods.api_life import LifeVerbs
from pods.api_observed import ObservedSerializer
from pods.api_power import PowerVerbs
from pods.api_snapshots import SnapshotVerbs
from pods.models import CloudPod, Interface, InterfaceAddress, Snapshot
from tenants.api import StrictSerializer, tenant_filter, token_in
from tenants.models import ApiToken, Tenant
from tenants.services import tenant_by_reference

ADDRESSES = Prefetch(
    "interfaces",
    queryset=Interface.objects.prefetch_related(
        Prefetch("addresses", queryset=InterfaceAddress.objects.select_related("lease__subnet"))
    ).order_by("index"),
)


SNAPSHOTS = Snapshot.objects.filter(pod=OuterRef("pk")).order_by().values("pod").annotate(count=Count("pk"))
YES_NO = ["true", "false"]
SUSPENDED = Q(suspended_at__isnull=False) | Q(tenant_suspended=True)


class InterfaceSerializer(serializers.Serializer[Any]):
    """A pod's network card."""

    name = serializers.CharField()
    mac = serializers.CharField()
    addresses = serializers.ListField(child=serializers.CharField())


class PodSerializer(serializers.ModelSerializer[CloudPod]):
    """A pod: what is wanted, what was seen (and when), and where it is."""

    tenant = serializers.CharField(source="tenant.reference")
    cluster = serializers.CharField(source="cluster.name")
    node = serializers.CharField(source="node.name")
    tier = serializers.CharField(source="tier.name")
    observed = ObservedSerializer(source="*")
    interfaces = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField(help_text="the primary one")
    suspended = serializers.BooleanField(help_text="for a reason of its own, or with its tenant")
    pending = serializers.ListField(child=serializers.CharField(), help_text="what counts from its next boot only")
    snapshots = serializers.IntegerField(source="snapshot_count", help_text="how many it has")
    ssh_keys = serializers.ListField(
        child=serializers.CharField(),
        help_text="as they were given; once replaced, they count from the pod's next boot",
    )

    class Meta:
        model = CloudPod
        fields = [
            "id",
            "hostname",
            "tenant",
            "phase",
            "protected",
            "deleted_at",
            "purge_at",
            "suspended",
            "suspended_at",
            "suspended_reason",
            "tenant_suspended",
            "desired_state",
            "observed_state",
            "observed_at",
            "observed",
            "address",
            "cores",
            "memory_mib",
            "swap_mib",
            "disk_gib",
            "pending",
            "snapshots",
            "cluster",
            "node",
            "tier",
            "vmid",
            "interfaces",
            "ssh_keys",
            "created_at",
            "gone_at",
        ]

    @extend_schema_field(InterfaceSerializer(many=True))
    def get_interfaces(self, pod: CloudPod) -> list[dict[str, Any]]:
        return [
            {
                "name": f"net{interface.index}",
                "mac": interface.mac,
                "addresses": [
                    f"{held.lease.address}/{held.lease.subnet.cidr.prefixlen}" for held in interface.addresses.all()
                ],
            }
            for interface in pod.interfaces.all()
        ]

    def get_address(self, pod: CloudPod) -> str | None:
        for interface in pod.interfaces.all():
            for held in interface.addresses.all():
                if held.primary:
                    return str(held.lease.address)
        return None


class NewPod(StrictSerializer):
    """What POST takes. Only the host name is needed by a tenant's own token; the platform names the tenant too."""

    tenant = serializers.CharField(max_length=16, required=False)
    hostname = serializers.CharField(max_length=255, trim_whitespace=False)
    cores = serializers.IntegerField(required=False)
    memory_mib = serializers.IntegerField(required=False)
    swap_mib = serializers.IntegerField(required=False)
    disk_gib = serializers.IntegerField(required=False)
    cluster = serializers.CharField(max_length=63, required=False)
    tier = serializers.CharField(max_length=63, required=False)
    template = serializers.CharField(max_length=63, required=False)
    address = serializers.CharField(max_length=45, required=False)
    ssh_keys = SshKeysField(default=list, help_text="public keys, one a text of one line: type, key, comment")


class PodViewSet(
    LifeVerbs,
    PowerVerbs,
    ChangeVerbs,
    KeysVerb,
    SnapshotVerbs,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[CloudPod],
):
    """Pods, newest first, narrowed by the filters below; those that are gone by `?phase=gone`."""

    serializer_class = shown_as = PodSerializer

    def get_queryset(self) -> QuerySet[CloudPod]:
        visible: QuerySet[CloudPod] = CloudPod.objects.visible_to(token_in(self.request).tenant)
        visible = visible.select_related("tenant", "cluster__observation", "node", "tier").prefetch_related(ADDRESSES)
        counted = Subquery(SNAPSHOTS.values("count"), output_field=IntegerField())
        visible = visible.annotate(snapshot_count=Coalesce(counted, 0))
        return self._narrowed(visible) if self.action == "list" else visible

    def _narrowed(self, visible: QuerySet[CloudPod]) -> QuerySet[CloudPod]:
        check_query(
            self.request,
            *("tenant", "cluster", "phase", "desired_state", "observed_state", "hostname", "protected", "suspended"),
        )
        query = self.request.query_params
        if tenant := tenant_filter(self.request):
            visible = visible.filter(tenant__reference=tenant)
        if cluster := query.get("cluster"):
            visible = visible.filter(cluster__name=cluster)
        if phases := choices_in(self.request, "phase", CloudPod.Phase.values):
            visible = visible.filter(phase__in=phases)
        else:
            visible = visible.filter(gone_at=None)
        if desired := choices_in(self.request, "desired_state", CloudPod.Desired.values):
            visible = visible.filter(desired_state__in=desired)
        if observed := choices_in(self.request, "observed_state", CloudPod.Observed.values):
            visible = visible.filter(observed_state__in=observed)
        if hostname := query.get("hostname"):
            visible = visible.filter(hostname=hostname)
        if protected := choices_in(self.request, "protected", YES_NO):
            visible = visible.filter(protected__in=[value == "true" for value in protected])
        if len(suspended := set(choices_in(self.request, "suspended", YES_NO))) == 1:
            visible = visible.filter(SUSPENDED) if suspended == {"true"} else visible.exclude(SUSPENDED)
        return visible

    def create(self, request: Request) -> Response:
        """202 with the operation: the pod's row exists, its container is being made."""
        new = NewPod(data=request.data)
        new.is_valid(raise_exception=True)
        wanted = new.validated_data
        token = token_in(request)
        operation = services.create_pod(
            by=token.actor,
            tenant=_tenant(token, wanted.get("tenant")),
            hostname=wanted["hostname"],
            size=services.Size(**{name: wanted.get(name) for name in services.Size.__annotations__}),
            wish=services.Wish(**{name: wanted.get(name) for name in services.Wish.__annotations__}),
            ssh_keys=wanted["ssh_keys"],
        )
        return accepted(request, operation)


def _tenant(token: ApiToken, reference: str | None) -> Tenant:
    """Whose the pod is to be. To a tenant's own token every other tenant is unknown."""
    if reference is None and token.tenant.is_platform:
        raise Invalid("Name the tenant that the pod is for.", field="tenant")
    if reference is None or reference == token.tenant.reference:
        return token.tenant
    if not token.tenant.is_platform:
        raise NotFound(f"There is no tenant {reference}.", field="tenant")
    return tenant_by_reference(reference)
