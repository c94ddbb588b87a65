"""A pod's snapshots as Proxmox lists them: found by name, known as ours by what their description says.

Decides: which snapshot is ours. Not: what is done with it (snapshot.py, delete_snapshot.py, rollback.py).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from clusters.dataplane.errors import NotOurs
from clusters.dataplane.port import Mine, SnapshotSeen
from pods.kinds.context import PodRun

_OURS = "operation "


def mark_of(operation: UUID) -> str:
    """What Proxmox keeps as the description of a snapshot that this operation takes."""
    return f"{_OURS}{operation}"


def seen(op: PodRun[Any], mine: Mine, name: str) -> SnapshotSeen | None:
    """The snapshot of this name, whoever took it."""
    return next((one for one in op.plane.snapshots(mine) if one.name == name), None)


def ours(op: PodRun[Any], mine: Mine, name: str) -> SnapshotSeen | None:
    """The one that we took; None: it is gone. Raises NotOurs, if somebody took another one by this name."""
    found = seen(op, mine, name)
    if found is not None and not found.description.startswith(_OURS):
        raise NotOurs(f"Snapshot {name} of CT {op.pod.vmid} was made by hand, not by us. It was left alone.")
    return found
