"""drive(): takes an operation as far as it goes now, one durable step after the other.

Decides: what comes next, and by the family of an error whether to wait, try again or undo. Not: what a step does.

Each step is three moments: a transaction that says "begun", the step's call, a transaction that says how it ended.
A worker may die anywhere: what is begun and has no end is in doubt, so the next attempt looks first, and it is undone.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import trace
from operations import claims, lanes, transitions
from operations.cancelling import cancelled_by
from operations.claims import Lease, LeaseLost
from operations.errors import Fail, Refuse, Retry, StepError, Wait, database_is_away
from operations.freezing import freeze_of
from operations.kind import Kind, Parked, Run, kind_of
from operations.kind import Step as StepOfKind
from operations.limits import LONGEST_DELAY, DeadlinePassed, delay_before_next, past_deadline
from operations.models import Attempt, Cancellation, Operation, Step
from operations.stopping import hand_back_if_asked
from operations.transitions import Direction
from operations.wake import Outcome
from operations.workers import worker_name

log = logging.getLogger(__name__)

FAMILIES: dict[str, type[StepError]] = {"wait": Wait, "retry": Retry, "refuse": Refuse, "fail": Fail}


class Defect(Fail):
    """Our own code broke; the log holds the traceback."""

    code = "internal_error"
    in_doubt = True


def drive(operation_id: UUID, *, worker: str = "") -> str:
    """Claim the operation and go on until it parks, waits or ends. Returns the state it was left in, in a word.

    What a step meets is recorded, not raised. A lease that was lost ends the drive; a database that went away is
    raised, and the lease's end lets another worker go on.
    """
    claimed = claims.claim(operation_id, worker=worker or worker_name())
    if claimed is None:
        return "not due"
    operation, lease = claimed
    with trace.tracing(request=operation.request_id, operation=str(operation.pk)):
        return _drive(operation, lease)


def _drive(operation: Operation, lease: Lease) -> str:
    kind = kind_of(operation)
    try:
        if kind is None:
            return _leave_to_others(operation, lease)
        run = _open(operation, lease, kind)
        return _Drive(operation, lease, kind, run).go() if run else operation.state
    except LeaseLost as lost:
        log.warning("%s", lost)
        return "lease lost"
    except Exception as error:  # here the line still bears the ids
        log.warning("%s: this drive was broken off: %s: %s", operation, type(error).__name__, error)
        raise


def _leave_to_others(operation: Operation, lease: Lease) -> str:
    """This release does not know the kind or its version: hand it back for one that does."""
    with transaction.atomic():
        lease.fence()
        lanes.step_aside(operation)
        return transitions.try_later(operation, "a worker that knows this kind and version", LONGEST_DELAY)


def _open(operation: Operation, lease: Lease, kind: Kind[Any]) -> Run[Any] | None:
    """The kind's run. A defect of ours in that (parameters of another shape, say) must not be met again for ever."""
    try:
        run: Run[Any] = kind.open(operation, kind.params(**operation.params), lease.renew)
        return run
    except Exception as error:
        if database_is_away(error):
            raise
        log.exception("%s cannot be opened", operation)
        with transaction.atomic():
            lease.fence()
            step = transitions.open_step(operation)
            if step is None or not past_deadline(operation):
                lanes.leave_all(operation)  # as in _leave_to_others; nor does it hold a place that it cannot use
                transitions.try_later(operation, "a release of ours that can open it", LONGEST_DELAY)
            else:
                defect = Defect(f"It cannot be opened: {type(error).__name__} in our own code.")
                transitions.ask_for_a_person(operation, step, defect)
        return None


