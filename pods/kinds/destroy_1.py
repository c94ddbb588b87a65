"""Destroy a pod, as releases did it that knew no grace period: its container is taken away at once.

Kept for operations that such a release has begun; `manage.py operations versions` says whether there still are any.

Decides: what their parameters mean. Not: the calls (purge.py), nor what a destroy does now (destroy.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from operations.kind import Kind, Parked, Step, recorded_by_service
from pods.holdings import needs_a_person, take_back
from pods.kinds import power
from pods.kinds.context import PodRun, open_pod
from pods.kinds.purge import destroy, settle, stop
from pods.models import CloudPod


@dataclass(frozen=True)
class Params:
    """What the pod was before, should it have to stay."""

    phase: str
    desired_state: str = CloudPod.Desired.RUNNING  # of operations that were asked for before there was a stop


Run = PodRun[Params]


def start_again(op: Run) -> Parked | None:
    """It could not be destroyed: let it run again, if it should and was, or may have been, stopped for that."""
    before = op.params.desired_state
    if not power.may_have_been_stopped(op, before=before):
        return None
    op.mine()
    return power.start_again(op, before=before)


DESTROY_1: Kind[Run] = Kind(
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
        Step("destroy", destroy, pivot=True),  # those releases knew none; a cancel would come too late all the same
        Step("settle", settle, atomic=True),
    ),
)
