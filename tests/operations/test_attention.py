"""What staff can do about an operation that needs them: try again, skip its step, or say that it is dealt with."""

from __future__ import annotations

from threading import Event

import pytest
from django.db import connection, transaction

from audit.models import AuditEvent
from audit.services import Actor
from core.errors import Invalid
from core.rows import new_id
from operations import attention
from operations.errors import Fail, Refuse
from operations.explain import explain
from operations.models import Attempt, Operation, OperationInProgress
from tests.operations.acting import begin, states, to_its_end
from tests.operations.kinds import PATIENT, TRIAL, Script, reset
from tests.together import together

pytestmark = pytest.mark.django_db

OLGA = Actor("user", "olga")
State = Operation.State


@pytest.fixture
def script() -> Script:
    return reset()


@pytest.fixture
def stuck(script) -> Operation:
    """Its undo failed for good."""
    script.does["second"] = [Refuse("no")]
    script.does["undo first"] = [Refuse("cannot take it back"), None]
    operation = to_its_end(begin())
    assert operation.state == State.NEEDS_ATTENTION
    return operation


@pytest.fixture
def past_pivot(script) -> Operation:
    """It failed where there was no way back."""
    broken = Fail("broken")
    broken.in_doubt = True
    script.does["pivot"] = [broken, None]
    return to_its_end(begin(kind=PATIENT))


def test_a_retry_takes_the_undo_up_where_it_failed(stuck, script):
    attention.retry(by=OLGA, operation=stuck, reason="the cable is in again")
    assert to_its_end(stuck).state == State.FAILED
    assert script.called[-2:] == ["undo first", "undo reserve"]
    assert script.called.count("undo first") == 2


def test_past_a_pivot_what_was_done_stays_and_a_retry_goes_on(past_pivot, script):
    assert past_pivot.state == State.NEEDS_ATTENTION
    assert (past_pivot.direction, past_pivot.error_step) == ("do", "pivot")
    assert "undo first" not in script.called
    attention.retry(by=OLGA, operation=past_pivot, reason="it is mended")
    assert to_its_end(past_pivot).state == State.SUCCEEDED


def test_one_that_succeeded_at_last_bears_no_error_and_tells_what_it_failed_at_first(past_pivot, script):
    attention.retry(by=OLGA, operation=past_pivot, reason="it is mended")
    ended = to_its_end(past_pivot)
    assert (ended.error_step, ended.error_code, ended.error_message) == ("", "", "")
    told = explain(ended).happened
    assert "Step pivot failed, and was done when it was told to try again: broken" in told
    assert "made up for" not in told


def test_a_pivot_that_surely_did_nothing_is_undone_like_any_step(script):
    script.does["pivot"] = [Refuse("it is protected")]
    operation = to_its_end(begin(kind=PATIENT))
    assert operation.state == State.FAILED
    assert script.called[-2:] == ["undo first", "undo declare"]


def test_a_skipped_step_counts_as_over_and_says_who_said_so(stuck, script):
    attention.skip(by=OLGA, operation=stuck, reason="I did it by hand")
    assert to_its_end(stuck).state == State.FAILED
    assert script.called.count("undo first") == 1
    skipped = Attempt.objects.get(result="skipped")
    assert (skipped.step.name, skipped.error_message) == ("first", "olga said that it is over: I did it by hand")


def test_a_skip_past_a_pivot_goes_on_with_the_next_step(past_pivot, script):
    attention.skip(by=OLGA, operation=past_pivot, reason="done by hand")
    assert to_its_end(past_pivot).state == State.SUCCEEDED
    assert script.called.count("pivot") == 1


def test_what_is_resolved_is_left_as_it_is(stuck, script):
    called = list(script.called)
    attention.resolve(by=OLGA, operation=stuck, reason="nothing is left there")
    stuck.refresh_from_db()
    assert (stuck.state, script.called) == (State.RESOLVED, called)
    event = AuditEvent.objects.get(action="operation.resolve")
    assert (event.actor, event.reason, event.operation_id) == ("olga", "nothing is left there", stuck.pk)


@pytest.mark.parametrize("act", [attention.retry, attention.skip, attention.resolve])
def test_each_needs_a_reason_and_an_operation_that_needs_somebody(act, stuck, script):
    with pytest.raises(Invalid) as refused:
        act(by=OLGA, operation=stuck, reason=" ")
    assert refused.value.field == "reason"
    other = begin()
    with pytest.raises(attention.NeedsNoAttention):
        act(by=OLGA, operation=other, reason="why not")


@pytest.mark.parametrize("act", [attention.retry, attention.skip])
def test_it_does_not_go_on_while_something_else_is_done_with_its_subject(act, stuck, script):
    begin(stuck.subject_id, kind=TRIAL)
    before = states(stuck)
    with pytest.raises(OperationInProgress):
        act(by=OLGA, operation=stuck, reason="again")
    stuck.refresh_from_db()
    assert (stuck.state, states(stuck)) == (State.NEEDS_ATTENTION, before)


def test_a_retry_has_a_time_of_its_own(stuck):
    before = stuck.deadline_at
    assert attention.retry(by=OLGA, operation=stuck, reason="again").deadline_at > before


def test_a_subject_of_which_nothing_is_left_needs_nobody(stuck):
    attention.close_all(subject_kind="thing", subject_id=stuck.subject_id, because="it is gone")
    attention.close_all(subject_kind="thing", subject_id=new_id(), because="another")
    stuck.refresh_from_db()
    assert stuck.state == State.RESOLVED
    assert AuditEvent.objects.get(action="operation.resolve").actor == "control plane"


@pytest.mark.django_db(transaction=True)
def test_whoever_ends_the_last_operation_and_whoever_gives_the_subject_up_do_not_wait_for_each_other(past_pivot):
    """A purge has its own row and closes the older one; a write-off takes both."""
    older = past_pivot
    purge = begin(older.subject_id, kind=TRIAL)
    held = Event()

    def act(number: int) -> set[object]:
        with transaction.atomic():
            if number == 0:
                assert Operation.objects.select_for_update(no_key=True).get(pk=purge.pk)
                held.set()
                until_somebody_waits()
                attention.close_all(subject_kind="thing", subject_id=older.subject_id, because="it is gone")
                return set()
            held.wait(10)
            return {row.pk for row in attention.hold_all(subject_kind="thing", subject_id=older.subject_id)}

    assert together(2, act) == [set(), {purge.pk}]
    older.refresh_from_db()
    assert older.state == State.RESOLVED


def until_somebody_waits() -> None:
    """For a lock, in this database."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_sleep(0.01), count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if (cursor.fetchone() or (None, 0))[1]:
                return
    raise AssertionError("nobody waits")
