"""Start a pod: it starts with its node from now on, and it is started if it does not run.

Decides: the order of the calls, and that a start which fails leaves the pod as it was meant to be before. Not: who may
ask (services/power.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.kind import Kind, Parked, Step
from pods.holdings import booted, saw
from pods.kinds import power
from pods.kinds.context import PodRun, open_pod
from pods.models import CloudPod


@dataclass(frozen=True)
class Params:
    """What was wanted before, should it not start."""

    desired_state: str


Run = PodRun[Params]


def start(op: Run) -> Parked | None:
    return power.start(op, op.mine())


def settle(op: Run) -> None:
    """The start's task ended well, or it ran already: then nothing has booted."""
    if power.began_or_may_have(op, "start"):
        booted(op.pod)
    else:
        saw(op.pod, CloudPod.Observed.RUNNING)


START: Kind[Run] = Kind(
    "start",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=power.DEADLINE,
    joins=(),
    steps=(
        power.declare(CloudPod.Desired.RUNNING),
        power.onboot(CloudPod.Desired.RUNNING),
        Step("start", start, undo=lambda op: power.stop_again(op, before=op.params.desired_state)),
        Step("settle", settle, atomic=True),
    ),
)
