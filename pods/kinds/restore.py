"""Restore a deleted pod: its container is unmarked and, if it is to run, started.

Decides: the order of the calls. Not: who may ask (services/destroy.py), nor restoring from a backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from operations.kind import Kind, Parked, Step
from pods.holdings import booted, saw
from pods.kinds import config, power
from pods.kinds.context import PodRun, open_pod
from pods.models import CloudPod
from pods.wanted import DELETED_TAG, wanted_tags

Phase = CloudPod.Phase


@dataclass(frozen=True)
class Params:
    """Nothing is to be known but the pod."""


Run = PodRun[Params]


def declare(op: Run) -> None:
    pod = op.pod
    assert pod.deleted_at is not None
    assert pod.purge_at is not None
    op.remember(deleted_at=pod.deleted_at.isoformat(), purge_at=pod.purge_at.isoformat())
    pod.phase, pod.deleted_at, pod.purge_at = Phase.ACTIVE, None, None
    pod.save(update_fields=["phase", "deleted_at", "purge_at"])


def take_back(op: Run) -> None:
    """It stays deleted, and its purge comes when it would have come."""
    pod = op.pod
    pod.phase = Phase.DELETED
    pod.deleted_at = datetime.fromisoformat(op.before["deleted_at"])
    pod.purge_at = datetime.fromisoformat(op.before["purge_at"])
    pod.save(update_fields=["phase", "deleted_at", "purge_at"])


def unmark(op: Run) -> None:
    config.write(op, op.mine(), onboot=op.pod.should_run, tags=wanted_tags(op.pod))


def mark(op: Run) -> None:
    config.write_back(op, onboot=False, tags=(*wanted_tags(op.pod), DELETED_TAG))


def start(op: Run) -> Parked | None:
    """Suspended meanwhile, or stopped before it was destroyed: it stays as it is."""
    return power.start(op, op.mine()) if op.pod.should_run else None


def stop_again(op: Run) -> Parked | None:
    return power.stop_again(op, before=CloudPod.Desired.STOPPED)


def settle(op: Run) -> None:
    if op.pod.should_run:
        booted(op.pod)
    else:
        saw(op.pod, CloudPod.Observed.STOPPED)


RESTORE: Kind[Run] = Kind(
    "restore",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=20),
    joins=(),
    steps=(
        Step("declare", declare, undo=take_back, atomic=True, undo_atomic=True, by_request=True),
        Step("unmark", unmark, undo=mark),
        Step("start", start, undo=stop_again),
        Step("settle", settle, atomic=True),
    ),
)
