"""When a step is tried again, and when it has been tried often enough.

Decides: number of tries, delays, deadlines. Not: what happens then (engine.py).
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db.models import QuerySet

from core.clock import control_now
from operations.errors import Fail, Retry, StepError, Wait
from operations.models import Attempt, Operation, Step

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(seconds=30)


class DeadlinePassed(Fail):
    """The operation's time is over. Whether the step it is at had an effect is not known."""

    code = "deadline_passed"
    in_doubt = True

    def __init__(self, operation: Operation) -> None:
        waits_for = f" At the end it waited for {operation.waits_for}" if operation.waits_for else ""
        super().__init__(f"It took longer than it may.{waits_for}".rstrip(".") + ".")


def past_deadline(operation: Operation) -> bool:
    return control_now() >= operation.deadline_at


def delay_before_next(operation: Operation, step: Step, error: StepError) -> timedelta | None:
    """How long until the next try, doubling, with jitter; None: there is none.

    Each kind of error has a limit of its own (its `tries`, its `patience`) while doing; undoing goes on until its
    deadline. A Wait costs no try.
    """
    if past_deadline(operation):
        return None
    attempts = step.attempts.filter(direction=operation.direction)
    if operation.tried_anew_at:
        attempts = attempts.filter(begun_at__gte=operation.tried_anew_at)
    if not operation.undoing and not _may_go_on(attempts, error):
        return None
    if operation.undoing and not isinstance(error, Wait | Retry) and not error.mendable:
        return None
    alike = attempts.filter(result=Attempt.Result.RETRY) if isinstance(error, Retry) else attempts
    delay: timedelta = min(FIRST_DELAY * 2 ** min(max(alike.count() - 1, 0), 10), LONGEST_DELAY)
    return delay * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, no secret)


def _may_go_on(attempts: QuerySet[Attempt], error: StepError) -> bool:
    match error:
        case Wait(patience=timedelta() as patience):
            return control_now() < _in_a_row_since(attempts, error.code) + patience
        case Retry(tries=int() as tries):
            return attempts.filter(result=Attempt.Result.RETRY, error_code=error.code).count() < tries
        case Wait() | Retry():
            return True
    return False


def _in_a_row_since(attempts: QuerySet[Attempt], code: str) -> datetime:
    """When the run of attempts that met just this, which goes up to now, began."""
    since = control_now()
    for attempt in attempts.order_by("-number"):
        if attempt.ended_at is not None and attempt.error_code != code:
            break
        since = attempt.begun_at
    return since
