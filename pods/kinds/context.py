"""PodRun: what a step of a pod's operation is given: the pod's row, and the data plane behind the engine's fence.

Decides: how a pod is looked at, wherever it is. Not: what a kind does with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.db import transaction

from audit.services import SYSTEM, Resource, record
from clusters.dataplane.errors import Busy, Moved, NotFound, NotOurs
from clusters.dataplane.port import Ct, Mine, Plane, Stranger, Task, Upid
from clusters.models import Node
from clusters.planes import plane_of
from clusters.waits import AwaitedTask
from core.clock import control_now
from operations.errors import StepError
from operations.kind import Parked, Run
from operations.models import Attempt, Operation
from pods import meeting
from pods.models import CloudPod

P = TypeVar("P")

# A request that got no answer may arrive for this long: our own time-outs (5 s to connect, 30 s to read) and Proxmox's
# (30 s for a call that one node passes on to another).
REQUEST_HORIZON = timedelta(seconds=60)

CLOCKS_APART = timedelta(minutes=5)  # by how much a node's clock and PostgreSQL's may differ


@dataclass(kw_only=True)
class PodRun(Run[P]):
    """A run whose subject is a pod."""

    pod: CloudPod
    looked_at: Ct | None = field(default=None, init=False)  # the newest look of this run, and what it found
    found: Mine | Stranger | None = field(default=None, init=False)

    @cached_property
    def plane(self) -> Plane:
        """The pod's cluster, behind the engine's fence: each call renews the lease, or is not made without it."""
        return plane_of(self.pod.cluster, before_call=self.guard)

    @property
    def ct(self) -> Ct:
        """The container that must be the pod's: where, which VMID, whose, cloned from what."""
        return Ct(
            node=self.pod.node.name,
            vmid=self.pod.vmid,
            pod=self.pod.pk,
            tenant=self.pod.tenant.reference,
            source=self.pod.source.vmid,
        )

    def ct_at(self, vmid: int, *, source: int | None = None) -> Ct:
        """Another container that must be the pod's: the one that a rebuild makes, or the one that it replaces."""
        return replace(self.ct, vmid=vmid, source=source)

    def remember(self, **facts: Any) -> None:
        """Keep with the operation what the pod was before, for the undo. In a transaction that has the fence."""
        self.operation.before = {**self.operation.before, **facts}
        self.operation.save(update_fields=["before"])

    @property
    def before(self) -> dict[str, Any]:
        """What `remember` was told."""
        facts: dict[str, Any] = self.operation.before
        return facts

    def look(self) -> Mine | Stranger | None:
        """What is at the pod's VMID now. When the container was moved by hand, the pod's row follows it, and Moved
        says so: the next try finds it there, and the attempt tells why it took one more.
        """
        try:
            return self._look(self.ct)
        except Moved as moved:
            return self._follow(moved)

    # Whether this kind is content with a container that is gone: it was to be taken away.
    may_be_gone: bool = False

    def mine(self) -> Mine:
        """The pod's own container. Raises NotOurs for a stranger, NotFound when there is none."""
        return self.as_mine(self.look())

    def as_mine(self, found: Mine | Stranger | None) -> Mine:
        """What a look has found, if it is the pod's own. Raises as `mine`."""
        match found:
            case Mine() as mine:
                return mine
            case Stranger() as stranger:
                raise not_ours(stranger)
            case None:
                raise NotFound(f"There is no container {self.pod.vmid} on node {self.pod.node.name}.")

    def look_at(self, ct: Ct) -> Mine | Stranger | None:
        """What is at another VMID of the pod's, on whichever node it is now."""
        try:
            return self._look(ct)
        except Moved as moved:
            return self._look(replace(ct, node=moved.node))

    def _look(self, ct: Ct) -> Mine | Stranger | None:
        """What was found to need a person there may be over."""
        self.looked_at, self.found = ct, None
        self.found = self.plane.look(ct)
        if self._noted and not isinstance(self.found, Stranger):
            meeting.over(self.pod, ct.vmid, self.found)
        return self.found

    @cached_property
    def _noted(self) -> bool:
        """Whether anything needs a person that a look could show to be over; asked once a run."""
        return meeting.noted(self.pod)

    def met(self, error: StepError) -> None:
        disk_on = getattr(self.params, "node", None) or self.pod.node.name  # of those that bring it to another node
        meeting.note(self.pod, error, at=self.looked_at or self.ct, found=self.found, disk_on=disk_on)

    def begun_before(self, ct: Ct | Mine, kind: str) -> Task | None:
        """The task that a request of this step's has begun whose answer was lost; None: there is none.

        Tasks of earlier requests are known by their keys. Clocks of nodes are trusted to five minutes.
        """
        since = self.history.doubtful_since
        if since is None:
            return None
        mine = Attempt.objects.filter(step__operation__subject_id=self.pod.pk, wait_key__isnull=False)
        known = {AwaitedTask.of(str(key)).upid for key in mine.values_list("wait_key", flat=True)}
        earliest = int((since - CLOCKS_APART).timestamp())
        return self.plane.lost_task(ct, kind=kind, since=earliest, known=known)

    def taken_up(self, ct: Ct | Mine, kind: str, words: str, *, ended_too: bool = False) -> Parked | None:
        """The task that a request of this step's has begun whose answer was lost, to be waited for. None: it may be
        asked for, once more. Raises Busy while such a request may still arrive: there is one at a time.

        `ended_too`: its end is taken up as well; for what leaves no trace by which one could see that it was done.
        """
        task = self.begun_before(ct, kind)
        if task is not None and (ended_too or task.exit_status is None):
            return self.parked(task.upid, words)
        if self.may_still_arrive():
            raise Busy(f"The request for {words} of CT {self.pod.vmid} got no answer and may still arrive.")
        return None

    def parked(self, upid: Upid, words: str) -> Parked:
        """Wait for a task of this pod's cluster."""
        return Parked(AwaitedTask(self.pod.cluster_id, upid).key, f"{words} on {self.pod.node.name}")

    def may_still_arrive(self) -> bool:
        """Whether a request of this step's that got no answer may yet take effect."""
        return _may_be_on_its_way(self.history.unanswered_since)

    def undo_may_still_arrive(self) -> bool:
        """The same of what its undo has asked for so far."""
        return _may_be_on_its_way(self.history.unanswered_undo_since)

    def late_effect(self, *kinds: str, ct: Ct | None = None) -> str:
        """What this step has asked for and may yet take effect, in words; empty when nothing may. Ask this before you
        look: what ends between the two is then seen by the look.

        `kinds`: of the tasks that its requests begin: one whose answer was lost may be running. `ct`: whose they are,
        if not the pod's own container's.
        """
        ct = ct or self.ct
        if self.may_still_arrive():
            return f"A request of ours for CT {ct.vmid} got no answer and may still arrive."
        if self._unseen_task_goes_on() or any(self._lost_task_goes_on(ct, kind) for kind in kinds):
            return f"A task of ours for CT {ct.vmid} still runs on node {ct.node}."
        return ""

    def _unseen_task_goes_on(self) -> bool:
        key = self.history.unseen_task
        if key is None:
            return False
        task = AwaitedTask.of(key)
        listed = self.plane.tasks(task.node, since=task.started - 1)
        return any(seen.upid == task.upid and seen.exit_status is None for seen in listed)

    def _lost_task_goes_on(self, ct: Ct, kind: str) -> bool:
        task = self.begun_before(ct, kind)
        return task is not None and task.exit_status is None

    def last_words(self, wait_key: str) -> str:
        return self.plane.task_log(AwaitedTask.of(wait_key).upid)

    def _follow(self, moved: Moved) -> Stranger | None:
        """Look on the other node; the row follows only what is the pod's own, and only while the lease is ours."""
        found = self._look(replace(self.ct, node=moved.node))
        if not isinstance(found, Mine):
            return found
        node = Node.objects.filter(cluster=self.pod.cluster_id, name=moved.node).first()
        if node is None:
            raise Moved(f"{moved.message} The cluster's declaration does not name that node.", node=moved.node)
        before = self.pod.node.name
        with transaction.atomic():
            self.guard()
            self.pod.node = node
            self.pod.save(update_fields=["node"])
            record(
                by=SYSTEM,
                tenant=self.pod.tenant,
                action="pod.moved",
                resource=Resource("pod", self.pod.pk, self.pod.hostname),
                operation_id=self.operation.pk,
                reason="found on another node than the record said",
                before={"node": before},
                after={"node": node.name},
            )
        raise moved


def _may_be_on_its_way(sent: datetime | None) -> bool:
    return sent is not None and control_now() < sent + REQUEST_HORIZON


def not_ours(stranger: Stranger) -> NotOurs:
    return NotOurs(
        f"CT {stranger.vmid} on node {stranger.node} is not this pod's: {stranger.reason}. It was left alone; "
        "once it is out of the way, ask again."
    )


def open_pod_to_end(operation: Operation, params: P, guard: Callable[[], None]) -> PodRun[P]:
    """A kind's `open` that is content with a container that is gone."""
    run = open_pod(operation, params, guard)
    run.may_be_gone = True
    return run


def open_pod(operation: Operation, params: P, guard: Callable[[], None]) -> PodRun[P]:
    """A kind's `open`: the pod is read once a run."""
    pod = CloudPod.objects.select_related("tenant", "cluster", "node", "tier", "source__node").get(
        pk=operation.subject_id
    )
    return PodRun(operation=operation, params=params, guard=guard, pod=pod)
