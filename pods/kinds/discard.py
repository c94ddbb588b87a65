"""Take a pod's container away, as creating undoes it and destroying does it.

Decides: what "gone" takes to be believed. Not: who asked for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clusters.dataplane.errors import Busy, Locked
from clusters.dataplane.port import Mine, Stranger
from core.clock import control_now
from operations.kind import Parked
from pods.kinds.context import PodRun

# A request that got no answer may arrive for this long: our own time-outs (5 s to connect, 30 s to read) and Proxmox's
# (30 s for a call that one node passes on to another).
REQUEST_HORIZON = timedelta(seconds=60)


def discard(op: PodRun[Any]) -> Parked | None:
    """Destroy the pod's container, if there is one. What is not ours is left alone."""
    match op.look():
        case Mine(task=str()):
            # Parking on the clone would take its end for the end of this step.
            raise Locked(f"CT {op.pod.vmid} is still being cloned; it is destroyed when that has ended.")
        case Mine() as mine:
            return op.parked(op.plane.destroy(mine), "the destruction")
        case Stranger():
            return None
        case None if op.unanswered_since and control_now() < op.unanswered_since + REQUEST_HORIZON:
            raise Busy(f"The request that makes CT {op.pod.vmid} got no answer and may still arrive.")
        case None:
            return None
