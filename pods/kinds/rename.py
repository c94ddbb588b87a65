"""Rename a pod: its container gets another host name. Inside, it counts from the pod's next boot.

The pod's row has the new name at once. The old one is kept for it until this has ended well (admission.py), since it
gets that back if this fails.

Decides: the order of the calls, and what is undone. Not: which names are granted (services/rename.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.errors import refusing_violations
from ipam.models import IPLease
from operations.kind import Kind, Step
from pods.kinds import config
from pods.kinds.context import PodRun, open_pod


@dataclass(frozen=True)
class Params:
    """The new name."""

    hostname: str


Run = PodRun[Params]


def declare(op: Run) -> None:
    """Refused: HostnameTaken."""
    op.remember(hostname=op.pod.hostname)
    _call_it(op, op.params.hostname)


def take_back(op: Run) -> None:
    """It is called again what it was."""
    _call_it(op, op.before["hostname"])


def write(op: Run) -> None:
    config.write(op, op.mine(), hostname=op.params.hostname)


def write_back(op: Run) -> None:
    config.write_back(op, hostname=op.before["hostname"])


def see(op: Run) -> None:
    config.note_what_waits(op, op.mine())


def _call_it(op: Run, hostname: str) -> None:
    """In its row, and where its addresses say what they are for."""
    op.pod.hostname = hostname
    with refusing_violations():
        op.pod.save(update_fields=["hostname"])
    for lease in IPLease.objects.filter(interface_address__interface__pod=op.pod).select_related(
        "interface_address__interface"
    ):
        lease.purpose = op.pod.lease_purpose(lease.interface_address.interface.index)
        lease.save(update_fields=["purpose"])


# One that could not be undone leaves the pod as it is: it runs, and can be asked for again.
RENAME: Kind[Run] = Kind(
    "rename",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=10),
    joins=("hostname",),
    steps=(
        Step("declare", declare, undo=take_back, atomic=True, undo_atomic=True, by_request=True),
        Step("write", write, undo=write_back),
        Step("see", see),
        Step("settle", config.settle_what_waits, atomic=True),
    ),
)
