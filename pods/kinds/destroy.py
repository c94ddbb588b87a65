"""Destroy a pod softly: stop it, mark its container, and keep both until the tenant's grace period is over.

Decides: the order, and that the pod keeps all it holds. Not: who may ask (services/destroy.py), nor the purge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.dataplane.port import Mine, Stranger
from core.clock import control_now
from operations.kind import Kind, Parked, Step
from pods.holdings import is_dealt_with, needs_a_person, phase_back, saw
from pods.kinds import config, power
from pods.kinds.context import PodRun, not_ours, open_pod_to_end
from pods.models import CloudPod
from pods.wanted import DELETED_TAG, wanted_tags

Phase = CloudPod.Phase


@dataclass(frozen=True)
class Params:
    """How long it may take to shut down; 0: it is stopped at once."""

    timeout_s: int


Run = PodRun[Params]


def declare(op: Run) -> None:
    """What it was is remembered, should it have to stay. One that has come to its end meanwhile has nothing to lose."""
    pod = op.pod
    op.remember(phase=pod.phase, should_run=pod.should_run)
    if pod.gone_at is None:
        pod.phase = Phase.DESTROYING
        pod.save(update_fields=["phase"])


def take_back(op: Run) -> None:
    """It is meant to be what it was. One that is gone stays gone."""
    if op.pod.gone_at is None:
        op.pod.phase = phase_back(op.pod, before=op.before["phase"])
        op.pod.save(update_fields=["phase"])


def mark(op: Run) -> None:
    """It no longer starts with its node, and whoever sees it there sees why. What is not the pod's is left alone."""
    if op.pod.gone_at is not None:
        return
    match op.look():
        case Stranger() as stranger:
            raise not_ours(stranger)
        case Mine() as mine:
            config.write(op, mine, onboot=False, tags=(*wanted_tags(op.pod), DELETED_TAG))
        case None:
            return


def unmark(op: Run) -> None:
    config.write_back(op, onboot=bool(op.before["should_run"]), tags=wanted_tags(op.pod))


def shutdown(op: Run) -> Parked | None:
    return None if op.pod.gone_at is not None else power.shut_down(op, timeout_s=op.params.timeout_s)


def stop(op: Run) -> Parked | None:
    return None if op.pod.gone_at is not None else power.stop_hard(op)


def start_again(op: Run) -> Parked | None:
    return power.start_again(op, before=power.before_of(op))


def settle(op: Run) -> None:
    """From now on its grace period counts. It keeps VMID, address, host name and quota."""
    pod = op.pod
    if pod.gone_at is not None:
        return
    now = control_now()
    pod.phase, pod.deleted_at = Phase.DELETED, now
    pod.purge_at = now + timedelta(hours=pod.tenant.grace_hours)
    pod.save(update_fields=["phase", "deleted_at", "purge_at"])
    saw(pod, CloudPod.Observed.STOPPED)


DESTROY: Kind[Run] = Kind(
    "destroy",
    version=2,
    subject="pod",
    params=Params,
    open=open_pod_to_end,
    deadline=power.DEADLINE,
    attention=lambda op: needs_a_person(op.pod),
    resolved=lambda op: is_dealt_with(op.pod),
    joins=(),
    queues=True,
    overtakes=frozenset({"create"}),
    steps=(
        Step("declare", declare, undo=take_back, atomic=True, undo_atomic=True, by_request=True),
        Step("mark", mark, undo=unmark),
        Step("shutdown", shutdown, undo=start_again, task_may_fail=True),
        Step("stop", stop, undo=start_again),
        Step("settle", settle, atomic=True),
    ),
)
