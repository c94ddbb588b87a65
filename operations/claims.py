"""The lease: at most one worker drives an operation, judged by PostgreSQL's clock.

Decides: who may drive, for how long, and that one whose lease has gone writes and asks nothing more.
Not: what is driven (engine.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from core.clock import ControlNow, control_now
from operations import journal, lanes, transitions
from operations.hints import make_due
from operations.models import Operation
from operations.workers import is_dead, this_place

# Longer than the longest single call to a data plane (connect 5 s + read 30 s): a worker renews before each call.
LEASE = timedelta(seconds=90)

# How long after its last call a dead worker's lease goes on: what it had asked for arrives and becomes visible, so that
# whoever goes on sees it when it looks.
AFTERMATH = timedelta(seconds=10)


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
        if not self._held().select_for_update(no_key=True).values_list("pk"):
            raise LeaseLost(f"operation {self.operation_id} was taken over after claim {self.epoch}")


@transaction.atomic
def claim(operation_id: UUID, *, worker: str) -> tuple[Operation, Lease] | None:
    """Take the lease if the operation is live, due, nobody holds it, and its cluster can be called by one more worker;
    else None.
    """
    free = Q(lease_until=None) | Q(lease_until__lte=ControlNow())
    due = Operation.objects.filter(free, pk=operation_id, state__in=Operation.LIVE, due_at__lte=ControlNow())
    operation = due.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("tenant").first()
    if operation is None:
        return None
    if operation.place:
        queued = lanes.enter(f"calls {operation.place}", operation, lanes.DRIVE)
        if queued is None:
            transitions.wait_for_lane(operation, f"calls {operation.place}")
            return None
        if queued and operation.stopped_since is None:  # else the end of the freeze adds the time of the queue as well
            transitions.begin_in_lane(operation, queued)
    now = control_now()
    operation.state = Operation.State.RUNNING
    operation.worker = worker
    operation.lease_until = now + LEASE
    operation.epoch += 1
    operation.started_at = operation.started_at or now
    operation.save(update_fields=["state", "worker", "lease_until", "epoch", "started_at"])
    return operation, Lease(operation.pk, operation.epoch)


def end_leases_of_dead_workers() -> int:
    """Let the operations of this host's dead workers go on before their leases run out. Returns how many.

    A lease is renewed right before each call, so its end says when the last call was made. Should a worker be taken for
    dead by mistake, the fence still keeps it from writing.
    """
    held = Operation.objects.filter(state=Operation.State.RUNNING, lease_until__gt=ControlNow())
    quiet = held.filter(lease_until__lte=ControlNow() + LEASE - AFTERMATH, worker__endswith=f":{this_place()}")
    return sum(
        _end(operation_id, worker, epoch)
        for operation_id, worker, epoch in list(quiet.values_list("pk", "worker", "epoch"))
        if is_dead(worker)
    )


@transaction.atomic
def _end(operation_id: UUID, worker: str, epoch: int) -> bool:
    same = Operation.objects.filter(pk=operation_id, worker=worker, epoch=epoch, state=Operation.State.RUNNING)
    if not same.update(lease_until=None):
        return False
    journal.lease_ended(Operation.objects.get(pk=operation_id))
    make_due(operation_id)
    return True