class _Drive:
    """One worker's turn at one operation."""

    def __init__(self, operation: Operation, lease: Lease, kind: Kind[Any], run: Run[Any]) -> None:
        self.operation, self.lease, self.kind, self.run = operation, lease, kind, run

    @property
    def undoing(self) -> bool:
        return self.operation.direction == Direction.UNDO

    def go(self) -> str:
        left = None
        while left is None:
            step = transitions.open_step(self.operation)
            if step is None:
                return self._finish()
            attempt = transitions.unfinished_attempt(step, self.operation.direction)
            if attempt and attempt.wait_key:
                left = self._resume(step, attempt)
            elif not self._taken_back(step):
                left = self._stop_here() or self._try(step)
        return left

    # Between two steps: the safe points, the only places where it is taken back, stopped or handed on

    def _taken_back(self, step: Step) -> bool:
        """Whether somebody has cancelled it, and it can still be: it then goes on the other way."""
        asked = Cancellation.objects.filter(operation=self.operation).first()
        if asked is None or self.undoing or self._past_pivot():
            return False
        with transaction.atomic():
            self.lease.fence()
            transitions.turn_round(self.operation, self.kind, step, cancelled_by(asked))
        return True

    def _stop_here(self) -> str | None:
        """The state in which it is left at this point; None: it goes on."""
        if (state := hand_back_if_asked(self.operation, self.lease)) is not None:
            return state
        frozen = freeze_of(self.operation.place)
        if frozen is None and self.operation.stopped_since is None:
            return None
        with transaction.atomic():
            self.lease.fence()
            if frozen is not None:
                return transitions.stand_still(self.operation, frozen.reason, until=frozen.until)
            transitions.go_on(self.operation)
        return None

    def _past_pivot(self) -> bool:
        """Whether a step has begun from which there is no way back."""
        pivots = [step.name for step in self.kind.steps if step.pivot]
        return bool(pivots) and self.operation.steps.filter(name__in=pivots).exclude(state=Step.State.PENDING).exists()

    # A step that was parked

    def _resume(self, step: Step, attempt: Attempt) -> str | None:
        """It was woken: take up how the task ended, or park again while nobody knows."""
        with transaction.atomic():
            self.lease.fence()  # a wake locks the operation too: it cannot fall between this look and the parking
            attempt.refresh_from_db(fields=["outcome"])
            if attempt.outcome is None and not past_deadline(self.operation):
                return transitions.park_again(self.operation)
        if attempt.outcome is None:
            return self._ended_badly(step, attempt, DeadlinePassed(self.operation))
        outcome = Outcome(**attempt.outcome)
        error = failure_of(outcome)
        if error is None:
            attempt.detail = outcome.detail  # what a task that went well warns of
            return self._ended_well(step, attempt)
        error.detail = error.detail or self._last_words(str(attempt.wait_key))
        if isinstance(error, Fail) and not self.undoing and self.kind.step(step.name).task_may_fail:
            return self._ended_well(step, attempt, error)
        return self._ended_badly(step, attempt, error)

    def _last_words(self, key: str) -> str:
        try:
            return self.run.last_words(key)
        except StepError as unavailable:
            return f"(The task's log could not be read: {unavailable.message})"

    # A step that is to be tried

    def _try(self, step: Step) -> str | None:
        """Say "begun", do it, say how it ended."""
        of_kind = self.kind.step(step.name)
        self.run.history = transitions.history_of(step)
        with transaction.atomic():
            self.lease.fence()
            if lane := self._lane_to_wait_for(of_kind):
                return transitions.wait_for_lane(self.operation, lane)
            if self._is_too_late(of_kind):
                return self._give_up(step, DeadlinePassed(self.operation))
            attempt = transitions.begin(self.operation, step)
        try:
            return self._call(of_kind, step, attempt)
        except StepError as error:
            return self._ended_badly(step, attempt, error)
        except LeaseLost:
            raise
        except Exception as error:  # a defect of ours must not leave an operation that never ends
            if database_is_away(error):
                raise
            log.exception("%s: step %s broke", self.operation, step.name)
            return self._ended_badly(step, attempt, Defect(f"{type(error).__name__} in our own code."))

    def _lane_to_wait_for(self, of_kind: StepOfKind[Any]) -> str | None:
        """The lane that has no room for it yet, if there is one. Undoing takes no lane.

        They are taken in the order of their names by everybody, so that no two wait for each other's.
        """
        if self.undoing:
            return None
        for lane in sorted(of_kind.lanes(self.run)):
            queued = lanes.enter(lane, self.operation, of_kind.name)
            if queued is None:
                return lane
            if queued:
                transitions.begin_in_lane(self.operation, queued)
        return None

    def _is_too_late(self, of_kind: StepOfKind[Any]) -> bool:
        """What only writes rows is done all the same: after an outage of ours, only the record may be missing."""
        return not self.undoing and not of_kind.atomic and past_deadline(self.operation)

    def _call(self, of_kind: StepOfKind[Any], step: Step, attempt: Attempt) -> str | None:
        do = of_kind.undo if self.undoing else of_kind.do
        atomic = of_kind.undo_atomic if self.undoing else of_kind.atomic
        if do is None:
            return self._ended_well(step, attempt)
        if atomic:  # it only writes rows: they are committed together with its end, and with the operation's
            with transaction.atomic():
                self.lease.fence()
                do(self.run)
                return self._ended_well(step, attempt)
        answer: Parked | None = do(self.run)
        if answer is None:
            return self._ended_well(step, attempt)
        with transaction.atomic():
            self.lease.fence()
            return transitions.park(self.operation, step, attempt, answer)

    # How a step ended

    def _ended_well(self, step: Step, attempt: Attempt, error: StepError | None = None) -> str | None:
        """The step is over; `error`: its task failed, which this step allows for, and the attempt keeps why."""
        with transaction.atomic():
            self.lease.fence()
            transitions.end_attempt(attempt, error)
            transitions.step_is_over(self.operation, step)
            return self._finish() if transitions.open_step(self.operation) is None else None

    def _ended_badly(self, step: Step, attempt: Attempt, error: StepError) -> str | None:
        """By the family: wait, try again, or turn round and undo; when undoing fails for good, ask for a person."""
        with transaction.atomic():
            self.lease.fence()
            transitions.end_attempt(attempt, error)
            transitions.forget_if_without_effect(self.operation, step)
            self.run.met(error)
            delay = delay_before_next(self.operation, step, error)
            if delay is None:
                return self._give_up(step, error)
            return transitions.try_later(self.operation, f"the next try: {error.message}", delay)

    def _give_up(self, step: Step, error: StepError) -> str | None:
        with transaction.atomic():
            self.lease.fence()
            if not self.undoing and not self._past_pivot():
                transitions.turn_round(self.operation, self.kind, step, error)
                return None
            if self.kind.attention:
                self.kind.attention(self.run)
            return transitions.ask_for_a_person(self.operation, step, error)

    def _finish(self) -> str:
        with transaction.atomic():
            self.lease.fence()
            return transitions.finish(self.operation)


def failure_of(outcome: Outcome) -> StepError | None:
    """The error that a wake reported, as the family's own type again, with its own limits; None if it went well."""
    if outcome.ok:
        return None
    error = FAMILIES[outcome.family](outcome.message, detail=outcome.detail)
    error.code = outcome.code
    error.in_doubt = outcome.in_doubt
    if isinstance(error, Retry):
        error.tries = outcome.tries
    if isinstance(error, Wait) and outcome.patience_s is not None:
        error.patience = timedelta(seconds=outcome.patience_s)
    return error
