"""wake(): what an operation waited for has ended: that is recorded, and the operation is due.

Decides: what is waited for, and that whoever is next in its lanes hears of it first. Not: what is then done.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from core.clock import ControlNow
from operations import journal, lanes
from operations.errors import Retry
from operations.hints import make_due
from operations.models import Attempt, Operation


@dataclass(frozen=True)
class Outcome:
    """How what an operation waited for has ended: `family` is wait, retry, refuse or fail unless it went well."""

    ok: bool
    family: str = ""
    code: str = ""
    message: str = ""
    detail: str = ""
    in_doubt: bool = False
    tries: int | None = Retry.tries  # of a retry: how many there may be; None: until the deadline
    patience_s: float | None = None  # of a wait: for how long


def wake(key: str, outcome: Outcome) -> bool:
    """Record how the awaited thing ended and make its operation due. False: nobody waits for it (any more)."""
    with transaction.atomic():
        waiting = Attempt.objects.filter(wait_key=key, outcome__isnull=True, ended_at=None)
        found = set(waiting.values_list("step__operation_id", flat=True))
        # An operation's row is always locked before its attempts' rows.
        locked = Operation.objects.select_for_update(no_key=True).filter(pk__in=found).order_by("pk")
        woken = 0
        for operation in list(locked):
            if waiting.filter(step__operation=operation).update(outcome=asdict(outcome)):
                journal.woken(operation, well=outcome.ok)
                _hand_lanes_over(operation)
                make_due(operation.pk)
                woken += 1
    return bool(woken)


def _hand_lanes_over(operation: Operation) -> None:
    """What was done in its lanes is over: whoever is next is hinted at before the operation itself.

    A step that has to be tried again asks for its lanes anew.
    """
    for place in operation.places.filter(taken_at__isnull=False):
        place.delete()
        transaction.on_commit(partial(lanes.admit, place.lane_id), robust=True)


def awaited(prefix: str, *, within: timedelta | None = None) -> list[tuple[str, datetime]]:
    """What attempts wait for: keys beginning with `prefix`, and when each attempt began, oldest first.

    `within`: only of attempts that began no longer ago. Plain values: there may be thousands at each tick.
    """
    waiting = Attempt.objects.filter(
        wait_key__startswith=prefix,
        outcome__isnull=True,
        ended_at=None,
        step__operation__state=Operation.State.PARKED,
    )
    if within is not None:
        waiting = waiting.filter(begun_at__gt=ControlNow() - within)
    return [(str(key), begun) for key, begun in waiting.order_by("id").values_list("wait_key", "begun_at")]
