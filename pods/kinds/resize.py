"""Resize a pod: cores, memory and swap either way, the disk only to a larger one. It may run meanwhile.

While this goes on, the pod's row has of each the larger one of what it was and what it becomes: that much is held of
the tenant's quota and of the node, so that going on and going back both fit.

Decides: the order of the calls, and what is undone. Not: which sizes are granted (services/resize.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import transaction

from clusters.dataplane.errors import Busy
from clusters.dataplane.port import Mine
from operations.kind import Kind, Step
from pods.kinds import config, disk, making
from pods.kinds.context import PodRun, open_pod

SIZE = ("cores", "memory_mib", "swap_mib", "disk_gib")
WRITTEN = ("cores", "memory_mib", "swap_mib")


@dataclass(frozen=True)
class Params:
    """What it is to have."""

    cores: int
    memory_mib: int
    swap_mib: int
    disk_gib: int


Run = PodRun[Params]


def declare(op: Run) -> None:
    """Both sizes are held from now on."""
    op.remember(**{name: getattr(op.pod, name) for name in SIZE})
    _say(op, {name: max(op.before[name], new) for name, new in asdict(op.params).items()})


def take_back(op: Run) -> None:
    """It has again what it had; a disk that has grown stays so."""
    _say(op, op.before)


def configure(op: Run) -> None:
    """Of a running container most of it counts at once; what does not is noted later."""
    config.write(op, op.mine(), **{name: getattr(op.params, name) for name in WRITTEN})


def write_back(op: Run) -> None:
    config.write_back(op, **{name: op.before[name] for name in WRITTEN})


def keep_what_grew(op: Run) -> None:
    """A disk that has grown is the pod's, and so it is counted: what comes late is waited for."""
    late = op.late_effect("resize")
    found = op.look()
    if not isinstance(found, Mine):
        return
    if found.disk_gib >= op.params.disk_gib:
        with transaction.atomic():
            op.guard()
            op.remember(disk_gib=op.params.disk_gib)
    elif late:
        raise Busy(late)


def see(op: Run) -> None:
    """Whether its disk has really grown, and what counts from its next boot only."""
    mine = op.mine()
    making.check_disk(op, mine)
    config.note_what_waits(op, mine)


def settle(op: Run) -> None:
    """It has what was asked for; what it had more than that is given back."""
    _say(op, asdict(op.params))
    config.settle_what_waits(op)


def _say(op: Run, size: Mapping[str, int]) -> None:
    for name in SIZE:
        setattr(op.pod, name, size[name])
    op.pod.save(update_fields=SIZE)


# One that could not be undone leaves the pod as it is: it runs, and can be asked for again.
RESIZE: Kind[Run] = Kind(
    "resize",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=20),
    joins=SIZE,
    steps=(
        Step("declare", declare, undo=take_back, atomic=True, undo_atomic=True, by_request=True),
        Step("configure", configure, undo=write_back),
        Step("grow", disk.grow, undo=keep_what_grew),
        Step("see", see),
        Step("settle", settle, atomic=True),
    ),
)
