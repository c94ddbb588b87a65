"""When a step is tried again, and when it has been tried often enough.

Decides: number of tries, delays, deadlines. Not: what happens then (engine.py).
"""

from __future__ import annotations

import random
from datetime import timedelta

from core.clock import control_now
from operations.errors import Fail, Retry, StepError, Wait
from operations.models import Attempt, Operation, Step

MOST_TRIES = 5  # at doing one step that meets errors of the family Retry; undoing goes on until its deadline
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
    """How long until the next try; None: there is none. A Wait costs no try; the deadline ends both."""
    doing = operation.direction == Operation.Direction.DO
    hopeless = not isinstance(error, Wait | Retry) and (doing or not error.mendable)
    if past_deadline(operation) or hopeless:
        return None
    attempts = step.attempts.filter(direction=operation.direction)
    tries = attempts.filter(result=Attempt.Result.RETRY).count() if isinstance(error, Retry) else attempts.count()
    if isinstance(error, Retry) and doing and tries >= MOST_TRIES:
        return None
    delay: timedelta = min(FIRST_DELAY * 2 ** min(max(tries - 1, 0), 10), LONGEST_DELAY)
    return delay * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, no secret)
