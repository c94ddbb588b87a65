"""Take a pod's container away, as creating undoes it and destroying does it.

Decides: what "gone" takes to be believed. Not: who asked for it.
"""

from __future__ import annotations

from typing import Any

from clusters.dataplane.errors import Busy, Locked, WrongState
from clusters.dataplane.port import Mine, Stranger
from operations.kind import Parked
from pods.kinds.context import PodRun, not_ours


def take_away(op: PodRun[Any], mine: Mine) -> Parked:
    """Ask for its removal. One that runs (again) is stopped first: a late start may have come after our stop."""
    try:
        return op.parked(op.plane.destroy(mine), "the destruction")
    except WrongState as running:
        if isinstance(again := op.look_at(mine.ct), Mine):  # what runs there may be somebody else's by now
            op.plane.stop(again)
        raise Busy(f"CT {mine.ct.vmid} ran again; it is destroyed when it has stopped.") from running


def discard(op: PodRun[Any]) -> Parked | None:
    """Destroy the pod's container, if there is one. What is not ours is left alone."""
    return discard_found(op, op.look())


def discard_found(op: PodRun[Any], found: Mine | Stranger | None) -> Parked | None:
    """The same, of what was just found where this step has made a container, or may have."""
    match found:
        case Mine(task=str()):
            # Parking on the clone would take its end for the end of this step.
            raise Locked(f"CT {found.ct.vmid} is still being cloned; it is destroyed when that has ended.")
        case Mine() as mine:
            return take_away(op, mine)
        case Stranger() as stranger if op.history.well:
            raise not_ours(stranger)  # the clone was made: without its mark it may be ours all the same
        case Stranger():
            return None
        case None if op.may_still_arrive():
            raise Busy("The request that makes the container got no answer and may still arrive.")
        case None:
            return None
