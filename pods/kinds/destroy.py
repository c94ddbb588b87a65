"""Destroy a pod: stop its container, take it away, give back what it held.

Decides: the order, and that a container which is not this pod's is never touched. Not: who may ask (services.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.dataplane.port import Mine, Stranger
from operations.kind import Kind, Parked, Step, recorded_by_service
from pods.holdings import let_go, needs_a_person, take_back
from pods.kinds import power
from pods.kinds.context import PodRun, not_ours, open_pod
from pods.kinds.discard import take_away
from pods.models import CloudPod


@dataclass(frozen=True)
class Params:
    """What the pod was before, should it have to stay."""

    phase: str
    desired_state: str = CloudPod.Desired.RUNNING  # of operations that were asked for before there was a stop


Run = PodRun[Params]


def stop(op: Run) -> Parked | None:
    """Stop it if it runs; refuse, before anything is changed, if what is at the VMID is not the pod's."""
    match op.look():
        case Stranger() as stranger:
            raise not_ours(stranger)
        case Mine() as mine if op.plane.running(mine):
            return op.parked(op.plane.stop(mine), "the stop")
        case Mine() | None:
            return None


def start_again(op: Run) -> Parked | None:
    """It could not be destroyed: let it run again, if it should and was, or may have been, stopped for that. One that
    is gone by now, or not ours, is for a person.
    """
    before = op.params.desired_state
    if not power.may_have_been_stopped(op, before=before):
        return None
    op.mine()
    return power.start_again(op, before=before)


def destroy(op: Run) -> Parked | None:
    """Take the container away. A clone that is still being made is waited for; one that is gone already is well."""
    match op.look():
        case Stranger() as stranger:
            raise not_ours(stranger)
        case Mine() as mine:
            return take_away(op, mine)
        case None:
            return None


def settle(op: Run) -> None:
    """The destruction's task ended well, or nothing was there: give back VMID, address and quota."""
    let_go(op.pod, phase=CloudPod.Phase.GONE)


DESTROY: Kind[Run] = Kind(
    "destroy",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=20),
    attention=lambda op: needs_a_person(op.pod),
    steps=(
        Step(
            "declare",
            recorded_by_service,
            undo=lambda op: take_back(op.pod, phase=op.params.phase, desired_state=op.params.desired_state),
            undo_atomic=True,
        ),
        Step("stop", stop, undo=start_again),
        Step("destroy", destroy),
        Step("settle", settle, atomic=True),
    ),
)
