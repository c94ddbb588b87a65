"""The CloudPods in the admin: a list to find one, a page to read, and the buttons of what can be done with it.

Decides: columns, filters, pages. Not: what the buttons do (admin_actions.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join

from audit import look
from audit.admin_base import ReadAdmin, SinceFilter, TenantFilter
from audit.models import AuditEvent
from operations.models import Operation
from operations.timeline import timeline, with_steps
from pods import admin_actions, admin_bulk, admin_new, admin_tenants
from pods import admin_rows as admin_rows  # its pages are registered with these
from pods import pages_below as pages_below  # adds to pages of floors below
from pods.models import CloudPod, InterfaceAddress, Snapshot
from pods.pages import comparison, differs, nobody_looks, observed_tone, sentence, wanted_now
from pods.queries import with_primary_address
from pods.ssh_keys import read_keys

OPERATIONS_SHOWN = 8


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
    list_select_related = ["tenant", "node", "cluster__observation"]
    list_filter = [
        *("phase", "observed_state", "desired_state", LiveFilter),
        *("protected", "cluster", "node", TenantFilter, SinceFilter),
    ]
    change_list_template = "admin/pods/cloudpods.html"
    search_fields = ["hostname", "vmid__startswith", "tenant__reference"]
    search_help_text = "Host name, VMID, address or tenant"
    actions = admin_bulk.actions()
    empty_hint = "No tenant has a pod yet. mPanel asks for one with POST /api/v1/pods."

    def get_queryset(self, request: HttpRequest) -> QuerySet[CloudPod]:
        pods: QuerySet[CloudPod] = super().get_queryset(request)
        return with_primary_address(pods)

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
        return [*admin_actions.urls(self), *admin_new.urls(self), *admin_tenants.urls(self), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if admin_bulk.may(request, name)}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        admin_bulk.check_selection(request)
        answer: HttpResponse | None = super().response_action(request, queryset)
        return answer

    def is_live(self, rows: Sequence[Any]) -> bool:
        of_these = Operation.objects.filter(subject_kind="pod", subject_id__in=[pod.pk for pod in rows])
        return of_these.filter(state__in=Operation.LIVE).exists()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.read_page(request, object_id, "admin/pods/cloudpod/page.html", self._page)

    def _page(self, request: HttpRequest, pod: Any) -> dict[str, Any]:
        full = self.get_queryset(request).select_related("tenant", "node", "tier", "source__template")
        pod = full.get(pk=pod.pk)
        mine = Operation.objects.filter(subject_kind="pod", subject_id=pod.pk).order_by("-id")
        lines = [timeline(operation) for operation in with_steps(mine)[:OPERATIONS_SHOWN]]
        running = next((line.operation for line in lines if line.operation.is_live), None)
        buttons = admin_actions.buttons(request, pod, running)
        of_snapshots = admin_actions.snapshot_buttons(request, pod, running)
        return {
            "pod": pod,
            "tone": observed_tone(pod),
            "sentence": sentence(pod, running),
            "comparison": comparison(pod),
            "nobody_looks": nobody_looks(pod),
            "ssh_keys": read_keys(pod.ssh_keys),
            "interfaces": list(pod.interfaces.select_related("network").prefetch_related("addresses__lease")),
            "lines": lines,
            "refreshes": running is not None,
            "events": list(AuditEvent.objects.filter(resource_kind="pod", resource_id=pod.pk)[:12]),
            "buttons": buttons,
            "why_not": admin_actions.reasons(buttons),
            "snapshots": list(Snapshot.objects.filter(pod=pod)),
            "of_snapshots": of_snapshots,
            "why_not_snapshots": admin_actions.reasons(of_snapshots),
        }

    @display(description="Host name", ordering="hostname")
    def name(self, pod: CloudPod) -> str:
        return pod.hostname

    @display(description="Phase", ordering="phase")
    def phase_badge(self, pod: CloudPod) -> str:
        """With what keeps it from running, and from being destroyed."""
        marks = [word for word, is_so in (("suspended", pod.suspended), ("protected", pod.protected)) if is_so]
        return format_html_join(" ", "{}", ((look.badge(word),) for word in (pod.phase, *marks)))

    @display(description="State", ordering="observed_state")
    def observed(self, pod: CloudPod) -> str:
        """What was seen, when, and what is wanted where it differs: a state without its time may be of last week."""
        seen = look.badge(pod.observed_state, observed_tone(pod))
        if pod.observed_at is None or pod.gone_at is not None:
            return seen
        words = f"{pod.last_seen_state} " if pod.observed_state == CloudPod.Observed.UNKNOWN else ""
        wanted = f"; should be {wanted_now(pod)}" if differs(pod) else ""
        missed = "; nobody looks" if nobody_looks(pod) else ""
        line = '{} <span class="mc-subtle">{}as of {}{}{}</span>'
        return format_html(line, seen, words, look.ago(pod.observed_at), wanted, missed)

    @display(description="Tenant", ordering="tenant__reference")
    def owner(self, pod: CloudPod) -> str:
        return look.link(reverse("admin:tenants_tenant_change", args=[pod.tenant_id]), pod.tenant)

    @display(description="Address", ordering="primary_address")
    def address(self, pod: Any) -> str:
        return look.code(pod.primary_address) if pod.primary_address else look.NOTHING

    @display(description="Size", ordering="memory_mib")
    def size(self, pod: CloudPod) -> str:
        cores = "core" if pod.cores == 1 else "cores"
        parts = (f"{pod.cores} {cores}", look.memory(pod.memory_mib), f"{pod.disk_gib} GiB")
        return ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)  # a number keeps its unit

    @display(description="Created", ordering="id")
    def created(self, pod: CloudPod) -> str:
        return look.ago(pod.created_at)
