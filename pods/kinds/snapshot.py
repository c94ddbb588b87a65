"""Take a snapshot of a pod: its disk and its configuration, while it runs or not.

Decides: the order of the calls, and that nothing half made is left. Not: how many there may be (services/snapshots.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.dataplane.errors import Busy, SnapshotTaken, TaskFailed
from clusters.dataplane.port import Mine
from core.clock import control_now
from core.errors import refusing_violations
from operations.kind import Kind, Parked, Step
from pods.kinds import snapshots
from pods.kinds.context import PodRun, open_pod
from pods.models import Snapshot


@dataclass(frozen=True)
class Params:
    """Its name, and what its owner says of it."""

    name: str
    description: str


Run = PodRun[Params]


def declare(op: Run) -> None:
    """Refused: SnapshotTaken."""
    with refusing_violations():
        row = Snapshot.objects.create(
            tenant=op.pod.tenant,
            pod=op.pod,
            name=op.params.name,
            description=op.params.description,
            created_at=control_now(),
        )
    op.remember(snapshot=str(row.pk))


def forget(op: Run) -> None:
    """There is none, or a person has seen to that."""
    Snapshot.objects.filter(pk=op.before["snapshot"]).delete()


def take(op: Run) -> Parked | None:
    """One that is there already was taken by a request whose answer was lost, or is another one of this name."""
    mine = op.mine()
    found = snapshots.seen(op, mine, op.params.name)
    if found is not None and found.description != snapshots.mark_of(op.operation.pk):
        raise SnapshotTaken(f"CT {op.pod.vmid} has a snapshot named {found.name} already that is not this pod's.")
    if found is not None and not found.state:
        return None
    words = "the snapshot"
    if going_on := op.taken_up(mine, "vzsnapshot", words):
        return going_on
    if found is not None:
        raise TaskFailed(f"Snapshot {found.name} of CT {op.pod.vmid} was left half made ({found.state}).")
    mark = snapshots.mark_of(op.operation.pk)  # looked at once more: nothing comes between a look and its write
    return op.parked(op.plane.take_snapshot(op.mine(), name=op.params.name, description=mark), words)


def discard(op: Run) -> Parked | None:
    """Delete it, if there is one that this operation took. What comes late is let come first, or it would be there
    again.
    """
    late = op.late_effect("vzsnapshot")
    mine = op.look()
    if not isinstance(mine, Mine):
        return None
    if late:
        raise Busy(late)
    found = snapshots.seen(op, mine, op.params.name)
    if found is None or found.description != snapshots.mark_of(op.operation.pk):
        return None
    return op.parked(op.plane.delete_snapshot(mine, name=found.name), "the snapshot's removal")


def settle(op: Run) -> None:
    Snapshot.objects.filter(pk=op.before["snapshot"]).update(state=Snapshot.State.READY)


# One that could not be undone leaves the pod as it is; the snapshot's row stays until a person has looked.
SNAPSHOT: Kind[Run] = Kind(
    "snapshot",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=30),
    resolved=forget,
    joins=("name", "description"),
    steps=(
        Step("declare", declare, undo=forget, atomic=True, undo_atomic=True, by_request=True),
        Step("take", take, undo=discard),
        Step("settle", settle, atomic=True),
    ),
)
