"""Purge a pod: stop its container, take it away for good, give back what it held.

Decides: the order, and that a container which is not this pod's is never touched. Not: who may ask (services/
destroy.py), nor when a deleted pod's time is over (services/purging.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from clusters.dataplane.errors import Busy
from clusters.dataplane.port import Mine, Stranger
from core.clock import control_now
from operations.kind import Kind, Parked, Step
from pods.holdings import let_go, needs_a_person, phase_back
from pods.kinds import power
from pods.kinds.context import PodRun, not_ours, open_pod
from pods.kinds.discard import take_away
from pods.models import CloudPod, VmidHold
from pods.vmids import release_vmids

TRY_AGAIN = timedelta(hours=1)  # after a purge that was refused, a deleted pod's next one comes no sooner


@dataclass(frozen=True)
class Params:
    """Nothing is to be known but the pod."""


Run = PodRun[Params]


def declare(op: Run) -> None:
    """What it was is remembered, should it have to stay. One that has come to its end meanwhile has nothing to lose."""
    pod = op.pod
    op.remember(phase=pod.phase, should_run=pod.should_run)
    if pod.gone_at is None:
        pod.phase = CloudPod.Phase.DESTROYING
        pod.save(update_fields=["phase"])


def take_back(op: Run) -> None:
    """A deleted pod stays deleted, and its purge is tried again by itself, but not at once."""
    pod = op.pod
    pod.phase = phase_back(pod, before=op.before["phase"])
    if pod.phase == CloudPod.Phase.DELETED and pod.purge_at is not None:
        pod.purge_at = max(pod.purge_at, control_now() + TRY_AGAIN)
    pod.save(update_fields=["phase", "purge_at"])


def stop(op: PodRun[Any]) -> Parked | None:
    """Stop it if it runs; refuse, before anything is changed, if what is at the VMID is not the pod's."""
    if op.pod.gone_at is not None:
        return None
    match op.look():
        case Stranger() as stranger:
            raise not_ours(stranger)
        case Mine() | None as found:
            return power.stop_found(op, found)


def start_again(op: Run) -> Parked | None:
    """It could not be taken away: let it run again, if it should and was, or may have been, stopped for that. One that
    is gone by now, or not ours, is for a person.
    """
    before = power.before_of(op)
    if not power.may_have_been_stopped(op, before=before):
        return None
    op.mine()
    return power.start_again(op, before=before)


def destroy_others(op: PodRun[Any]) -> None:
    """Rebuilds that needed a person may have left other containers of the pod's; they go first, and are waited for."""
    others = VmidHold.objects.filter(pod=op.pod, released_at=None).exclude(vmid=op.pod.vmid)
    found = [op.look_at(op.ct_at(vmid)) for vmid in others.values_list("vmid", flat=True)]
    left = [mine for mine in found if isinstance(mine, Mine)]
    for mine in left:
        take_away(op, mine)
    if left:
        raise Busy(f"{len(left)} more containers of the pod are being taken away.")


def destroy(op: PodRun[Any]) -> Parked | None:
    """Take the container away. A clone that is still being made is waited for; one that is gone already is well."""
    if op.pod.gone_at is not None:
        return None
    match op.look():
        case Stranger() as stranger:
            raise not_ours(stranger)
        case Mine() as mine:
            return take_away(op, mine)
        case None:
            return None


def release_others(op: PodRun[Any]) -> None:
    """Only the VMID of the pod's own container is still its."""
    others = VmidHold.objects.filter(pod=op.pod, released_at=None).exclude(vmid=op.pod.vmid)
    for vmid in others.values_list("vmid", flat=True):
        release_vmids(op.pod, vmid=vmid)


def settle(op: PodRun[Any]) -> None:
    """The destruction's task ended well, or nothing was there: give back VMIDs, address and quota."""
    if op.pod.gone_at is None:
        let_go(op.pod, phase=CloudPod.Phase.GONE)


PURGE: Kind[Run] = Kind(
    "purge",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=20),
    attention=lambda op: needs_a_person(op.pod),
    joins=(),
    queues=True,
    overtakes=frozenset({"create", "rebuild", "move", "restore"}),
    steps=(
        Step("declare", declare, undo=take_back, atomic=True, undo_atomic=True, by_request=True),
        Step("stop", stop, undo=start_again),
        Step("destroy_others", destroy_others),
        Step("release_others", release_others, atomic=True),
        Step("destroy", destroy, pivot=True),
        Step("settle", settle, atomic=True),
    ),
)
