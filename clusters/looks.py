"""Looks at clusters, each in a thread of its own: one that hangs keeps neither the tick nor the others waiting.

Decides: which cluster is due, how many are asked at a time, and when a lock counts as stuck. Not: what is recorded of
it (observation.py), nor what is found in it (noticing.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from clusters.dataplane.errors import Denied, Unexpected
from clusters.dataplane.port import Guest, Plane, Resources, Task
from clusters.dataplane.tasks import BACKUP, CLONE
from clusters.findings import Code, open_findings
from clusters.models import Cluster
from clusters.observe import TICK_PATIENCE
from clusters.planes import plane_of
from core.clock import ControlNow, control_now
from operations.errors import StepError

LOOK_EVERY = timedelta(minutes=1)
MOST_AT_ONCE = 8  # after an outage of ours all are due: their looks spread, and so do those of the minutes after

# A lock without a task is stuck when two looks, so far apart, have both found it so: the list lags by ten seconds.
STUCK_AFTER = timedelta(seconds=30)


@dataclass
class Look:
    """One call to one cluster. `began` is PostgreSQL's time: what is seen is at least as old.

    Two things cost a call more: whether the cluster has its quorum again (`doubts_quorum`: it had none), and what runs
    on a node where one of our VMIDs is locked. `idle`: the VMIDs whose lock no task is behind; `stuck`: those that have
    been so for a while.
    """

    cluster: Cluster
    began: datetime
    found: Resources | StepError | None = None
    thread: threading.Thread | None = None
    doubts_quorum: bool = False
    quorate: bool | None = None
    idle: frozenset[int] = frozenset()
    stuck: frozenset[int] = frozenset()

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
            resources = self._believed(plane.resources())
            self.idle = _without_task(plane, self._locked(resources))
            if self.doubts_quorum:
                self.quorate = plane.quorate()
            self.found = resources
        except StepError as error:
            self.found = error

    def _locked(self, resources: Resources) -> list[Guest]:
        """Of the template copies and of pods' VMIDs, on nodes that can be asked."""
        first, last = self.cluster.pod_vmid_first, self.cluster.pod_vmid_last
        copies = {copy.vmid for copy in self.cluster.template_copies.all()}
        online = {node.name for node in resources.nodes if node.status == "online"}
        locked = [guest for guest in resources.guests if guest.lock and guest.node in online]
        return [guest for guest in locked if guest.vmid in copies or first <= guest.vmid <= last]

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


def _without_task(plane: Plane, locked: list[Guest]) -> frozenset[int]:
    """Those whose lock no task is behind. Of a node that does not say what it does, none."""
    idle: set[int] = set()
    for node in {guest.node for guest in locked}:
        try:
            running = plane.running_tasks(node)
        except StepError:
            continue
        idle |= {guest.vmid for guest in locked if guest.node == node and not any(_may_hold(t, guest) for t in running)}
    return frozenset(idle)


def _may_hold(task: Task, guest: Guest) -> bool:
    """A clone names its source alone, a backup of several guests none of them."""
    return (
        task.id == str(guest.vmid)
        or (task.kind == CLONE and guest.lock == "create")
        or (task.kind == BACKUP and not task.id)
    )


class Looks:
    """The looks that go on. A cluster is not asked again before its last look has ended."""

    def __init__(self) -> None:
        self._going: dict[UUID, Look] = {}
        self._idle_since: dict[UUID, dict[int, datetime]] = {}

    def begin(self) -> int:
        """Begin to look at what is due, the longest unseen first. Returns how many looks were begun."""
        room = MOST_AT_ONCE - len(self._going)
        due = due_clusters(room, without=self._going) if room else []
        doubtful = set(open_findings().filter(code=Code.NO_QUORUM).values_list("cluster", flat=True)) if due else set()
        for cluster in due:
            look = Look(cluster, began=control_now(), doubts_quorum=cluster.pk in doubtful)
            self._going[cluster.pk] = look
            look.begin()
        return len(due)

    def ended(self) -> list[Look]:
        """Those that have ended since this was asked last."""
        over = [look for look in self._going.values() if not look.goes_on]
        for look in over:
            del self._going[look.cluster.pk]
            self._remember(look)
        return over

    def _remember(self, look: Look) -> None:
        """A look without an answer is none: what was idle before it still counts."""
        if not isinstance(look.result, Resources):
            return
        before = self._idle_since.get(look.cluster.pk, {})
        since = {vmid: before.get(vmid, look.began) for vmid in look.idle}
        self._idle_since[look.cluster.pk] = since
        look.stuck = frozenset(vmid for vmid, began in since.items() if began <= look.began - STUCK_AFTER)

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
