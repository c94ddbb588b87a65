"""Looks at the tasks that operations wait for, with one call a node, and wakes what has ended.

Decides: how a task's end is told to the engine. Not: what the operation then does.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from clusters.dataplane.answers import DETAIL_LENGTH, task_error
from clusters.dataplane.errors import AnswerLost, NoConnection
from clusters.dataplane.port import Plane, Task, Upid
from clusters.halting import HALTS, halt, halted_places
from clusters.models import Cluster
from clusters.planes import plane_of
from clusters.waits import PREFIX, AwaitedTask
from core.clock import control_now
from operations.errors import Refuse, Retry, StepError, Wait
from operations.foreign_text import in_lines
from operations.freezing import keep_parked
from operations.wake import Outcome, awaited, wake

log = logging.getLogger(__name__)

# A task shows in its node's list at once. One that is missing for longer fell out of the list (its node was
# reinstalled, or ran hundreds of others): its step then looks for itself.
MISSING_PATIENCE = timedelta(seconds=20)

# Seconds that a node may take to answer: one that hangs must not keep the others' operations from being woken.
TICK_PATIENCE = 5.0


Waiting = tuple[AwaitedTask, datetime]  # and when the attempt that waits for it began


class Older(NamedTuple):
    """Tasks older than `age` are looked at `every` so many seconds."""

    age: timedelta
    every: float


OLDER = (Older(timedelta(seconds=10), 1.0), Older(timedelta(seconds=20), 2.0), Older(timedelta(seconds=60), 5.0))


class Rhythm:
    """How far back each look goes: what is young at every tick, what is old now and then.

    A task's end is told late by a tenth of what it took at most; a thousand that run for minutes cost next to nothing.
    """

    def __init__(self) -> None:
        self._next = [0.0 for _ in OLDER]

    def within(self) -> timedelta | None:
        """The age up to which tasks are due to be looked at now; None: all are."""
        now = time.monotonic()
        due = [number for number, moment in enumerate(self._next) if now >= moment]
        oldest = max(due, default=-1)
        for number in range(oldest + 1):  # whoever looks at the older ones sees the younger ones too
            self._next[number] = now + OLDER[number].every
        return OLDER[oldest + 1].age if oldest + 1 < len(OLDER) else None


def wake_parked(*, within: timedelta | None = None) -> int:
    """One look: at most one call a node. Returns how many operations were woken.

    `within`: only at tasks that were begun no longer ago. A cluster that takes no connection is not asked for its other
    nodes: each endpoint may cost five seconds, for which nobody's operations are woken. One that lets us in no longer
    is not asked at all.
    """
    halted = halted_places()
    keep_parked(halted)
    by_node: dict[tuple[UUID, str], list[Waiting]] = defaultdict(list)
    for key, begun in awaited(PREFIX, within=within):
        task = AwaitedTask.of(key)
        by_node[task.cluster_id, task.node].append((task, begun))
    clusters = Cluster.objects.prefetch_related("mark_keys").in_bulk({cluster_id for cluster_id, _ in by_node})
    woken = 0
    silent = {pk for pk, cluster in clusters.items() if cluster.place in halted}
    for (cluster_id, node), waiting in by_node.items():
        if cluster_id in silent:
            continue
        cluster = clusters[cluster_id]
        try:
            woken += _look_at_node(cluster, node, waiting)
        except StepError as error:  # the operations stay parked; their deadlines end it if it lasts
            log.warning("cluster %s, node %s: %s", cluster, node, error.message)
            if isinstance(error, NoConnection) or error.code in HALTS:
                silent.add(cluster_id)
            if error.code in HALTS:
                with transaction.atomic():
                    halt(cluster, error.code, error.message)
    return woken


def _look_at_node(cluster: Cluster, node: str, waiting: list[Waiting]) -> int:
    since = min(task.started for task, _ in waiting) - 1
    plane = plane_of(cluster, read_timeout=TICK_PATIENCE)
    listed: dict[Upid, Task] = {task.upid: task for task in plane.tasks(node, since=since)}
    now, woken = control_now(), 0
    for task, begun in waiting:
        seen = listed.get(task.upid)
        if seen is None and now - begun > MISSING_PATIENCE:
            woken += wake(task.key, _outcome_of(AnswerLost(f"Node {node} no longer lists the task {task.upid}.")))
        elif seen is not None and seen.exit_status is not None:
            error = _error_of(plane, seen)
            woken += wake(task.key, _outcome_of(error) if error else Outcome(ok=True, detail=_remarks(plane, seen)))
    return woken


def _error_of(plane: Plane, task: Task) -> StepError | None:
    """What it came to. Of some that failed (a move) the reason stands in their log alone."""
    try:
        return plane.outcome(task)
    except StepError as unread:
        log.warning("the log of task %s could not be read: %s", task.upid, unread.message)
        return task_error(task)


def _remarks(plane: Plane, task: Task) -> str:
    """What a task that went well warns of; kept with the attempt, for a person to judge."""
    if task.exit_status == "OK":
        return ""
    try:
        return in_lines(f"{task.exit_status}\n{plane.task_log(task.upid)}"[:DETAIL_LENGTH])
    except StepError as unread:
        return f"{task.exit_status}\n(The task's log could not be read: {unread.message})"


def _outcome_of(error: StepError) -> Outcome:
    families: tuple[tuple[type[StepError], str], ...] = ((Wait, "wait"), (Retry, "retry"), (Refuse, "refuse"))
    family = next((name for kind, name in families if isinstance(error, kind)), "fail")
    return Outcome(
        ok=False,
        family=family,
        code=error.code,
        message=error.message,
        detail=error.detail,
        in_doubt=error.in_doubt,
        tries=error.tries if isinstance(error, Retry) else None,
        patience_s=error.patience.total_seconds() if isinstance(error, Wait) and error.patience else None,
    )
