"""Growing a container's disk, as several kinds do it. It cannot be undone: a disk never becomes smaller.

Decides: what a lost answer means to it. Not: which size is asked for, nor what one without effect means (making.py).
"""

from __future__ import annotations

from typing import Any

from operations.kind import Parked
from pods.kinds.context import PodRun


def grow(op: PodRun[Any]) -> Parked | None:
    """Grow it to what the pod's row has, unless it has that. What a lost request has done is seen by the size."""
    mine = op.mine()
    if mine.disk_gib >= op.pod.disk_gib:
        return None
    words = "the disk's growth"
    return op.taken_up(mine, "resize", words) or op.parked(op.plane.grow(mine, disk_gib=op.pod.disk_gib), words)
