"""What a pod's operation has met that needs a person: noted in the transaction that records the error.

Decides: which errors are findings, and when a look at a container shows one to be over. Not: what the operation does
(operations/limits.py), nor what the minute's look finds (noticing.py).
"""

from __future__ import annotations

from clusters.dataplane import errors
from clusters.dataplane.port import Ct, Mine, Stranger
from clusters.findings import (
    THE_CLUSTER,
    Code,
    about_ct,
    about_storage,
    close_finding,
    open_finding,
    open_findings,
)
from clusters.halting import HALTS, halt
from clusters.models import Node
from operations.errors import StepError
from pods.models import CloudPod

# What a look at the container itself can show to be over.
OF_A_CT = (Code.STUCK_LOCK, Code.STRANGER, Code.MOVED_TO_UNKNOWN_NODE)


def note(pod: CloudPod, error: StepError, *, at: Ct, found: Mine | Stranger | None, disk_on: str) -> None:
    """By the error's code: what a task has ended with comes without a type. `at`: where was looked last, `found`: what
    was there; `disk_on`: the node whose storage the disk is to have room on. The message gains what Proxmox does not
    say.
    """
    if error.code in HALTS:
        halt(pod.cluster, error.code, error.message)
    elif error.code == errors.NoQuorum.code:
        open_finding(cluster=pod.cluster, code=Code.NO_QUORUM, about=THE_CLUSTER, detail=error.message)
    elif error.code == errors.StorageFull.code:
        _storage_full(pod, error, node=disk_on)
    elif error.code in (errors.NotOurs.code, errors.VmidTaken.code):
        node = found.node if isinstance(found, Stranger) else at.node
        _about_ct(pod, Code.STRANGER, error, at.vmid, node=node)
    elif error.code == errors.Stuck.code:
        commands = f"pct unlock {at.vmid}" if at.source is None else f"pct unlock {at.vmid}; pct unlock {at.source}"
        _about_ct(pod, Code.STUCK_LOCK, error, at.vmid, node=at.node, commands=commands)
    elif isinstance(error, errors.Moved) and not Node.objects.filter(cluster=pod.cluster_id, name=error.node).exists():
        _about_ct(pod, Code.MOVED_TO_UNKNOWN_NODE, error, at.vmid, node=error.node)


def _about_ct(pod: CloudPod, code: Code, error: StepError, vmid: int, **names: str) -> None:
    detail = f"Pod {pod} of {pod.tenant}: {error.message}"
    open_finding(cluster=pod.cluster, code=code, about=about_ct(vmid), detail=detail, **{"vmid": str(vmid), **names})


def _storage_full(pod: CloudPod, error: StepError, *, node: str) -> None:
    storage = pod.tier.name
    about = about_storage(storage, node=node)
    error.message = f"{error.message} It needs room on {about}."
    open_finding(
        cluster=pod.cluster, code=Code.STORAGE_FULL, about=about, detail=error.message, storage=storage, node=node
    )


def noted(pod: CloudPod) -> bool:
    """Whether anything about containers of the pod's cluster is open."""
    return open_findings(pod.cluster).filter(code__in=OF_A_CT).exists()


def over(pod: CloudPod, vmid: int, found: Mine | None) -> None:
    """A look at the VMID has found the pod's own container, or none."""
    because = "nothing is there any more" if found is None else "the pod's own container is there"
    for code in OF_A_CT:
        if code == Code.STUCK_LOCK and found is not None and found.lock:
            continue
        close_finding(cluster=pod.cluster, code=code, about=about_ct(vmid), because=because)
