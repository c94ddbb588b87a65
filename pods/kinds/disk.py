"""Growing a container's disk, as several kinds do it. It cannot be undone: a disk never becomes smaller.

Decides: what a disk of the size asked for, or of another one, means to a step. Not: which size is asked for.
"""

from __future__ import annotations

from typing import Any

from clusters.dataplane.errors import TaskFailed
from clusters.dataplane.port import Mine
from operations.kind import Parked
from pods.kinds.context import PodRun


def grow(op: PodRun[Any], *, disk_gib: int) -> Parked | None:
    """Grow it to this size, unless it has it. That of a request whose answer was lost is seen by the size."""
    mine = op.mine()
    if mine.disk_gib >= disk_gib:
        return None
    words = "the disk's growth"
    return op.taken_up(mine, "resize", words) or op.parked(op.plane.grow(mine, disk_gib=disk_gib), words)


def check_grown(mine: Mine, *, disk_gib: int) -> None:
    """A resize can end OK and not have worked. Raises TaskFailed."""
    if mine.disk_gib < disk_gib:
        raise TaskFailed(f"The disk has {mine.disk_gib:g} GiB where {disk_gib} were asked for.")
