"""The overview: figures that lead to their lists, and beneath them the parts that say more.

Decides: the figures, who sees which part, and all of it in a constant number of queries. Not: the parts themselves
(dashboard_work.py, dashboard_plane.py), nor the lists (each app's admin.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from audit.models import AuditEvent
from audit.places import list_url
from clusters.models import Finding
from ipam.models import Subnet
from ipam.queries import Usage, usage_by_subnet
from migracloud import dashboard_plane as plane
from migracloud import dashboard_work as work
from migracloud.dashboard_plane import number_of
from operations.models import Operation
from pods.models import CloudPod

EVENTS_SHOWN = 10
Phase, State = CloudPod.Phase, Operation.State
OF_THE_LISTS = (
    *("pods.cloudpod", "operations.operation", "ipam.subnet", "audit.auditevent"),
    *("clusters.node", "clusters.storagetier", "clusters.finding"),
)


@dataclass(frozen=True)
class Figure:
    label: str
    value: int
    note: str
    url: str
    tone: str = ""


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback. Each part is for those who may see its list."""
    may = {name: request.user.has_perm(name.replace(".", ".view_")) for name in OF_THE_LISTS}
    if may["pods.cloudpod"]:
        context["states"] = work.pods_by_state()
    if may["operations.operation"]:
        context["open_operations"] = work.open_operations()
        context["chart"] = work.operations_a_day()
    if may["clusters.finding"]:
        context["findings"] = work.open_findings()
    if may["clusters.node"]:
        context["nodes"] = plane.nodes()
        context["unseen"] = plane.unseen_clusters()
        context["next_steps"] = plane.next_steps()
    if may["clusters.storagetier"]:
        context["tiers"] = plane.tiers()
    if may["audit.auditevent"]:
        context["events"] = list(AuditEvent.objects.all()[:EVENTS_SHOWN])
    context["figures"] = figures(may)
    context["may_freeze"] = request.user.has_perm("operations.add_freeze")
    context["broken"] = work.broken() if may["operations.operation"] else []
    context["refreshes"] = any(row.operation.is_live for row in context.get("open_operations", ()))
    context["as_of"] = timezone.now()
    return context


def figures(may: dict[str, bool]) -> list[Figure]:
    found: list[Figure] = []
    if may["pods.cloudpod"]:
        found += pod_figures()
    if may["operations.operation"]:
        found += operation_figures()
    if may["ipam.subnet"]:
        found.append(address_figure())
    if may["clusters.finding"]:
        found.append(finding_figure())
    return found


def pods_in_need() -> int:
    return CloudPod.objects.filter(phase=Phase.NEEDS_ATTENTION).count()


def pod_figures() -> list[Figure]:
    live = Q(gone_at=None)
    counts = CloudPod.objects.aggregate(
        live=Count("pk", filter=live),
        running=Count("pk", filter=live & Q(observed_state=CloudPod.Observed.RUNNING)),
        unknown=Count("pk", filter=live & Q(observed_state=CloudPod.Observed.UNKNOWN) & ~Q(observed_at=None)),
        need=Count("pk", filter=Q(phase=Phase.NEEDS_ATTENTION)),
        clusters=Count("cluster", filter=live, distinct=True),
    )
    need = counts["need"]
    unknown = f", {counts['unknown']} unknown" if counts["unknown"] else ""
    return [
        Figure(
            "Running pods",
            counts["running"],
            f"of {counts['live']} in {number_of(counts['clusters'], 'cluster')}{unknown}",
            list_url(CloudPod, observed_state__exact="running", live="yes"),
        ),
        Figure(
            "Pods in need",
            need,
            "need a person" if need else "nobody has to look",
            list_url(CloudPod, phase__exact=Phase.NEEDS_ATTENTION),
            "bad" if need else "",
        ),
    ]


def operation_figures() -> list[Figure]:
    week = Q(created_at__gte=timezone.now() - timedelta(days=7))
    failed = Q(state__in=[State.FAILED, State.NEEDS_ATTENTION]) & week
    counts = Operation.objects.filter(Q(state__in=Operation.OPEN) | failed).aggregate(
        open=Count("pk", filter=Q(state__in=Operation.OPEN)),
        parked=Count("pk", filter=Q(state=State.PARKED)),
        failed=Count("pk", filter=Q(state=State.FAILED) & week),
    )
    return [
        Figure(
            "Operations open",
            counts["open"],
            f"{counts['parked']} parked on Proxmox",
            list_url(Operation, open="yes"),
        ),
        Figure(
            "Operations failed",
            counts["failed"],
            "in 7 days, all undone" if counts["failed"] else "in 7 days",
            list_url(Operation, state__exact=State.FAILED, since="week"),
            "warn" if counts["failed"] else "",
        ),
    ]


def findings_open() -> int:
    return Finding.objects.filter(closed_at=None).count()


def finding_figure() -> Figure:
    found = findings_open()
    note = "what needs a person" if found else "nothing needs a person"
    return Figure("Findings open", found, note, list_url(Finding, open="yes"), "bad" if found else "")


def address_figure() -> Figure:
    usages = usage_by_subnet()
    total = sum(usages.values(), Usage())
    return Figure(
        "Addresses left",
        total.capacity - total.held,
        f"of {total.capacity} in {number_of(len(usages), 'subnet')}",
        list_url(Subnet),
        "bad" if total.capacity and total.held >= total.capacity * 0.9 else "",
    )
