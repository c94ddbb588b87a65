"""Heartbeats: each process says every few seconds that it lives; whoever wants to know reads who was last seen when.

Decides: the rhythm, by PostgreSQL's clock, and from when on a kind of process counts as missing.
Not: where in a process the beat is (gunicorn_conf.py, the commands), nor who is told (health, metrics, the admin).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error
from django.db.models import Count, F, Max, Min, Q

from core.clock import ControlNow
from operations.models import Heartbeat
from operations.workers import worker_name

log = logging.getLogger(__name__)

PERIOD = 5.0  # seconds between two beats
LATE = timedelta(seconds=30)  # after that a process is missing: six beats are
KEPT = timedelta(days=1)  # how long a process that was killed is remembered

Kind = Heartbeat.Kind


@dataclass(frozen=True)
class Seen:
    """The processes of one kind. None: none is known. `alive`: how many were seen of late."""

    kind: str
    at: datetime | None = None
    age: timedelta | None = None
    alive: int = 0

    @property
    def missing(self) -> bool:
        return self.age is None or self.age > LATE


def beat(kind: str) -> None:
    """This process lives."""
    row = Heartbeat(kind=kind, process=worker_name(), started_at=ControlNow(), seen_at=ControlNow())
    Heartbeat.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["process"], update_fields=["kind", "seen_at"]
    )


def stop() -> None:
    """This process ends in order: nobody has to miss it."""
    Heartbeat.objects.filter(process=worker_name()).delete()


def forget_old() -> int:
    """Processes that were killed leave their rows. Returns how many are forgotten."""
    return Heartbeat.objects.filter(seen_at__lt=ControlNow() - KEPT).delete()[0]


def last_seen() -> dict[str, Seen]:
    """Of each kind its newest beat. One query."""
    rows = (
        Heartbeat.objects.order_by()
        .values("kind")
        .annotate(
            at=Max("seen_at"),
            age=Min(ControlNow() - F("seen_at")),
            alive=Count("pk", filter=Q(seen_at__gte=ControlNow() - LATE)),
        )
    )
    found = {row["kind"]: Seen(**row) for row in rows}
    return {kind: found.get(kind, Seen(kind)) for kind in Kind.values}


class Pulse:
    """A process's own: it beats when it is time to, and never breaks off what the process is there for."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._due = time.monotonic()
        self._told = False

    @property
    def rest(self) -> float:
        """Seconds until the next beat."""
        return max(self._due - time.monotonic(), 0.0)

    def beat_if_due(self) -> None:
        if self.rest:
            return
        self._due = time.monotonic() + PERIOD
        try:
            beat(self.kind)
            forget_old()
            self._told = False
        except Error as error:
            if not self._told:  # once an outage
                log.warning("the heartbeat cannot be written: %s", error)
            self._told = True

    def stop(self) -> None:
        try:
            stop()
        except Error:
            log.warning("the database is away: the heartbeat's row stays, and is forgotten after a day")
