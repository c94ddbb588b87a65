"""An operation that is taken back undoes what it has done, at its next safe point, unless there is no way back."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from audit.services import Actor
from core.rows import new_id
from operations import engine
from operations.cancelling import TooLateToCancel, cancel, honour_left_behind
from operations.errors import Retry
from operations.explain import explain
from operations.kind import Parked
from operations.models import Cancellation, Operation
from operations.wake import Outcome, wake
from tests.operations.acting import begin, to_its_end
from tests.operations.kinds import PATIENT, Script, reset

pytestmark = pytest.mark.django_db

OLGA = Actor("user", "olga")
State = Operation.State


@pytest.fixture
def script() -> Script:
    return reset()


def test_before_its_first_step_what_the_request_did_is_undone_and_nothing_else_was_done(script):
    operation = begin()
    cancel(by=OLGA, operation=operation, reason="a mistake")
    assert to_its_end(operation).state == State.CANCELLED
    assert script.called == ["undo reserve"]
    assert (operation.error_code, operation.error_message) == ("cancelled", "olga cancelled it: a mistake")


def test_between_two_steps_what_was_done_is_undone_in_reverse(script):
    operation = begin()
    script.does["first"] = [lambda run: cancel(by=OLGA, operation=run.operation)]
    assert to_its_end(operation).state == State.CANCELLED
    assert script.called == ["first", "undo first", "undo reserve"]


def test_a_request_that_came_during_the_last_step_is_told_to_have_been_too_late(script):
    operation = begin()
    script.does["last"] = [lambda run: cancel(by=OLGA, operation=run.operation, reason="a mistake")]
    assert to_its_end(operation).state == State.SUCCEEDED
    assert "olga asked to cancel it (a mistake), too late" in explain(operation).happened
    assert "a mistake" not in explain(operation, inside=False).happened


def test_one_that_waits_for_its_next_try_is_taken_back_at_once(script, django_capture_on_commit_callbacks):
    script.does["first"] = [Retry("not reached")]
    operation = begin()
    engine.drive(operation.pk)
    with django_capture_on_commit_callbacks(execute=True):
        cancel(by=OLGA, operation=operation)
    assert engine.drive(operation.pk) == State.CANCELLED


def test_a_task_that_runs_is_let_come_to_its_end_first(script, django_capture_on_commit_callbacks):
    script.does["first"] = [Parked("task:1", "a task")]
    operation = begin()
    engine.drive(operation.pk)
    with django_capture_on_commit_callbacks(execute=True):
        cancel(by=OLGA, operation=operation)
    assert engine.drive(operation.pk) == "not due"
    wake("task:1", Outcome(ok=True))
    assert to_its_end(operation).state == State.CANCELLED
    assert script.called == ["first", "undo first", "undo reserve"]


def test_one_that_stands_behind_another_is_over_at_once_and_did_nothing(script, django_capture_on_commit_callbacks):
    subject = new_id()
    begin(subject, kind=PATIENT)
    behind = begin(subject, kind=PATIENT, greeting="another")
    script.called.clear()
    with django_capture_on_commit_callbacks(execute=True):
        cancel(by=OLGA, operation=behind)
    behind.refresh_from_db()
    assert (behind.state, script.called) == (State.CANCELLED, [])


def test_past_the_point_of_no_return_it_is_refused_and_goes_on(script):
    operation = begin(kind=PATIENT)
    script.does["last"] = [Retry("wait a little"), None]
    engine.drive(operation.pk)
    with pytest.raises(TooLateToCancel, match="step pivot has begun"):
        cancel(by=OLGA, operation=operation)
    assert to_its_end(operation).state == State.SUCCEEDED


def test_a_request_that_comes_while_that_step_is_being_done_is_let_pass(script):
    operation = begin(kind=PATIENT)
    script.does["pivot"] = [
        lambda run: Cancellation.objects.create(operation=run.operation, asked_at=run.operation.created_at)
    ]
    assert to_its_end(operation).state == State.SUCCEEDED


def test_what_has_ended_is_not_taken_back(script):
    operation = to_its_end(begin())
    with pytest.raises(TooLateToCancel, match="ended already"):
        cancel(by=OLGA, operation=operation)


def test_asking_twice_is_asking_once(script):
    operation = begin()
    cancel(by=OLGA, operation=operation, reason="first")
    cancel(by=OLGA, operation=operation, reason="second")
    assert Cancellation.objects.get().reason == "first"
    assert AuditEvent.objects.filter(action="thing.rehearsal.cancel").count() == 1


def test_a_request_whose_asker_died_before_anybody_was_told_is_honoured_by_the_controller(script):
    script.does["first"] = [Retry("not reached")]
    operation = begin()
    engine.drive(operation.pk)
    cancel(by=OLGA, operation=operation)  # in a test nothing is told on commit
    assert to_its_end(operation).state == State.CANCELLED


def test_its_end_is_audited_as_done_not_as_a_failure(script):
    operation = begin()
    cancel(by=OLGA, operation=operation)
    to_its_end(operation)
    event = AuditEvent.objects.get(action="thing.rehearsal.ended")
    assert (event.outcome, event.after["state"]) == ("done", "cancelled")


def test_one_past_its_pivot_with_a_cancel_that_came_late_keeps_its_rhythm(script):
    doubtful = Retry("not now")
    doubtful.in_doubt = True
    operation = begin(kind=PATIENT)

    def ask(run):
        Cancellation.objects.create(operation=run.operation, asked_at=run.operation.created_at)
        return doubtful

    script.does["pivot"] = [ask, doubtful, None]
    engine.drive(operation.pk)
    operation.refresh_from_db()
    due = operation.due_at
    assert honour_left_behind() == 0
    operation.refresh_from_db()
    assert operation.due_at == due
