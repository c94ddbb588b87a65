"""Make a pod's container out of a template copy: clone and configure, as creating and rebuilding do it.

Decides: how a clone whose answer was lost is found again, and what is written into a fresh one. Not: which VMID it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clusters.dataplane.errors import Busy, Invalid, Locked, TaskFailed, VmidTaken
from clusters.dataplane.port import Clone, Ct, Mine, Stranger
from operations.kind import Parked
from pods.kinds.context import PodRun
from pods.wanted import wanted_env, wanted_settings

Look = Callable[[], Mine | Stranger | None]


def clone(op: PodRun[Any], asked: Clone, *, to: Ct, look: Look) -> Parked | None:
    """Find the clone that an earlier worker asked for, or ask; the call carries the mark.

    A first attempt need not look: Proxmox itself refuses a VMID that is taken.
    """
    found = look() if op.history.in_doubt else None
    if found is None:
        try:
            return op.parked(op.plane.clone(asked, to=to), "the clone")
        except VmidTaken:
            found = look()
        except Locked as locked:
            raise _explained(op, asked, to, locked) from locked
    match found:
        case Mine(task=str(upid)):
            return op.parked(upid, "the clone")  # the answer was lost, the clone was not
        case Mine():
            return None
        case Stranger(vmid=vmid, node=node):
            raise VmidTaken(f"VMID {vmid} is taken on node {node} by a container that is not ours.")
        case None:
            raise Busy(f"VMID {to.vmid} is being made by somebody right now.")


def configure(op: PodRun[Any], mine: Mine, *, onboot: bool, look: Callable[[], Mine]) -> Parked | None:
    """Write size, network, tags, SSH keys and firewall; grow the disk if more was asked for than the template has."""
    settings = replace(wanted_settings(op.pod), onboot=onboot)
    op.plane.configure(mine, replace(settings, env=wanted_env(op.pod, mine.env)))
    op.plane.set_firewall(mine)
    if mine.disk_gib < op.pod.disk_gib:
        try:  # looked at once more: the growth carries the digest, which our own write has made another
            return op.parked(op.plane.grow(look(), disk_gib=op.pod.disk_gib), "the disk's growth")
        except Invalid:  # an earlier request, whose answer was lost, may have grown it just now
            if look().disk_gib < op.pod.disk_gib:
                raise
    return None


def check_disk(op: PodRun[Any], mine: Mine) -> None:
    """A resize can end OK and not have worked. Raises TaskFailed."""
    if mine.disk_gib < op.pod.disk_gib:
        raise TaskFailed(f"The disk has {mine.disk_gib:g} GiB where {op.pod.disk_gib} were asked for.")


def _explained(op: PodRun[Any], asked: Clone, to: Ct, locked: Locked) -> Locked:
    """Our lanes keep our clones apart, so somebody else works on the template, or a clone of it was killed."""
    if op.plane.is_cloning(asked.template_vmid, node=to.node):
        return locked
    remedy = (
        f"No task is cloning it: if that stays so, an administrator has to type `pct unlock {asked.template_vmid}`"
        f" on node {to.node}."
    )
    return Locked(f"{locked.message} {remedy}", detail=locked.detail)
