"""The CloudPods in the admin: a list to find one, a page to read, and one button that asks before it destroys.

Decides: columns, filters, pages, and who may destroy. Not: what destroying does (services.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from audit import look
from audit.admin_base import ReadAdmin, SinceFilter, TenantFilter, confirm
from audit.models import AuditEvent
from audit.places import page_url
from core.errors import Refused
from operations.models import Operation
from operations.timeline import timeline, with_steps
from pods.models import CloudPod, Interface, InterfaceAddress
from pods.pages import comparison, observed_tone, sentence
from pods.services import destroy_pod
from tenants.models import User

MAY_DESTROY = "pods.delete_cloudpod"
OPERATIONS_SHOWN = 8
PRIMARY_ADDRESS = InterfaceAddress.objects.filter(interface__pod=OuterRef("pk"), primary=True).order_by(
    "interface__index"
)


class LiveFilter(admin.SimpleListFilter):
    title = "life"
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "live"), ("no", "gone or failed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(gone_at__isnull=wanted)


@admin.register(CloudPod)
class CloudPodAdmin(ReadAdmin):
    list_display = ["name", "phase_badge", "observed", "owner", "node", "address", "vmid", "size", "created"]
    list_display_links = ["name"]
    list_select_related = ["tenant", "node", "cluster"]
    list_filter = ["phase", "observed_state", LiveFilter, "node", TenantFilter, SinceFilter]
    search_fields = ["hostname", "vmid__startswith", "tenant__reference"]
    search_help_text = "Host name, VMID, address or tenant"
    empty_hint = "No tenant has a pod yet. mPanel asks for one with POST /api/v1/pods."

    def get_queryset(self, request: HttpRequest) -> QuerySet[CloudPod]:
        pods: QuerySet[CloudPod] = super().get_queryset(request)
        return pods.annotate(primary_address=Subquery(PRIMARY_ADDRESS.values("lease__address")[:1]))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By address too, without the join that would list a pod once an address."""
        found, doubles = super().get_search_results(request, queryset, search_term)
        if words := search_term.split():
            bears = InterfaceAddress.objects.filter(interface__pod=OuterRef("pk"))
            found |= queryset.filter(Exists(bears.filter(lease__address__startswith=words[0])))
        return found, doubles

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.destroy_view)
        return [path("<uuid:pk>/destroy/", view, name="pods_cloudpod_destroy"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.read_page(request, object_id, "admin/pods/cloudpod/page.html", self._page)

    def _page(self, request: HttpRequest, pod: Any) -> dict[str, Any]:
        full = self.get_queryset(request).select_related("tenant", "cluster", "node", "tier", "source__template")
        pod = full.get(pk=pod.pk)
        mine = Operation.objects.filter(subject_kind="pod", subject_id=pod.pk).order_by("-id")
        lines = [timeline(operation) for operation in with_steps(mine)[:OPERATIONS_SHOWN]]
        running = next((line for line in lines if line.operation.is_live), None)
        return {
            "pod": pod,
            "tone": observed_tone(pod),
            "sentence": sentence(pod, running.operation if running else None),
            "comparison": comparison(pod),
            "interfaces": list(pod.interfaces.select_related("network").prefetch_related("addresses__lease")),
            "lines": lines,
            "refreshes": running is not None,
            "events": list(AuditEvent.objects.filter(resource_kind="pod", resource_id=pod.pk)[:12]),
            "may_destroy": pod.gone_at is None and running is None and request.user.has_perm(MAY_DESTROY),
        }

    def destroy_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks and changes nothing; POST destroys, or says why not."""
        pod = get_object_or_404(self.get_queryset(request).select_related("tenant", "node", "tier"), pk=pk)
        if not request.user.has_perm(MAY_DESTROY):
            raise PermissionDenied
        refused = None
        if request.method == "POST":
            assert isinstance(request.user, User)
            try:
                operation = destroy_pod(by=request.user.actor, pod=pod, reason=request.POST.get("reason", "").strip())
            except Refused as error:
                refused = error
            else:
                told = 'Destroying {} has begun. <a class="mc-link" href="{}">Follow the operation</a>.'
                messages.success(request, format_html(told, pod.hostname, page_url(operation)))
                return HttpResponseRedirect(page_url(pod))
        return confirm(
            self,
            request,
            pod,
            title=f"Destroy {pod.hostname}",
            consequences=_consequences(pod),
            button=f"Destroy {pod.hostname}",
            refused=refused,
        )

    @display(description="Host name", ordering="hostname")
    def name(self, pod: CloudPod) -> str:
        return pod.hostname

    @display(description="Phase", ordering="phase")
    def phase_badge(self, pod: CloudPod) -> str:
        return look.badge(pod.phase)

    @display(description="Observed", ordering="observed_state")
    def observed(self, pod: CloudPod) -> str:
        """What was seen, and when: a state without its time may be of last week."""
        seen = look.badge(pod.observed_state, observed_tone(pod))
        if pod.observed_at is None or pod.gone_at is not None:
            return seen
        return format_html('{} <span class="mc-subtle">{}</span>', seen, look.ago(pod.observed_at))

    @display(description="Tenant", ordering="tenant__reference")
    def owner(self, pod: CloudPod) -> str:
        return look.link(reverse("admin:tenants_tenant_change", args=[pod.tenant_id]), pod.tenant)

    @display(description="Address", ordering="primary_address")
    def address(self, pod: Any) -> str:
        return look.code(pod.primary_address) if pod.primary_address else look.NOTHING

    @display(description="Size", ordering="memory_mib")
    def size(self, pod: CloudPod) -> str:
        cores = "core" if pod.cores == 1 else "cores"
        return f"{pod.cores} {cores}, {look.memory(pod.memory_mib)}, {pod.disk_gib} GiB"

    @display(description="Created", ordering="id")
    def created(self, pod: CloudPod) -> str:
        return look.ago(pod.created_at)


def _consequences(pod: Any) -> list[str]:
    address = f"Address {pod.primary_address} and VMID {pod.vmid} are" if pod.primary_address else f"VMID {pod.vmid} is"
    return [
        f"CT {pod.vmid} on node {pod.node} is stopped and destroyed with its {pod.disk_gib} GiB disk on {pod.tier}.",
        f"Everything that {pod.tenant} ({pod.tenant.name}) has on it is lost; it cannot be undone.",
        f"{address} given back and left unused for a while.",
        "A container at that VMID that does not bear this pod's mark is left alone, and the operation says so.",
    ]


@admin.register(Interface)
class InterfaceAdmin(ReadAdmin):
    list_display = ["pod_name", "card", "mac", "network", "bridge", "vlan", "tenant"]
    list_display_links = ["card"]
    list_select_related = ["pod", "network", "tenant"]
    list_filter = ["network", TenantFilter]
    search_fields = ["mac", "pod__hostname", "tenant__reference"]
    search_help_text = "MAC, pod or tenant"
    empty_hint = "A network card comes with its pod."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("pod", "card"), ("mac", "network"), ("bridge", "vlan"), "tenant"]})]

    @display(description="Pod", ordering="pod__hostname")
    def pod_name(self, interface: Interface) -> str:
        return look.link(page_url(interface.pod), interface.pod)

    @display(description="Card", ordering="index")
    def card(self, interface: Interface) -> str:
        return f"net{interface.index}"


@admin.register(InterfaceAddress)
class InterfaceAddressAdmin(ReadAdmin):
    list_display = ["lease", "pod_name", "card", "is_primary", "held", "tenant"]
    list_select_related = ["lease", "interface__pod", "tenant"]
    list_filter = ["primary", TenantFilter]
    search_fields = ["lease__address", "interface__pod__hostname", "tenant__reference"]
    search_help_text = "Address, pod or tenant"
    empty_hint = "A pod's address comes with the pod."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("lease", "held"), ("pod_name", "card"), ("is_primary", "tenant")]})]

    @display(description="Pod", ordering="interface__pod__hostname")
    def pod_name(self, address: InterfaceAddress) -> str:
        return look.link(page_url(address.interface.pod), address.interface.pod)

    @display(description="Card", ordering="interface__index")
    def card(self, address: InterfaceAddress) -> str:
        return f"net{address.interface.index}"

    @display(description="Primary", ordering="primary")
    def is_primary(self, address: InterfaceAddress) -> str:
        return "yes" if address.primary else "no"

    @display(description="Lease", ordering="lease__released_at")
    def held(self, address: InterfaceAddress) -> str:
        return look.badge("held" if address.lease.released_at is None else "released")
