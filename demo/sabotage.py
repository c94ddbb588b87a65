"""Kills a worker at the worst moment: Proxmox has the request for a clone, the worker has not read the answer.

Decides: which worker, and when exactly. Not: what comes of it; that is what the demo is to show. Needs Django set up.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from uuid import UUID

from core.clock import ControlNow
from demo.handle import FakeHandle
from operations.models import Attempt, Operation, Step
from operations.workers import pid_of
from pods.models import CloudPod

PATIENCE = 20.0  # seconds until a worker has to have asked for a clone


class NobodyToKill(Exception):
    """No worker could be caught at it."""


@dataclass(frozen=True)
class Killed:
    """Whom it hit."""

    pid: int
    operation: str
    pod: str
    tenant: str


def kill_a_cloning_worker(pve: FakeHandle) -> Killed:
    """The answers to clones are held back for a moment, so that a worker is certain to be waiting for one."""
    of_cluster = CloudPod.objects.filter(cluster__name=pve.layout.cluster).values("pk")
    pve.hold("clone")
    try:
        pve.wait_held("clone", PATIENCE)
        attempts = Attempt.objects.filter(step__name="clone", step__state=Step.State.BEGUN, ended_at=None)
        busy = attempts.filter(
            step__operation__state=Operation.State.RUNNING,
            step__operation__lease_until__gt=ControlNow(),
            step__operation__subject_id__in=of_cluster,
        )
        attempt = busy.select_related("step__operation__tenant").order_by("id").first()
        pid = pid_of(attempt.worker) if attempt else None
        if attempt is None or pid is None:
            raise NobodyToKill("A clone was asked for, but no worker of this machine drives its operation.")
        os.kill(pid, signal.SIGKILL)
    except TimeoutError as late:
        raise NobodyToKill(f"No worker asked for a clone within {PATIENCE:g} s.") from late
    finally:
        pve.release("clone")
    operation = attempt.step.operation
    return Killed(pid, str(operation.pk), operation.subject_name, operation.tenant.reference)


def was_cut_short(operation: str) -> bool:
    """Whether a later worker found an attempt without an end, as the killed one left it."""
    return Attempt.objects.filter(step__operation_id=UUID(operation), error_code="cut_short").exists()
