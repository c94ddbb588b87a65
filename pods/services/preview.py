"""preview_create() and preview_resize(): what a request would come to, without asking for it.

Decides: that nothing is left behind. Not: what is granted or chosen: that is the service itself, which is run here.

The service runs as it is, in a transaction around its own, and that is rolled back: so what is refused and what is
chosen cannot differ from what the request itself would meet. All that it does is rows (pod, VMID, lease, operation,
audit event, also that of a refusal), and they go; hints and log lines are told on commit, and there is none; Proxmox is
not called. What it costs: the locks of tenant, quota, cluster and subnet are held for these few milliseconds, in the
order in which a create takes them, so creates on that cluster take turns with it. Nothing is reserved: by the time that
somebody presses the button, the VMID and the address may be another pod's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ipam.models import IPLease
from pods.models import CloudPod, Interface
from pods.queries import memory_free
from pods.services.create import create_pod
from pods.services.resize import resize_pod


@dataclass(frozen=True)
class Made:
    """A pod as it would be, of which no row is left."""

    pod: CloudPod
    interface: Interface
    lease: IPLease
    memory_free_mib: int | None  # what its node would have left for others; None: it is not counted


@dataclass(frozen=True)
class Resized:
    pod: CloudPod
    memory_free_mib: int | None


@contextmanager
def leaving_nothing() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def preview_create(**asked: Any) -> Made:
    """Takes what create_pod takes. Refused: all that it refuses."""
    with leaving_nothing():
        operation = create_pod(**asked)
        pods = CloudPod.objects.select_related("tenant", "cluster", "node__cluster", "tier", "source__template")
        pod = pods.get(pk=operation.subject_id)
        interface = pod.interfaces.select_related("network").get()
        held = interface.addresses.select_related("lease__subnet").get()
        return Made(pod, interface, held.lease, memory_free(pod.node))


def preview_resize(**asked: Any) -> Resized:
    """Takes what resize_pod takes. Refused: all that it refuses."""
    with leaving_nothing():
        operation = resize_pod(**asked)
        pod = CloudPod.objects.select_related("tenant", "node__cluster", "tier").get(pk=operation.subject_id)
        return Resized(pod, memory_free(pod.node))
