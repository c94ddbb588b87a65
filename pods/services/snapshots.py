"""take_snapshot(), delete_snapshot(), roll_back(): begin the operations on a pod's snapshots.

Decides: what is refused, and how many snapshots a pod may have. Not: how each comes about (kinds/).
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from audit.services import Actor
from core.errors import Invalid
from operations.models import Operation
from operations.ordering import same_going_on
from pods import refusals
from pods.kinds.delete_snapshot import DELETE_SNAPSHOT
from pods.kinds.delete_snapshot import Params as DeleteParams
from pods.kinds.power import USUAL_TIMEOUT_S
from pods.kinds.rollback import ROLLBACK
from pods.kinds.rollback import Params as RollbackParams
from pods.kinds.snapshot import SNAPSHOT
from pods.kinds.snapshot import Params as SnapshotParams
from pods.models import SNAPSHOT_NAME, CloudPod, Snapshot
from pods.services.ask import ask
from pods.services.lock import lock
from pods.services.power import check_timeout
from pods.services.record import recording_refusals

MOST_SNAPSHOTS = 10  # of one pod
MOST_DESCRIPTION = 200  # characters

# Storages that go back to a volume's newest snapshot alone.
ONLY_NEWEST = ("zfspool",)


def take_snapshot(*, by: Actor, pod: CloudPod, name: str, description: str = "", reason: str = "") -> Operation:
    """Begin the operation that takes a snapshot. The pod may run, or be suspended.

    A second request for the same is the first. Refused: BadSnapshotName, Invalid, SnapshotTaken, TooManySnapshots,
    PodGone, PodDeleted, PodNeedsAttention, OperationInProgress, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.snapshot"), transaction.atomic():
        _check_words(name, description)
        locked = lock(pod)
        params = SnapshotParams(name=name, description=description)
        if same_going_on(SNAPSHOT, locked.pk, vars(params)) is None:
            _check_room(locked)
        return ask(SNAPSHOT, by=by, pod=locked, params=params, reason=reason)


def delete_snapshot(*, by: Actor, pod: CloudPod, name: str, reason: str = "") -> Operation:
    """Begin the operation that deletes a snapshot. The pod may run, or be suspended.

    A second request for the same is the first. Refused: NoSuchSnapshot, PodGone, PodDeleted, PodNeedsAttention,
    OperationInProgress, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.delete_snapshot"), transaction.atomic():
        locked = lock(pod)
        _find(locked, name, (Snapshot.State.READY, Snapshot.State.DELETING))
        return ask(DELETE_SNAPSHOT, by=by, pod=locked, params=DeleteParams(name=name), reason=reason)


def roll_back(*, by: Actor, pod: CloudPod, name: str, timeout_s: int = USUAL_TIMEOUT_S, reason: str = "") -> Operation:
    """Begin the operation that takes a pod back to a snapshot: what was written to its disk since then is lost.

    It is stopped for that as `stop_pod` does, and started again if it should run. A second request for the same is
    the first. Refused: Invalid, NoSuchSnapshot, SnapshotNotNewest, PodGone, PodDeleted, PodNeedsAttention,
    OperationInProgress, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.rollback"), transaction.atomic():
        check_timeout(timeout_s)
        locked = lock(pod)
        _check_newest(locked, _find(locked, name, (Snapshot.State.READY,)))
        params = RollbackParams(name=name, timeout_s=timeout_s)
        return ask(ROLLBACK, by=by, pod=locked, params=params, reason=reason)


def _check_words(name: str, description: str) -> None:
    try:
        SNAPSHOT_NAME(name)
    except ValidationError as error:
        raise refusals.BadSnapshotName(error.messages[0], field="name") from None
    if len(description) > MOST_DESCRIPTION:
        raise Invalid(f"A description has at most {MOST_DESCRIPTION} characters.", field="description")


def _check_room(pod: CloudPod) -> None:
    """Those that are being made and deleted count too. Refused: TooManySnapshots."""
    if pod.snapshots.count() >= MOST_SNAPSHOTS:
        raise refusals.TooManySnapshots(
            f"The pod {pod} has {MOST_SNAPSHOTS} snapshots, and may have no more: delete one first.", field="name"
        )


def _find(pod: CloudPod, name: str, states: tuple[str, ...]) -> Snapshot:
    found: Snapshot | None = Snapshot.objects.filter(pod=pod, name=name, state__in=states).first()
    if found is None:
        raise refusals.NoSuchSnapshot(f"The pod {pod} has no snapshot {name[:80]!r} that is complete.", field="name")
    return found


def _check_newest(pod: CloudPod, snapshot: Snapshot) -> None:
    if pod.tier.storage_type not in ONLY_NEWEST:
        return
    newer = list(pod.snapshots.filter(pk__gt=snapshot.pk).order_by("pk").values_list("name", flat=True))
    if newer:
        raise refusals.SnapshotNotNewest(
            f"The storage of {pod} can go back to its newest snapshot only: first delete {', '.join(newer)}.",
            field="name",
        )
