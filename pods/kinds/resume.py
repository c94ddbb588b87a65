"""Resume a suspended pod: if nothing else keeps it from that, it runs again and starts with its node.

Decides: the order of the calls. Not: who may ask, nor which pods a tenant's resumption concerns (services/).
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.kind import Kind, Parked, Step
from pods.holdings import booted
from pods.kinds import config, power
from pods.kinds.context import PodRun, open_pod
from pods.kinds.suspend import SUSPENDED, Scope, concerned, remember_suspension, take_back


@dataclass(frozen=True)
class Params:
    scope: str


Run = PodRun[Params]


def declare(op: Run) -> None:
    """One cause of its suspension is over; another one may remain."""
    pod = op.pod
    remember_suspension(op)
    if op.params.scope == Scope.TENANT:
        pod.tenant_suspended = False
    else:
        pod.suspended_at, pod.suspended_reason = None, ""
    pod.save(update_fields=SUSPENDED)


def onboot(op: Run) -> None:
    if concerned(op) and op.pod.should_run:
        config.write(op, op.mine(), onboot=True)


def onboot_back(op: Run) -> None:
    if concerned(op):
        config.write_back(op, onboot=bool(op.before["should_run"]))


def start(op: Run) -> Parked | None:
    return power.start(op, op.mine()) if concerned(op) and op.pod.should_run else None


def stop_again(op: Run) -> Parked | None:
    return power.stop_again(op, before=power.before_of(op)) if concerned(op) else None


def settle(op: Run) -> None:
    if concerned(op) and op.pod.should_run:
        booted(op.pod)


RESUME: Kind[Run] = Kind(
    "resume",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=power.DEADLINE,
    joins=("scope",),
    queues=True,
    steps=(
        Step("declare", declare, undo=take_back, atomic=True, undo_atomic=True, by_request=True),
        Step("onboot", onboot, undo=onboot_back),
        Step("start", start, undo=stop_again),
        Step("settle", settle, atomic=True),
    ),
)
