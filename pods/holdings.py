"""What a pod holds (VMID, address, quota) and how its row leaves one phase for the next at an operation's end.

Decides: what is written when a pod runs, is let go, stays after all, or needs a person. Each is called in the
transaction that ends a step. Not: when that is (kinds/).
"""

from __future__ import annotations

from core.clock import control_now
from ipam import services as ipam
from ipam.models import IPLease
from operations import attention
from pods.models import CloudPod, Snapshot
from pods.vmids import release_vmids


def saw(pod: CloudPod, state: str) -> None:
    """What its container was found to be just now, where, and when."""
    pod.observed_state = pod.last_seen_state = state
    pod.observed_at = control_now()
    pod.observed_node = "" if state == CloudPod.Observed.ABSENT else pod.node.name
    pod.up_since = pod.memory_used_mib = None  # of the run before; the next look tells those of this one
    seen = ["observed_state", "last_seen_state", "observed_at", "observed_node", "up_since", "memory_used_mib"]
    pod.save(update_fields=seen)


def booted(pod: CloudPod) -> None:
    """It has just been started: what waited for that counts now."""
    pod.pending = []
    pod.save(update_fields=["pending"])
    saw(pod, CloudPod.Observed.RUNNING)


def settle_as_running(pod: CloudPod) -> None:
    pod.phase = CloudPod.Phase.ACTIVE
    pod.save(update_fields=["phase"])
    booted(pod)


def let_go(pod: CloudPod, *, phase: str) -> None:
    """Give back address, VMID and quota. Rows stay; VMID and address rest before they are given again."""
    for lease in IPLease.objects.filter(interface_address__interface__pod=pod):
        ipam.release(lease)
    release_vmids(pod)
    Snapshot.objects.filter(pod=pod).delete()
    attention.close_all(subject_kind="pod", subject_id=pod.pk, because="nothing is left of the pod")
    pod.phase, pod.gone_at = phase, control_now()
    pod.desired_state = CloudPod.Desired.ABSENT
    pod.save(update_fields=["phase", "gone_at", "desired_state"])
    saw(pod, CloudPod.Observed.ABSENT)


def lose(pod: CloudPod) -> None:
    """Its node is written off: quota and name are free; what might still be in use there is given to nobody."""
    for lease in IPLease.objects.filter(interface_address__interface__pod=pod):
        ipam.release(lease, held_back=True)
    release_vmids(pod, held_back=True)
    Snapshot.objects.filter(pod=pod).delete()
    pod.phase, pod.gone_at, pod.desired_state = CloudPod.Phase.LOST, control_now(), CloudPod.Desired.ABSENT
    pod.observed_state, pod.up_since, pod.memory_used_mib = CloudPod.Observed.UNKNOWN, None, None
    pod.save(
        update_fields=["phase", "gone_at", "desired_state", "observed_state", "up_since", "memory_used_mib", "node"]
    )


def take_back(pod: CloudPod, *, phase: str, desired_state: str) -> None:
    """What was asked for was refused or failed, and was undone: the pod is meant to be what it was."""
    pod.phase, pod.desired_state = phase, desired_state
    pod.save(update_fields=["phase", "desired_state"])


def is_dealt_with(pod: CloudPod) -> None:
    """A person has dealt with what an operation had left of the pod. It is well again, unless another one has left
    something too. What was done with it since, or is being done, has the last word.
    """
    row = _held(pod)
    if row.phase == CloudPod.Phase.NEEDS_ATTENTION:
        row.phase = _back_from(row)
        row.save(update_fields=["phase"])


def phase_back(pod: CloudPod, *, before: str) -> str:
    """The phase of a pod that has to stay, which had this one before: what it needed a person for may be over."""
    return _back_from(_held(pod)) if before == CloudPod.Phase.NEEDS_ATTENTION else before


def is_troubled(pod: CloudPod) -> bool:
    """Whether an operation has left something of the pod that nobody has dealt with, or that only a purge can."""
    return attention.is_something_left(subject_kind="pod", subject_id=pod.pk)


def _back_from(pod: CloudPod) -> str:
    """Where a held pod comes to from `needs_attention`."""
    if is_troubled(pod):
        return CloudPod.Phase.NEEDS_ATTENTION
    return CloudPod.Phase.ACTIVE if pod.purge_at is None else CloudPod.Phase.DELETED


def _held(pod: CloudPod) -> CloudPod:
    """The row as it is now, until the transaction ends: of two that deal with it, the second one sees the first."""
    row: CloudPod = CloudPod.objects.select_for_update(no_key=True).get(pk=pod.pk)
    return row


def is_well_again(pod: CloudPod) -> None:
    """The operation that had left something of the pod came to its end after all."""
    if pod.phase == CloudPod.Phase.NEEDS_ATTENTION:
        pod.phase = CloudPod.Phase.ACTIVE
        pod.save(update_fields=["phase"])


def needs_a_person(pod: CloudPod) -> None:
    """Undoing failed: the pod keeps what it holds, so that nothing of it is given to somebody else."""
    pod.phase = CloudPod.Phase.NEEDS_ATTENTION
    pod.save(update_fields=["phase"])
