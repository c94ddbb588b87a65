"""What the engine writes, one function a transition: begin, end, park, try later, turn round, finish.

Decides: how each transition looks in the rows. Not: which transition comes next (engine.py) or when a try is over
(limits.py). Each is called within a transaction that holds the fence (claims.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from audit.models import AuditEvent
from audit.services import SYSTEM, Resource, record
from core.clock import control_now
from operations import journal, lanes
from operations.errors import Cancelled, Fail, Refuse, Retry, StepError, Wait
from operations.kind import History, Kind, Parked
from operations.models import Attempt, Operation, Step
from operations.ordering import next_in_line

State, Direction = Operation.State, Operation.Direction

ASK_AGAIN = timedelta(seconds=30)  # how soon one that stands still looks for itself whether it may go on

RESULTS: tuple[tuple[type[StepError], str], ...] = (
    (Wait, Attempt.Result.WAIT),
    (Retry, Attempt.Result.RETRY),
    (Refuse, Attempt.Result.REFUSED),
    (Fail, Attempt.Result.FAILED),
)


# What is next


def open_step(operation: Operation) -> Step | None:
    """The step to be done next, or while undoing the last one that is not undone. None: all is over."""
    if operation.direction == Direction.DO:
        return operation.steps.exclude(state=Step.State.DONE).order_by("position").first()
    over = Q(state=Step.State.PENDING) | Q(state=Step.State.UNDONE)
    return operation.steps.exclude(over).order_by("-position").first()


def unfinished_attempt(step: Step, direction: str) -> Attempt | None:
    return step.attempts.filter(direction=direction, ended_at=None).order_by("-number").first()


def history_of(step: Step) -> History:
    """What is known of the attempts at the step, mainly at doing it."""
    both = list(step.attempts.order_by("number"))
    attempts = [attempt for attempt in both if attempt.direction == Direction.DO]
    undoing = [attempt for attempt in both if attempt.direction == Direction.UNDO]
    doubtful = [attempt for attempt in attempts if attempt.in_doubt]
    unseen = [attempt.wait_key for attempt in attempts if attempt.wait_key and attempt.outcome is None]
    return History(
        in_doubt=bool(doubtful),
        unanswered_since=_unanswered_since(attempts),
        well=any(attempt.result == Attempt.Result.DONE for attempt in attempts),
        by_task=any(attempt.wait_key for attempt in attempts),
        unseen_task=unseen[-1] if unseen else None,
        doubtful_since=min((attempt.begun_at for attempt in doubtful), default=None),
        unanswered_undo_since=_unanswered_since(undoing),
    )


def _unanswered_since(attempts: list[Attempt]) -> datetime | None:
    """One that was cut short may have asked until just now."""
    unanswered = [attempt for attempt in attempts if attempt.in_doubt and attempt.wait_key is None]
    return max((attempt.ended_at or control_now() for attempt in unanswered), default=None)


# Transitions of a step


def begin(operation: Operation, step: Step) -> Attempt:
    """Written before the call is made. An earlier attempt that was cut short is closed and stays in doubt."""
    now = control_now()
    _close_cut_short(step.attempts.filter(direction=operation.direction), now)
    undoing = operation.direction == Direction.UNDO
    step.state = Step.State.UNDOING if undoing else Step.State.BEGUN
    step.save(update_fields=["state"])
    if operation.waits_for:
        operation.waits_for = ""
        operation.save(update_fields=["waits_for"])
    attempt = Attempt.objects.create(
        step=step,
        direction=operation.direction,
        number=step.attempts.filter(direction=operation.direction).count() + 1,
        worker=operation.worker,
        begun_at=now,
    )
    journal.step_begun(operation, attempt)
    return attempt


def _close_cut_short(attempts: QuerySet[Attempt], now: datetime) -> None:
    """Their workers died: when exactly their requests went out is not known, only that none goes out after now."""
    attempts.filter(ended_at=None).update(
        ended_at=now,
        result=Attempt.Result.RETRY,
        error_code="cut_short",
        error_message="Its worker died.",
    )


def end_attempt(attempt: Attempt, error: StepError | None = None) -> None:
    attempt.ended_at = control_now()
    attempt.in_doubt = error.in_doubt if error else False
    attempt.result = Attempt.Result.DONE
    if error:
        attempt.result = next(result for family, result in RESULTS if isinstance(error, family))
        attempt.error_code, attempt.error_message, attempt.detail = error.code, error.message, error.detail
    attempt.save()
    journal.step_ended(attempt.step.operation, attempt, error)


def step_is_over(operation: Operation, step: Step) -> None:
    step.state = Step.State.UNDONE if operation.direction == Direction.UNDO else Step.State.DONE
    step.save(update_fields=["state"])
    lanes.leave(operation, step.name)


def forget_if_without_effect(operation: Operation, step: Step) -> None:
    """A step whose every attempt surely did nothing is as if it had never begun: there is nothing to undo."""
    if operation.direction == Direction.DO and not history_of(step).in_doubt:
        step.state = Step.State.PENDING
        step.save(update_fields=["state"])
        lanes.leave(operation, step.name)  # what it waits for now is none of the lane's: let the others pass


# Transitions of the operation. Those that return a state hand the lease back with it.


def park(operation: Operation, step: Step, attempt: Attempt, parked: Parked) -> str:
    """The task's key is saved before anybody waits for it; from here on no worker is held."""
    attempt.wait_key = parked.key
    attempt.save(update_fields=["wait_key"])
    undoing = operation.direction == Direction.UNDO
    step.state = Step.State.UNDO_PARKED if undoing else Step.State.PARKED
    step.save(update_fields=["state"])
    operation.waits_for = parked.words[:255]
    journal.step_parked(operation, attempt, parked.words)
    return park_again(operation)


