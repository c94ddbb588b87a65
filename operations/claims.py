"""The lease: at most one worker drives an operation, judged by PostgreSQL's clock.

Decides: who may drive, for how long, and that one whose lease has gone writes and asks nothing more.
Not: what is driven (engine.py).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from core.clock import ControlNow, control_now
from operations.models import Operation

# Longer than the longest single call to a data plane (connect 5 s + read 30 s): a worker renews before each call.
LEASE = timedelta(seconds=90)


class LeaseLost(Exception):
    """Somebody else drives this operation now. The worker that meets this stops at once."""


@dataclass(frozen=True)
class Lease:
    """The right to drive one operation. `epoch` is the fence: it counts the claims, and only the newest one counts."""

    operation_id: UUID
    epoch: int

    def _held(self) -> QuerySet[Operation]:
        return Operation.objects.filter(pk=self.operation_id, epoch=self.epoch, lease_until__gt=ControlNow())

    def renew(self) -> None:
        """The fence before each call to the outside: prolong the lease, or raise LeaseLost."""
        if not self._held().update(lease_until=ControlNow() + LEASE):
            raise LeaseLost(f"operation {self.operation_id} was taken over after claim {self.epoch}")

    def fence(self) -> None:
        """The fence of each write: lock the operation's row and check that the lease is ours, or raise LeaseLost.

        An operation's row is always locked before its attempts' rows.
        """
        assert transaction.get_connection().in_atomic_block
        if not self._held().select_for_update().values_list("pk"):
            raise LeaseLost(f"operation {self.operation_id} was taken over after claim {self.epoch}")


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@transaction.atomic
def claim(operation_id: UUID, *, worker: str) -> tuple[Operation, Lease] | None:
    """Take the lease if the operation is live, due, and nobody holds it; else None."""
    free = Q(lease_until=None) | Q(lease_until__lte=ControlNow())
    due = Operation.objects.filter(free, pk=operation_id, state__in=Operation.LIVE, due_at__lte=ControlNow())
    operation = due.select_for_update(skip_locked=True, of=("self",)).select_related("tenant").first()
    if operation is None:
        return None
    now = control_now()
    operation.state = Operation.State.RUNNING
    operation.worker = worker
    operation.lease_until = now + LEASE
    operation.epoch += 1
    operation.started_at = operation.started_at or now
    operation.save(update_fields=["state", "worker", "lease_until", "epoch", "started_at"])
    return operation, Lease(operation.pk, operation.epoch)
