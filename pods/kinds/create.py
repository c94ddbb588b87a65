"""Create a pod. Nothing is chosen here: services.create_pod reserved node, tier, VMID and address.

Decides: the order of the calls, and what each undoes. Not: when a step is tried again (operations/).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from clusters.dataplane.errors import Busy, Invalid, Locked, TaskFailed, VmidTaken
from clusters.dataplane.port import Clone, Mine, Stranger
from operations.kind import Kind, Parked, Step, recorded_by_service
from pods.holdings import let_go, needs_a_person, settle_as_running
from pods.kinds import power
from pods.kinds.context import PodRun, open_pod
from pods.kinds.discard import discard
from pods.wanted import wanted_env, wanted_settings


@dataclass(frozen=True)
class Params:
    """What the pod's row does not hold."""

    full_clone: bool


Run = PodRun[Params]


def clone(op: Run) -> Parked | None:
    """Find the clone that an earlier worker asked for, or ask; the call carries the mark.

    A first attempt need not look: Proxmox itself refuses a VMID that is taken.
    """
    found = op.look() if op.history.in_doubt else None
    if found is None:
        try:
            return op.parked(op.plane.clone(_clone(op), to=op.ct), "the clone")
        except VmidTaken:
            found = op.look()
        except Locked as locked:
            raise _explained(op, locked) from locked
    match found:
        case Mine(task=str(upid)):
            return op.parked(upid, "the clone")  # the answer was lost, the clone was not
        case Mine():
            return None
        case Stranger(vmid=vmid, node=node):
            raise VmidTaken(f"VMID {vmid} is taken on node {node} by a container that is not ours.")
        case None:
            raise Busy(f"VMID {op.pod.vmid} is being made by somebody right now.")


def configure(op: Run) -> Parked | None:
    """Write size, network, tags, SSH keys and firewall; grow the disk if more was asked for than the template has."""
    mine = op.mine()
    op.plane.configure(mine, replace(wanted_settings(op.pod), env=wanted_env(op.pod, mine.env)))
    op.plane.set_firewall(mine)
    if mine.disk_gib < op.pod.disk_gib:
        try:
            return op.parked(op.plane.grow(mine, disk_gib=op.pod.disk_gib), "the disk's growth")
        except Invalid:  # an earlier request, whose answer was lost, may have grown it just now
            if op.mine().disk_gib < op.pod.disk_gib:
                raise
    return None


def start(op: Run) -> Parked | None:
    """Start it, if its disk has really grown: a resize can end OK and not have worked."""
    mine = op.mine()
    if mine.disk_gib < op.pod.disk_gib:
        raise TaskFailed(f"The disk has {mine.disk_gib:g} GiB where {op.pod.disk_gib} were asked for.")
    return power.start(op, mine)


def settle(op: Run) -> None:
    """The start's task ended well: the container runs."""
    settle_as_running(op.pod)


def release(op: Run) -> None:
    """Nothing is left of it on the cluster: give back what was reserved."""
    let_go(op.pod, phase=op.pod.Phase.FAILED)


def lanes(op: Run) -> tuple[str, ...]:
    """One clone of a template copy at a time; a full one also moves a whole disk."""
    return (op.pod.source.lane, op.pod.node.io_lane) if op.params.full_clone else (op.pod.source.lane,)


def _explained(op: Run, locked: Locked) -> Locked:
    """Our lanes keep our clones apart, so somebody else works on the template, or a clone of it was killed."""
    node, vmid = op.pod.node.name, op.pod.source.vmid
    if op.plane.is_cloning(vmid, node=node):
        return locked
    remedy = (
        f"No task is cloning it: if that stays so, an administrator has to type `pct unlock {vmid}` on node {node}."
    )
    return Locked(f"{locked.message} {remedy}", detail=locked.detail)


def _clone(op: Run) -> Clone:
    full = op.params.full_clone
    return Clone(
        template_vmid=op.pod.source.vmid,
        hostname=op.pod.hostname,
        operation=op.operation.pk,
        full=full,
        storage=op.pod.tier.name if full else None,
    )


CREATE: Kind[Run] = Kind(
    "create",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=20),
    attention=lambda op: needs_a_person(op.pod),
    steps=(
        Step("reserve", recorded_by_service, undo=release, undo_atomic=True),
        Step("clone", clone, undo=discard, lanes=lanes),
        Step("configure", configure),
        Step("start", start, undo=power.stop),
        Step("settle", settle, atomic=True),
    ),
)
