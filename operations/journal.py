"""What the log tells of an operation: begun, each step begun, parked, woken and ended, waiting, turned round, ended.

Decides: the words and the fields, and that a line is told once what it says is committed, with the operation's own ids.
Not: the form of a line (migracloud/logs.py), nor what happens (transitions.py). Parameters are never told.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction

from audit import trace
from operations.errors import StepError, Wait
from operations.models import Attempt, Operation, Step

log = logging.getLogger("operations")


def begun(operation: Operation) -> None:
    _tell(operation, "begun, asked for by %s %s", operation.actor_kind, operation.actor_name)


def its_turn(operation: Operation) -> None:
    _tell(operation, "what stood before it has ended: its turn has come")


def step_begun(operation: Operation, attempt: Attempt) -> None:
    _tell(operation, "step %s begun (%s, attempt %d)", *_of(attempt), **_fields(attempt))


def step_parked(operation: Operation, attempt: Attempt, words: str) -> None:
    _tell(operation, "step %s parked (%s, attempt %d): %s", *_of(attempt), words, **_fields(attempt, outcome="parked"))


def step_ended(operation: Operation, attempt: Attempt, error: StepError | None) -> None:
    assert attempt.ended_at is not None
    seconds = (attempt.ended_at - attempt.begun_at).total_seconds()
    fields = _fields(attempt, outcome=attempt.result, seconds=round(seconds, 3), error_code=attempt.error_code)
    if error is None:
        return _tell(operation, "step %s done (%s, attempt %d)", *_of(attempt), **fields)
    level = logging.INFO if isinstance(error, Wait) else logging.WARNING
    words = "step %s ended (%s, attempt %d): %s: %s"
    return _tell(operation, words, *_of(attempt), error.code, error.message, level=level, **fields)


def woken(operation: Operation, *, well: bool) -> None:
    outcome = "well" if well else "badly"
    _tell(operation, "woken: what it waited for has ended %s", outcome, outcome=outcome)


def waits(operation: Operation, delay: timedelta | None = None) -> None:
    """Without a delay: until somebody lets it in."""
    seconds = delay.total_seconds() if delay is not None else None
    _tell(operation, "waits for %s", operation.waits_for, outcome="waits", seconds=seconds)


def stands_still(operation: Operation) -> None:
    _tell(operation, "stands still: %s", operation.waits_for, outcome="stands still")


def turned_round(operation: Operation, step: Step, error: StepError) -> None:
    words = "gives up at step %s (%s) and undoes what was done"
    _tell(operation, words, step.name, error.code, level=logging.WARNING, step=step.name, error_code=error.code)


def lease_ended(operation: Operation) -> None:
    _tell(operation, "its worker %s has died: another one may go on", operation.worker, level=logging.WARNING)


def ended(operation: Operation, state: str) -> None:
    assert operation.finished_at is not None
    seconds = round((operation.finished_at - operation.created_at).total_seconds(), 3)
    level = logging.INFO if state == Operation.State.SUCCEEDED else logging.WARNING
    _tell(operation, "ended: %s in %.1f s", state, seconds, level=level, outcome=str(state), seconds=seconds)


def _of(attempt: Attempt) -> tuple[str, str, int]:
    return attempt.step.name, attempt.direction, attempt.number


def _fields(attempt: Attempt, **more: Any) -> dict[str, Any]:
    return {"step": attempt.step.name, "direction": str(attempt.direction), "attempt": attempt.number, **more}


def _tell(operation: Operation, words: str, *values: object, level: int = logging.INFO, **fields: Any) -> None:
    """`fields` are read now, and told at the commit; a transaction that is rolled back tells nothing."""
    subject = {"kind": operation.kind, "subject": operation.subject_name, "subject_id": str(operation.subject_id)}
    line = partial(
        log.log,
        level,
        f"%s %s: {words}",
        operation.kind,
        operation.subject_name,
        *values,
        extra={**subject, **{name: value for name, value in fields.items() if value not in (None, "")}},
    )
    request, key = operation.request_id, str(operation.pk)

    def tell() -> None:
        with trace.tracing(request=request, operation=key):
            line()

    transaction.on_commit(tell, robust=True)
