"""Whether the fleet of our own processes does its work: what a heartbeat monitor hears of.

Decides: when it is well. Not: who asks and who is told (monitor.py), nor whether one process answers (health.py).
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from core.clock import ControlNow
from operations.heartbeats import LATE, Kind, last_seen
from operations.models import Operation

# Hints are sent again after seconds: what is due for longer and driven by nobody is in no worker's reach.
LEFT_LYING = timedelta(minutes=5)


def what_is_wrong() -> list[str]:
    """In words, each thing; nothing: it is well. Asked by the leading controller, after a tick that went well."""
    wrong = []
    if last_seen()[Kind.WORKER].missing:
        wrong.append(f"no worker has been seen for {LATE.total_seconds():.0f} seconds")
    if left_lying := _left_lying():
        minutes = LEFT_LYING.total_seconds() / 60
        wrong.append(f"operations due for {minutes:.0f} minutes that nobody drives: {left_lying}")
    return wrong


def _left_lying() -> int:
    free = Q(lease_until=None) | Q(lease_until__lte=ControlNow())
    due = Operation.objects.filter(state__in=Operation.LIVE, due_at__lte=ControlNow() - LEFT_LYING)
    return due.filter(free).count()
