"""Hints: how workers hear that an operation may have something to do. Hints may be lost; rows may not.

Decides: what is due, and that a hint goes out after the commit. Not: what is then done (engine.py).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from core.clock import ControlNow
from operations.models import Operation

# How long a hint may take to reach a worker before the controller sends it again.
HINT_PATIENCE = timedelta(seconds=5)

# How many hints may wait for a worker when hints are sent again: those in the queue are not lost. What has been due for
# long is hinted at all the same (what wakes it may not be among them, and drives may be slow), but not without end.
MOST_HINTS = 20
FAR_TOO_MANY = 200
LONG_DUE = timedelta(seconds=30)


def hint(operation_id: UUID) -> None:
    """Tell the workers, once this transaction is committed, that the operation may have something to do."""
    transaction.on_commit(lambda: async_task("operations.tasks.drive", str(operation_id)), robust=True)


def make_due(operation_id: UUID) -> None:
    """Somebody shall look at this operation now: say so in its row, then hint."""
    live = Operation.objects.filter(pk=operation_id, state__in=Operation.LIVE)
    if live.update(due_at=ControlNow(), hinted_at=ControlNow()):
        hint(operation_id)


def not_hinted_lately(operations: QuerySet[Operation], patience: timedelta = HINT_PATIENCE) -> QuerySet[Operation]:
    """Those whose last hint, if there was one, has had time enough to reach a worker."""
    return operations.filter(Q(hinted_at=None) | Q(hinted_at__lte=ControlNow() - patience))


def resend_due_hints(limit: int = 500) -> int:
    """Hint again at what is due and driven by nobody: hints get lost, workers die. Returns how many.

    A queue that nobody empties needs few more hints: those in it will do.
    """
    # What a worker has taken stays in the queue while it is at it; of a dead host's workers for minutes.
    in_queue = OrmQ.objects.filter(lock__lte=timezone.now()).count()
    free = Q(lease_until=None) | Q(lease_until__lte=ControlNow())
    live = Operation.objects.filter(free, state__in=Operation.LIVE, due_at__lte=ControlNow())
    lost = not_hinted_lately(live)
    if in_queue >= MOST_HINTS:
        lost = not_hinted_lately(live.filter(due_at__lte=ControlNow() - LONG_DUE), LONG_DUE)
        limit = min(limit, max(FAR_TOO_MANY - in_queue, 0))
    with transaction.atomic():
        waiting = lost.select_for_update(skip_locked=True, no_key=True)
        due = list(waiting.order_by("due_at").values_list("pk", flat=True)[:limit])
        Operation.objects.filter(pk__in=due).update(hinted_at=ControlNow())
        for operation_id in due:
            hint(operation_id)
    return len(due)