def park_again(operation: Operation) -> str:
    return _leave(operation, State.PARKED, due_at=operation.deadline_at)


def wait_for_lane(operation: Operation, lane: str) -> str:
    """Who is in the lane has a deadline, so the queue moves; the time in it does not count (see begin_in_lane)."""
    operation.waits_for = f"its turn in the lane {lane}"[:255]
    journal.waits(operation)
    return _leave(operation, State.WAITING, due_at=None)


def begin_in_lane(operation: Operation, queued: timedelta) -> None:
    """Its turn has come: the time in the queue is added to its deadline, so that it has its own time whole."""
    operation.deadline_at += queued
    operation.save(update_fields=["deadline_at"])


def try_later(operation: Operation, words: str, delay: timedelta) -> str:
    operation.waits_for = words[:255]
    journal.waits(operation, delay)
    return _leave(operation, State.WAITING, due_at=control_now() + delay)


def stand_still(operation: Operation, why: str, *, until: datetime | None) -> str:
    """A freeze: it is at a safe point and goes no further. It looks by itself now and then, and when it is thawed."""
    now = control_now()
    operation.stopped_since = operation.stopped_since or now
    operation.waits_for = f"the end of a freeze: {why}"[:255]
    operation.save(update_fields=["stopped_since"])
    journal.stands_still(operation)
    return _leave(operation, State.WAITING, due_at=min(until or now + ASK_AGAIN, now + ASK_AGAIN))


def go_on(operation: Operation) -> None:
    """The freeze is over: the time that it stood still is added to its deadline."""
    if operation.stopped_since is not None:
        operation.deadline_at += control_now() - operation.stopped_since
        operation.stopped_since = None
        operation.save(update_fields=["deadline_at", "stopped_since"])


def turn_round(operation: Operation, kind: Kind[Any], step: Step, error: StepError) -> None:
    """From now on it undoes; what made it fail is what it will be remembered by."""
    operation.direction = Direction.UNDO
    operation.deadline_at = control_now() + kind.deadline
    operation.error_step, operation.error_code, operation.error_message = step.name, error.code, error.message
    operation.save(update_fields=["direction", "deadline_at", "error_step", "error_code", "error_message"])
    journal.turned_round(operation, step, error)
    _close_cut_short(Attempt.objects.filter(step__operation=operation, wait_key=None), control_now())
    lanes.step_aside(operation)  # undoing takes no lane: nobody shall wait behind it
    for pending in operation.steps.filter(state=Step.State.PENDING):
        lanes.leave(operation, pending.name)


def finish(operation: Operation) -> str:
    if not operation.undoing:
        return _end(operation, State.SUCCEEDED)
    return _end(operation, State.CANCELLED if operation.error_code == Cancelled.code else State.FAILED)


def end_unbegun(operation: Operation, error: StepError) -> str:
    """It stood behind another one and is taken back: nothing of it was done."""
    operation.direction = Direction.UNDO
    operation.error_code, operation.error_message = error.code, error.message
    operation.save(update_fields=["direction", "error_code", "error_message"])
    return finish(operation)


def give_up(operation: Operation, code: str, message: str) -> str:
    """Its subject is given up: it ends here, without a call. A worker that has it loses its lease by that."""
    operation.error_code, operation.error_message = code, message
    operation.epoch += 1
    operation.save(update_fields=["error_code", "error_message", "epoch"])
    return _end(operation, State.RESOLVED)


def ask_for_a_person(operation: Operation, step: Step, error: StepError) -> str:
    """Undoing failed for good, or there is no way back: say what is left; the attempts hold Proxmox's own words."""
    if operation.undoing:
        before = f"{operation.error_message.rstrip('.')}. " if operation.error_message else ""
        operation.error_message = f"{before}Undoing step {step.name} failed as well: {error.message}"
    else:
        operation.error_step, operation.error_code, operation.error_message = step.name, error.code, error.message
    operation.save(update_fields=["error_step", "error_code", "error_message"])
    return _end(operation, State.NEEDS_ATTENTION)


def _end(operation: Operation, state: str) -> str:
    lanes.leave_all(operation)
    operation.finished_at = control_now()
    operation.waits_for = ""
    if state == State.SUCCEEDED:  # what a person was asked for before is told by the attempts
        operation.error_step = operation.error_code = operation.error_message = ""
    operation.save(update_fields=["finished_at", "error_step", "error_code", "error_message"])
    well = state in (State.SUCCEEDED, State.CANCELLED)
    record(
        by=SYSTEM,
        tenant=operation.tenant,
        action=f"{operation.subject_kind}.{operation.kind}.ended",
        resource=Resource(operation.subject_kind, operation.subject_id, operation.subject_name),
        outcome=AuditEvent.Outcome.DONE if well else AuditEvent.Outcome.FAILED,
        operation_id=operation.pk,
        after={"state": str(state), "step": operation.error_step, "error": operation.error_message},
    )
    journal.ended(operation, state)
    _leave(operation, state, due_at=None)
    next_in_line(operation)
    return state


def _leave(operation: Operation, state: str, *, due_at: datetime | None) -> str:
    lanes.end_drive(operation)
    operation.state = state
    operation.due_at = due_at
    operation.lease_until = None
    operation.hinted_at = None
    operation.save(update_fields=["state", "due_at", "lease_until", "hinted_at", "waits_for"])
    return state
