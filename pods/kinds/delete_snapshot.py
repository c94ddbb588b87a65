"""Delete a snapshot of a pod, while it runs or not. There is no way back.

Decides: the order of the calls, and that one which is gone already is well. Not: which there are
(services/snapshots.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from operations.kind import Kind, Parked, Step
from pods.kinds import snapshots
from pods.kinds.context import PodRun, open_pod
from pods.models import Snapshot


@dataclass(frozen=True)
class Params:
    """Its name."""

    name: str


Run = PodRun[Params]


def declare(op: Run) -> None:
    _row(op).update(state=Snapshot.State.DELETING)


def keep(op: Run) -> None:
    """It is still there, or a person has looked: its owner can ask again, and one that is gone is then well."""
    _row(op).update(state=Snapshot.State.READY)


def delete(op: Run) -> Parked | None:
    mine = op.mine()
    found = snapshots.ours(op, mine, op.params.name)
    if found is None:
        op.mine()  # of a stranger that has come meanwhile, it tells nothing
        return None
    words = "the snapshot's removal"
    return op.taken_up(mine, "vzdelsnapshot", words) or op.parked(
        op.plane.delete_snapshot(op.mine(), name=found.name),  # looked at once more, right before the write
        words,
    )


def settle(op: Run) -> None:
    _row(op).delete()


def _row(op: Run) -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(pod=op.pod, name=op.params.name)


DELETE_SNAPSHOT: Kind[Run] = Kind(
    "delete_snapshot",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=30),
    resolved=keep,
    joins=("name",),
    steps=(
        Step("declare", declare, undo=keep, atomic=True, undo_atomic=True, by_request=True),
        Step("delete", delete, pivot=True),
        Step("settle", settle, atomic=True),
    ),
)
