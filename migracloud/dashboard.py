"""The overview: six figures that lead to their lists, what is not done, what happened, and what is broken or missing.

Decides: what is counted, in a constant number of queries. Not: the lists themselves (each app's admin.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone

from audit.models import AuditEvent
from audit.places import list_url, page_url
from clusters.admin_seen import used_memory
from clusters.freshness import STALE_AFTER, does_not_answer, standing
from clusters.models import Cluster, Finding, Node, TemplateCopy
from core.clock import ControlNow
from ipam.models import IPLease
from ipam.queries import Usage, usage_by_subnet
from migracloud.chart import Chart, chart
from operations.explain import progress
from operations.models import Operation
from pods.models import CloudPod
from tenants.models import Tenant

LATE = timedelta(minutes=1)  # a hint is sent again after seconds: who is due for so long has no worker
SHOWN = 8
DAYS = 14
Phase, State = CloudPod.Phase, Operation.State
OF_THE_LISTS = (
    *("pods.cloudpod", "operations.operation", "ipam.iplease", "audit.auditevent"),
    *("clusters.node", "clusters.finding"),
)


@dataclass(frozen=True)
class Figure:
    label: str
    value: int
    note: str
    url: str
    tone: str = ""


@dataclass(frozen=True)
class Row:
    """An operation that is not done."""

    operation: Operation
    done: int
    total: int


@dataclass(frozen=True)
class Hint:
    """What to do first, or what is broken."""

    words: str
    command: str = ""
    url: str = ""
    link: str = ""


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback. Each part is for those who may see its list."""
    may = {name: request.user.has_perm(name.replace(".", ".view_")) for name in OF_THE_LISTS}
    figures: list[Figure] = []
    if may["pods.cloudpod"]:
        figures += pod_figures()
    if may["operations.operation"]:
        figures += operation_figures()
        context["open_operations"] = open_operations()
        context["chart"] = operations_a_day()
    if may["ipam.iplease"]:
        figures.append(address_figure())
    if may["clusters.finding"]:
        figures.append(finding_figure())
    if may["clusters.node"]:
        context["nodes"] = nodes()
        context["unseen"] = unseen_clusters()
        context["next_steps"] = next_steps()
    if may["audit.auditevent"]:
        context["events"] = list(AuditEvent.objects.all()[:SHOWN])
    context["figures"] = figures
    context["may_freeze"] = request.user.has_perm("operations.add_freeze")
    context["broken"] = broken() if may["operations.operation"] else []
    context["refreshes"] = any(row.operation.is_live for row in context.get("open_operations", ()))
    return context


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
            f"of {counts['live']} in {_count(counts['clusters'], 'cluster')}{unknown}",
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
        "Addresses leased",
        total.held,
        f"of {total.capacity} in {_count(len(usages), 'subnet')}",
        list_url(IPLease, held="yes"),
        "bad" if total.capacity and total.held >= total.capacity * 0.9 else "",
    )


def open_operations() -> list[Row]:
    """What needs a person first, then what goes on."""
    attention = Q(state=State.NEEDS_ATTENTION)
    found = (
        Operation.objects.filter(Q(state__in=Operation.OPEN) | attention)
        .select_related("tenant")
        .prefetch_related("steps")
        .order_by(F("finished_at").asc(nulls_last=True), "-id")
    )
    return [Row(operation, *progress(operation)) for operation in found[:SHOWN]]


def operations_a_day() -> Chart | None:
    """The last two weeks, by the day on which they were asked for."""
    today = timezone.localdate()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    counted = (
        Operation.objects.filter(created_at__gte=timezone.now() - timedelta(days=DAYS))
        .annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(
            good=Count("pk", filter=Q(state=State.SUCCEEDED)),
            bad=Count("pk", filter=Q(state__in=[State.FAILED, State.NEEDS_ATTENTION])),
        )
        .order_by()
    )
    by_day = {day: (good, bad) for day, good, bad in counted}
    return chart([(day, *by_day.get(day, (0, 0))) for day in days]) if by_day else None


def nodes() -> list[Any]:
    """Each with its live pods and the memory promised to them; and what was seen in use, whoever uses it."""
    live = Q(pods__isnull=False, pods__gone_at=None)
    found = (
        Node.objects.select_related("cluster", "observation")
        .annotate(live=Count("pods", filter=live), used=Sum("pods__memory_mib", filter=live, default=0))
        .order_by("-used", "name")[:SHOWN]
    )
    return [{"node": node, "seen": used_memory(node)} for node in found]


def unseen_clusters() -> list[Hint]:
    """Clusters that do not answer, or that nobody asks: their pods are unknown, not gone."""
    live = Q(pods__isnull=False, pods__gone_at=None)
    asked_long_ago = Q(observation__tried_at__lt=timezone.now() - STALE_AFTER)
    found = (
        Cluster.objects.filter(Q(observation__unreachable_since__isnull=False) | asked_long_ago)
        .select_related("observation")
        .annotate(live=Count("pods", filter=live))
    )
    return [_unseen(cluster) for cluster in found[:SHOWN]]


def _unseen(cluster: Any) -> Hint:
    words = standing(cluster)
    if does_not_answer(cluster) and cluster.live:
        pods = "Its pod is unknown" if cluster.live == 1 else f"Its {cluster.live} pods are unknown"
        words = f"{words} {pods}, not gone."
    return Hint(words, url=page_url(cluster), link="Look at the cluster")


def next_steps() -> list[Hint]:
    """For a control plane that cannot make a pod yet: what is missing, in the order in which it is put right."""
    if not Cluster.objects.exists():
        words = "No cluster is declared. Describe it in a file and run"
        return [Hint(words, command="manage.py bootstrap demo/cluster.toml")]
    hints = []
    if not TemplateCopy.objects.filter(enabled=True, node__enabled=True, cluster__enabled=True).exists():
        hints.append(
            Hint(
                "No node in use has a template copy in use, so no pod can be placed.",
                url=list_url(TemplateCopy),
                link="Look at the template copies",
            )
        )
    if not Tenant.objects.filter(kind=Tenant.Kind.CUSTOMER).exists():
        hints.append(Hint("There is no tenant yet.", url=list_url(Tenant) + "add/", link="Add the first tenant"))
    return hints


def broken() -> list[Hint]:
    """Work that is due and that nobody takes: the workers or the controller do not run."""
    free = Q(lease_until=None) | Q(lease_until__lte=ControlNow())
    late = Operation.objects.filter(free, state__in=Operation.LIVE, due_at__lte=ControlNow() - LATE).count()
    if not late:
        return []
    words = f"{_count(late, 'operation')} due for over a minute and taken by no worker. Are worker and controller up?"
    return [Hint(words, url=list_url(Operation, open="yes"), link="Look at what is not done")]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
