"""What a pod holds (VMID, address, quota) and how its row leaves one phase for the next at an operation's end.

Decides: what is written when a pod runs, is let go, stays after all, or needs a person. Each is called in the
transaction that ends a step. Not: when that is (kinds/).
"""

from __future__ import annotations

from core.clock import control_now
from ipam import services as ipam
from ipam.models import IPLease
from pods.models import CloudPod


def settle_as_running(pod: CloudPod) -> None:
    pod.phase = CloudPod.Phase.ACTIVE
    pod.observed_state, pod.observed_at = CloudPod.Observed.RUNNING, control_now()
    pod.save(update_fields=["phase", "observed_state", "observed_at"])


def let_go(pod: CloudPod, *, phase: str) -> None:
    """Give back address, VMID and quota. Rows stay; VMID and address rest before they are given again."""
    for lease in IPLease.objects.filter(interface_address__interface__pod=pod):
        ipam.release(lease)
    now = control_now()
    pod.phase, pod.gone_at = phase, now
    pod.desired_state = CloudPod.Desired.ABSENT
    pod.observed_state, pod.observed_at = CloudPod.Observed.ABSENT, now
    pod.save(update_fields=["phase", "gone_at", "desired_state", "observed_state", "observed_at"])


def take_back(pod: CloudPod, phase: str) -> None:
    """A destroy was refused or failed, and was undone: the pod is what it was."""
    pod.phase, pod.desired_state = phase, CloudPod.Desired.RUNNING
    pod.save(update_fields=["phase", "desired_state"])


def needs_a_person(pod: CloudPod) -> None:
    """Undoing failed: the pod keeps what it holds, so that nothing of it is given to somebody else."""
    pod.phase = CloudPod.Phase.NEEDS_ATTENTION
    pod.save(update_fields=["phase"])
