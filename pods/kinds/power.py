"""Start and stop of a pod's container, as several kinds do them.

Decides: what a stopped or running container means to a step that wants it so. Not: the order of steps.
"""

from __future__ import annotations

from typing import Any

from clusters.dataplane.errors import WrongState
from clusters.dataplane.port import Mine, Stranger
from operations.kind import Parked
from pods.kinds.context import PodRun


def start(op: PodRun[Any], mine: Mine) -> Parked | None:
    """Start the container; one that runs already is as it should be."""
    try:
        return op.parked(op.plane.start(mine), "the start")
    except WrongState:
        if op.plane.running(mine):
            return None
        raise


def stop(op: PodRun[Any]) -> Parked | None:
    """Stop the pod's container if it is there and runs. A stranger's is left alone."""
    match op.look():
        case Mine() as mine if op.plane.running(mine):
            return op.parked(op.plane.stop(mine), "the stop")
        case Mine() | Stranger() | None:
            return None
