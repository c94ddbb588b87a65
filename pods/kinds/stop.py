"""Stop a pod: it no longer starts with its node, its first process is asked to end, and if that takes too long it is
stopped hard.

Decides: the order of the calls, and that a pod which cannot be stopped runs as before. Not: who may ask
(services/power.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.kind import Kind, Parked, Step
from pods.holdings import saw
from pods.kinds import power
from pods.kinds.context import PodRun, open_pod
from pods.models import CloudPod


@dataclass(frozen=True)
class Params:
    """What was wanted before, should it not stop; and how long it may take to shut down (0: stop it at once)."""

    desired_state: str
    timeout_s: int


Run = PodRun[Params]


def start_again(op: Run) -> Parked | None:
    """What is suspended did not run before either."""
    before = CloudPod.Desired.STOPPED if op.pod.suspended else op.params.desired_state
    return power.start_again(op, before=before)


def settle(op: Run) -> None:
    """It ended by itself, or the hard stop's task ended well, or it did not run."""
    saw(op.pod, CloudPod.Observed.STOPPED)


STOP: Kind[Run] = Kind(
    "stop",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=power.DEADLINE,
    joins=(),
    steps=(
        power.declare(CloudPod.Desired.STOPPED),
        power.onboot(CloudPod.Desired.STOPPED),
        Step(
            "shutdown",
            lambda op: power.shut_down(op, timeout_s=op.params.timeout_s),
            undo=start_again,
            task_may_fail=True,
        ),
        Step("stop", power.stop_hard, undo=start_again),
        Step("settle", settle, atomic=True),
    ),
)
