"""Looks at clusters, each in a thread of its own: one that hangs keeps neither the tick nor the others waiting.

Decides: which cluster is due, and how many are asked at a time. Not: what is recorded of it (observation.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from clusters.dataplane.errors import Denied, Unexpected
from clusters.dataplane.port import Plane, Resources
from clusters.models import Cluster
from clusters.observe import TICK_PATIENCE
from clusters.planes import plane_of
from core.clock import ControlNow, control_now
from operations.errors import StepError

LOOK_EVERY = timedelta(minutes=1)
MOST_AT_ONCE = 8  # after an outage of ours all are due: their looks spread, and so do those of the minutes after


@dataclass
class Look:
    """One call to one cluster. `began` is PostgreSQL's time: what is seen is at least as old."""

    cluster: Cluster
    began: datetime
    found: Resources | StepError | None = None
    thread: threading.Thread | None = None

    def begin(self) -> None:
        """The thread is given the plane and no database: Django's connections belong to their threads."""
        try:
            plane = plane_of(self.cluster, read_timeout=TICK_PATIENCE)
        except StepError as error:
            self.found = error
            return
        self.thread = threading.Thread(target=self._ask, args=(plane,), name=f"look at {self.cluster}", daemon=True)
        self.thread.start()

    def _ask(self, plane: Plane) -> None:
        try:
            self.found = self._believed(plane.resources())
        except StepError as error:
            self.found = error

    def _believed(self, resources: Resources) -> Resources:
        """To a token that may not see them Proxmox lists no guests and says nothing: they are not gone for that."""
        copies = [copy.vmid for copy in self.cluster.template_copies.all()]
        if copies and not resources.guests and not resources.unread:
            raise Denied(
                f"Cluster {self.cluster} lists not one guest, not even the template copy {copies[0]}:"
                " the token lacks the privilege VM.Audit on /vms, or nothing is left there."
            )
        return resources

    @property
    def goes_on(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    @property
    def result(self) -> Resources | StepError:
        return self.found or Unexpected(f"The look at cluster {self.cluster} broke off.")


class Looks:
    """The looks that go on. A cluster is not asked again before its last look has ended."""

    def __init__(self) -> None:
        self._going: dict[UUID, Look] = {}

    def begin(self) -> int:
        """Begin to look at what is due, the longest unseen first. Returns how many looks were begun."""
        room = MOST_AT_ONCE - len(self._going)
        due = due_clusters(room, without=self._going) if room else []
        for cluster in due:
            look = Look(cluster, began=control_now())
            self._going[cluster.pk] = look
            look.begin()
        return len(due)

    def ended(self) -> list[Look]:
        """Those that have ended since this was asked last."""
        over = [look for look in self._going.values() if not look.goes_on]
        for look in over:
            del self._going[look.cluster.pk]
        return over

    def wait(self) -> None:
        """Until all that go on have ended."""
        for look in self._going.values():
            if look.thread is not None:
                look.thread.join()


def due_clusters(most: int, *, without: Iterable[UUID]) -> list[Cluster]:
    """Clusters that nobody has asked for a minute. The row says so, hence a controller that takes over goes on."""
    due = Q(observation=None) | Q(observation__tried_at__lte=ControlNow() - LOOK_EVERY)
    return list(
        Cluster.objects.filter(due)
        .exclude(pk__in=list(without))
        .order_by(F("observation__tried_at").asc(nulls_first=True), "name")
        .prefetch_related("mark_keys", "template_copies")[:most]
    )
