"""The engine: what comes next by the family of an error, and what a worker's death or a late one can not do."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import InternalError, OperationalError, connection, transaction
from psycopg.errors import IdleInTransactionSessionTimeout

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.clock import control_now
from core.rows import new_id
from operations import claims, engine, transitions
from operations.errors import Fail, Refuse, Retry, Wait
from operations.hints import resend_due_hints
from operations.kind import Parked
from operations.models import Attempt, Operation, OperationInProgress
from operations.services import begin_operation
from operations.wake import Outcome, wake
from tenants.services import platform_tenant
from tests.operations.kinds import REHEARSAL, TRIAL, Params, Script, reset

pytestmark = pytest.mark.django_db

MOST_TRIES = Retry.tries or 0


@pytest.fixture
def script() -> Script:
    return reset()


@pytest.fixture
def operation(script, db) -> Operation:
    return begin()


def begin(subject=None, kind=REHEARSAL) -> Operation:
    with transaction.atomic():
        return begin_operation(
            kind,
            by=SYSTEM,
            tenant=platform_tenant(),
            subject_id=subject or new_id(),
            subject_name="a thing",
            params=Params(),
        )


@pytest.fixture
def to_its_end(db):
    """Drive an operation; retries do not wait."""

    def drive(operation: Operation) -> Operation:
        for _ in range(60):
            engine.drive(operation.pk)
            operation.refresh_from_db()
            if operation.state != Operation.State.WAITING:
                return operation
            Operation.objects.filter(pk=operation.pk).update(due_at=control_now())
        raise AssertionError("it waits for ever")

    return drive


def cut_short(operation: Operation, step: str) -> None:
    """As a worker leaves it that is killed in the middle of a step."""
    claimed = claims.claim(operation.pk, worker="dead")
    assert claimed
    row = operation.steps.get(name=step)
    row.state = "begun"
    row.save()
    Attempt.objects.create(step=row, direction="do", number=1, worker="dead", begun_at=control_now())
    Operation.objects.filter(pk=operation.pk).update(lease_until=control_now())


def test_steps_are_done_in_order_and_the_last_one_ends_the_operation(operation, script, to_its_end):
    assert to_its_end(operation).state == "succeeded"
    assert script.called == ["first", "second", "last"]
    assert operation.finished_at is not None
    assert list(operation.steps.values_list("state", flat=True)) == ["done"] * 4


def test_a_refusal_undoes_what_came_before_in_reverse_and_is_what_it_is_remembered_by(operation, script, to_its_end):
    script.does["second"] = [Refuse("it is not ours")]
    assert to_its_end(operation).state == "failed"
    assert script.called == ["first", "second", "undo first", "undo reserve"]
    assert (operation.error_step, operation.error_message) == ("second", "it is not ours")


def test_a_step_that_may_have_had_an_effect_is_undone_itself(operation, script, to_its_end):
    error = Fail("broken")
    error.in_doubt = True
    script.does["second"] = [error]
    assert to_its_end(operation).state == "failed"
    assert script.called == ["first", "second", "undo second", "undo first", "undo reserve"]


def test_a_retry_is_limited_and_then_undone(operation, script, to_its_end):
    script.does["first"] = [Retry("try again")]
    assert to_its_end(operation).state == "failed"
    assert script.called == ["first"] * MOST_TRIES + ["undo reserve"]


def test_undoing_is_tried_until_its_deadline_because_giving_up_leaves_something(operation, script, to_its_end):
    script.does["second"] = [Refuse("no")]
    script.does["undo first"] = [Retry("not reached")] * (MOST_TRIES * 3) + [None]
    assert to_its_end(operation).state == "failed"
    assert script.called.count("undo first") == MOST_TRIES * 3 + 1


def test_a_wait_costs_no_try_and_ends_with_the_deadline(operation, script, to_its_end):
    script.does["first"] = [Wait("locked")] * (MOST_TRIES * 3) + [None]
    assert to_its_end(operation).state == "succeeded"
    late = begin()
    script.does["first"] = [Wait("locked")]
    engine.drive(late.pk)
    Operation.objects.filter(pk=late.pk).update(deadline_at=control_now(), due_at=control_now())
    assert to_its_end(late).error_code == "deadline_passed"


def test_between_two_tries_nobody_holds_the_lease_and_it_is_not_due(operation, script):
    script.does["first"] = [Retry("try again")]
    assert engine.drive(operation.pk) == "waiting"
    operation.refresh_from_db()
    assert operation.lease_until is None
    assert operation.due_at > control_now()
    assert "try again" in operation.waits_for
    assert engine.drive(operation.pk) == "not due"


def test_a_defect_of_ours_is_undone_and_told_without_its_details(operation, script, to_its_end):
    script.does["second"] = [ValueError("secret in an exception")]
    assert to_its_end(operation).state == "failed"
    assert operation.error_code == "internal_error"
    assert "secret" not in operation.error_message
    assert script.called[-3:] == ["undo second", "undo first", "undo reserve"]


def idle_for_too_long() -> InternalError:
    """What a worker meets that was paused within a transaction."""
    error = InternalError("terminating connection due to idle-in-transaction timeout")
    error.__cause__ = IdleInTransactionSessionTimeout()
    return error


@pytest.mark.parametrize("error", [OperationalError("the connection is lost"), idle_for_too_long()])
def test_a_database_that_goes_away_is_left_to_the_lease_not_undone(error, operation, script):
    script.does["first"] = [error]
    with pytest.raises(type(error)):
        engine.drive(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.direction) == ("running", "do")


def test_an_undo_that_fails_asks_for_a_person_and_says_what_is_left(operation, script, to_its_end):
    script.does["second"] = [Refuse("no")]
    script.does["undo first"] = [Refuse("cannot take it back")]
    assert to_its_end(operation).state == "needs_attention"
    assert "undoing step first" in operation.error_message.lower()
    assert "cannot take it back" in operation.error_message
    assert AuditEvent.objects.get(action="thing.rehearsal.ended").outcome == "failed"


def test_parked_it_holds_no_lease_and_goes_on_when_it_is_woken(operation, script):
    script.does["first"] = [Parked("key-1", "a task")]
    assert engine.drive(operation.pk) == "parked"
    operation.refresh_from_db()
    assert (operation.lease_until, operation.waits_for) == (None, "a task")
    assert engine.drive(operation.pk) == "not due"
    assert wake("key-1", Outcome(ok=True))
    assert engine.drive(operation.pk) == "succeeded"
    assert script.called == ["first", "second", "last"]


def test_a_key_is_woken_once(operation, script):
    script.does["first"] = [Parked("key-1", "a task")]
    engine.drive(operation.pk)
    assert wake("key-1", Outcome(ok=True))
    assert not wake("key-1", Outcome(ok=False, family="fail", code="late", message="late"))
    assert not wake("key-nobody-waits-for", Outcome(ok=True))
    assert engine.drive(operation.pk) == "succeeded"


def test_a_task_that_failed_is_judged_by_its_family(operation, script, to_its_end):
    script.does["first"] = [Parked("key-1", "a task"), None]
    engine.drive(operation.pk)
    wake("key-1", Outcome(ok=False, family="wait", code="locked", message="locked"))
    assert to_its_end(operation).state == "succeeded"
    assert script.called == ["first", "first", "second", "last"]


def test_the_tasks_of_doing_and_undoing_are_kept_apart(operation, script, to_its_end):
    """The end of the doing's task, told late, must not pass for the end of the undoing's."""
    script.does["first"] = [Parked("doing", "the start")]
    script.does["undo first"] = [Parked("undoing", "the stop")]
    engine.drive(operation.pk)
    Operation.objects.filter(pk=operation.pk).update(deadline_at=control_now(), due_at=control_now())
    assert engine.drive(operation.pk) == "parked"
    assert not wake("doing", Outcome(ok=True))
    assert "undo reserve" not in script.called
    assert wake("undoing", Outcome(ok=True))
    assert to_its_end(operation).state == "failed"
    assert script.called == ["first", "undo first", "undo reserve"]


def test_a_hint_for_nothing_parks_it_again(operation, script):
    script.does["first"] = [Parked("key-1", "a task")]
    engine.drive(operation.pk)
    Operation.objects.filter(pk=operation.pk).update(due_at=control_now())
    assert engine.drive(operation.pk) == "parked"
    wake("key-1", Outcome(ok=True))
    assert engine.drive(operation.pk) == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_a_wake_between_the_look_and_the_parking_again_is_not_lost(operation, script, monkeypatch):
    script.does["first"] = [Parked("key-1", "a task")]
    engine.drive(operation.pk)
    Operation.objects.filter(pk=operation.pk).update(due_at=control_now())
    waker = Thread(target=wake_elsewhere, args=("key-1",))
    park_again = transitions.park_again

    def wake_first(parked: Operation) -> str:
        waker.start()
        waker.join(timeout=0.5)  # it waits for our row's lock: that is what is shown
        return park_again(parked)

    monkeypatch.setattr(transitions, "park_again", wake_first)
    assert engine.drive(operation.pk) == "parked"
    waker.join()
    assert engine.drive(operation.pk) == "succeeded"


def wake_elsewhere(key: str) -> None:
    """As the controller does, on a connection of its own."""
    try:
        wake(key, Outcome(ok=True))
    finally:
        connection.close()


def test_an_attempt_that_was_cut_short_leaves_the_next_one_in_doubt(operation, script, to_its_end):
    seen = []
    script.does["first"] = [lambda run: seen.append((run.history.in_doubt, run.history.unanswered_since is not None))]
    cut_short(operation, "first")
    assert to_its_end(operation).state == "succeeded"
    assert seen == [(True, True)]
    first, second = Attempt.objects.filter(step__name="first").order_by("number")
    assert (first.error_code, first.in_doubt, second.result) == ("cut_short", True, "done")


def test_a_first_attempt_is_not_in_doubt(operation, script):
    seen = []
    script.does["first"] = [lambda run: seen.append((run.history.in_doubt, run.history.unanswered_since))]
    engine.drive(operation.pk)
    assert seen == [(False, None)]


def test_what_is_begun_is_undone_even_when_its_worker_died_before_it_was_recorded(operation, script, to_its_end):
    cut_short(operation, "first")
    Operation.objects.filter(pk=operation.pk).update(deadline_at=control_now())
    assert to_its_end(operation).state == "failed"
    assert script.called == ["undo first", "undo reserve"]


def test_one_worker_at_a_time(operation):
    assert claims.claim(operation.pk, worker="one")
    assert claims.claim(operation.pk, worker="two") is None


def test_a_lease_that_ran_out_is_taken_over_and_its_first_holder_is_fenced(operation):
    claimed = claims.claim(operation.pk, worker="one")
    assert claimed
    _, first = claimed
    Operation.objects.filter(pk=operation.pk).update(lease_until=control_now())
    claimed = claims.claim(operation.pk, worker="two")
    assert claimed
    _, second = claimed
    with pytest.raises(claims.LeaseLost):
        first.renew()
    with pytest.raises(claims.LeaseLost), transaction.atomic():
        first.fence()
    second.renew()


def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(operation):
    claimed = claims.claim(operation.pk, worker="one")
    assert claimed
    Operation.objects.filter(pk=operation.pk).update(lease_until=control_now())
    with pytest.raises(claims.LeaseLost):
        claimed[1].renew()


def test_a_lease_that_is_lost_in_a_step_ends_the_drive_and_writes_nothing(operation, script):
    def lose_it(run):
        Operation.objects.filter(pk=operation.pk).update(epoch=99)

    script.does["first"] = [lose_it]
    assert engine.drive(operation.pk) == "lease lost"
    assert operation.steps.get(name="first").state == "begun"
    assert Attempt.objects.get().ended_at is None


def test_a_version_that_this_release_does_not_know_is_left_to_another(operation):
    Operation.objects.filter(pk=operation.pk).update(version=99)
    assert engine.drive(operation.pk) == "waiting"
    operation.refresh_from_db()
    assert operation.direction == "do"
    assert not Attempt.objects.all()


def test_two_live_operations_on_one_subject_are_refused(operation):
    with pytest.raises(OperationInProgress):
        begin(operation.subject_id)
    assert Operation.objects.count() == 1


def test_a_subject_is_free_again_when_its_operation_has_ended(operation, to_its_end):
    to_its_end(operation)
    assert begin(operation.subject_id)


def test_hints_are_sent_again_for_what_is_due_and_nobody_drives(operation):
    Operation.objects.update(hinted_at=None)
    assert resend_due_hints() == 1
    assert resend_due_hints() == 0  # it was hinted at just now
    Operation.objects.update(hinted_at=None)
    claims.claim(operation.pk, worker="one")
    assert resend_due_hints() == 0


def test_the_end_of_an_operation_is_audited_in_its_tenants_name(operation, to_its_end):
    to_its_end(operation)
    event = AuditEvent.objects.get(operation_id=operation.pk)
    assert (event.action, event.outcome, event.tenant_reference) == ("thing.rehearsal.ended", "done", "TENANT-0")


# A task that may fail


def test_a_task_that_may_fail_does_not_fail_the_operation_and_its_attempt_keeps_why(script, to_its_end):
    script.does["first"] = [Parked("t-1", "a task")]
    operation = begin(kind=TRIAL)
    to_its_end(operation)
    wake("t-1", Outcome(ok=False, family="fail", code="task_failed", message="It took too long.", in_doubt=True))
    assert to_its_end(operation).state == "succeeded"
    assert script.called == ["first", "second"]
    attempt = Attempt.objects.get(step__operation=operation, step__name="first")
    assert (attempt.result, attempt.error_message, attempt.in_doubt) == ("failed", "It took too long.", True)


def test_what_is_undone_after_it_counts_it_as_done(script, to_its_end):
    script.does["first"] = [Parked("t-1", "a task")]
    script.does["second"] = [Fail("broken")]
    operation = begin(kind=TRIAL)
    to_its_end(operation)
    wake("t-1", Outcome(ok=False, family="fail", message="It took too long."))
    assert to_its_end(operation).state == "failed"
    assert script.called == ["first", "second", "undo first"]


@pytest.mark.parametrize("error", [Fail("ours broke"), Refuse("not allowed")])
def test_only_the_task_may_fail_not_the_call(error, script, to_its_end):
    script.does["first"] = [error]
    operation = to_its_end(begin(kind=TRIAL))
    assert (operation.state, operation.error_step) == ("failed", "first")
    assert "second" not in script.called


def test_a_task_that_may_fail_is_tried_again_when_it_only_had_to_wait(script, to_its_end):
    script.does["first"] = [Parked("t-1", "a task"), None]
    operation = begin(kind=TRIAL)
    to_its_end(operation)
    wake("t-1", Outcome(ok=False, family="wait", code="locked", message="It is locked."))
    assert to_its_end(operation).state == "succeeded"
    assert script.called == ["first", "first", "second"]
