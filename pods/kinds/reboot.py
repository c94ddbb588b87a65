"""Reboot a pod: shut it down, stop it hard if that takes too long, start it.

Composed of our own steps, each of which looks before it acts, instead of Proxmox's `reboot`: that is one task which
fails on a container that does not run, and of which nobody could tell, once its answer was lost, whether it had been
done; asked for again, it would reboot a second time.

Decides: the order of the calls, and that a pod which was stopped for this runs again. Not: who may ask
(services/power.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.kind import Kind, Parked, Step, recorded_by_service
from pods.holdings import booted
from pods.kinds import power
from pods.kinds.context import PodRun, open_pod
from pods.models import CloudPod


@dataclass(frozen=True)
class Params:
    """How long it may take to shut down; 0: stop it at once."""

    timeout_s: int


Run = PodRun[Params]


def start(op: Run) -> Parked | None:
    return power.start(op, op.mine())


def start_again(op: Run) -> Parked | None:
    """Also when its start has just failed: a pod that should run and does not is left to a person, not to chance."""
    return power.start_again(op, before=CloudPod.Desired.RUNNING)


def settle(op: Run) -> None:
    """The start's task ended well."""
    booted(op.pod)


REBOOT: Kind[Run] = Kind(
    "reboot",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=power.DEADLINE,
    joins=(),
    steps=(
        Step("declare", recorded_by_service),
        Step(
            "shutdown",
            lambda op: power.shut_down(op, timeout_s=op.params.timeout_s),
            undo=start_again,
            task_may_fail=True,
        ),
        Step("stop", power.stop_hard, undo=start_again),
        Step("start", start),
        Step("settle", settle, atomic=True),
    ),
)
