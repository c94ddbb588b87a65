"""What is done and by whom, for the overview: pods by state, what is not done, work a day, and work that nobody takes.

Decides: what is counted, and which list each number leads to. Not: the figures (dashboard.py), nor the machines
(dashboard_plane.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.places import list_url
from clusters.models import Finding
from core.clock import ControlNow
from migracloud.chart import Chart, Day, Part, Strip, chart, strip
from migracloud.dashboard_plane import Hint, number_of
from operations.explain import progress
from operations.models import Operation
from pods.models import CloudPod

LATE = timedelta(minutes=1)  # a hint is sent again after seconds: who is due for so long has no worker
SHOWN = 8
FINDINGS_SHOWN = 4
DAYS = 14
Phase, Observed, State = CloudPod.Phase, CloudPod.Observed, Operation.State

# Each live pod is one of these: by its phase, and when that is active, as it was last seen. What needs a look is last.
STATES: dict[str, str] = {
    Observed.RUNNING: "good",
    Observed.STOPPED: "quiet",
    Phase.CREATING: "busy",
    Phase.DESTROYING: "busy",
    Phase.DELETED: "quiet",
    Observed.UNKNOWN: "warn",
    Observed.ABSENT: "bad",
    Phase.NEEDS_ATTENTION: "bad",
}


@dataclass(frozen=True)
class Row:
    """An operation that is not done."""

    operation: Operation
    done: int
    total: int


def pods_by_state() -> Strip | None:
    counted = CloudPod.objects.live().order_by().values_list("phase", "observed_state").annotate(Count("pk"))
    by_state = dict.fromkeys(STATES, 0)
    for phase, observed, count in counted:
        by_state[observed if phase == Phase.ACTIVE else phase] += count
    parts = [Part(word, tone, by_state[word], _pods_url(word)) for word, tone in STATES.items() if by_state[word]]
    return strip(parts) if parts else None


def _pods_url(word: str) -> str:
    if word in Phase:
        return list_url(CloudPod, phase__exact=word)
    return list_url(CloudPod, phase__exact=Phase.ACTIVE, observed_state__exact=word)


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


def open_findings() -> list[Finding]:
    """What cannot go on first, then the newest."""
    found = Finding.objects.filter(closed_at=None).select_related("cluster").order_by("severity", "-id")
    return list(found[:FINDINGS_SHOWN])


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
            total=Count("pk"),
        )
        .order_by()
    )
    by_day = {day: (good, bad, total) for day, good, bad, total in counted}
    if not by_day:
        return None
    return chart([Day(day, *by_day.get(day, (0, 0, 0)), url=list_url(Operation, day=f"{day}")) for day in days])


def broken() -> list[Hint]:
    """Work that is due and that nobody takes: the workers or the controller do not run."""
    free = Q(lease_until=None) | Q(lease_until__lte=ControlNow())
    late = Operation.objects.filter(free, state__in=Operation.LIVE, due_at__lte=ControlNow() - LATE).count()
    if not late:
        return []
    words = (
        f"{number_of(late, 'operation')} due for over a minute and taken by no worker. Are worker and controller up?"
    )
    return [Hint(words, url=list_url(Operation, open="yes"), link="Look at what is not done")]
