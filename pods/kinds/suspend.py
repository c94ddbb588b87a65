"""Suspend a pod: it is stopped, and starts neither by request nor with its node until it is resumed.

Decides: the order of the calls. Not: who may ask, nor which pods a tenant's suspension concerns (services/).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.clock import control_now
from operations.kind import Kind, Parked, Step
from pods.holdings import saw
from pods.kinds import config, power
from pods.kinds.context import PodRun, open_pod
from pods.models import CloudPod

SUSPENDED = ["suspended_at", "suspended_reason", "tenant_suspended"]


class Scope(StrEnum):
    """What was suspended: this pod, or its tenant with all that it has. Each is resumed for itself."""

    POD = "pod"
    TENANT = "tenant"


@dataclass(frozen=True)
class Params:
    scope: str
    reason: str
    timeout_s: int


Run = PodRun[Params]


def concerned(op: PodRun[Any]) -> bool:
    """Whether there is a container that is to be stopped or started: not of a pod that is gone or deleted meanwhile."""
    return op.pod.gone_at is None and op.pod.phase != CloudPod.Phase.DELETED


def remember_suspension(op: PodRun[Any]) -> None:
    pod = op.pod
    op.remember(
        should_run=pod.should_run,
        suspended_at=pod.suspended_at.isoformat() if pod.suspended_at else None,
        suspended_reason=pod.suspended_reason,
        tenant_suspended=pod.tenant_suspended,
    )


def declare(op: Run) -> None:
    pod = op.pod
    remember_suspension(op)
    if op.params.scope == Scope.TENANT:
        pod.tenant_suspended = True
    else:
        pod.suspended_at, pod.suspended_reason = control_now(), op.params.reason
    pod.save(update_fields=SUSPENDED)


def take_back(op: PodRun[Any]) -> None:
    pod, at = op.pod, op.before["suspended_at"]
    pod.suspended_at = datetime.fromisoformat(at) if at else None
    pod.suspended_reason, pod.tenant_suspended = op.before["suspended_reason"], op.before["tenant_suspended"]
    pod.save(update_fields=SUSPENDED)


def onboot(op: Run) -> None:
    if concerned(op):
        config.write(op, op.mine(), onboot=False)


def onboot_back(op: Run) -> None:
    if concerned(op):
        config.write_back(op, onboot=bool(op.before["should_run"]))


def shutdown(op: Run) -> Parked | None:
    return power.shut_down(op, timeout_s=op.params.timeout_s) if concerned(op) else None


def stop(op: Run) -> Parked | None:
    return power.stop_hard(op) if concerned(op) else None


def start_again(op: Run) -> Parked | None:
    return power.start_again(op, before=power.before_of(op)) if concerned(op) else None


def settle(op: Run) -> None:
    if concerned(op):
        saw(op.pod, CloudPod.Observed.STOPPED)


SUSPEND: Kind[Run] = Kind(
    "suspend",
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
        Step("shutdown", shutdown, undo=start_again, task_may_fail=True),
        Step("stop", stop, undo=start_again),
        Step("settle", settle, atomic=True),
    ),
)
