"""One operation a subject at a time: the next one is refused, joins, or stands behind; and then has its turn."""

from __future__ import annotations

from threading import Event

import pytest
from django.db import transaction

from audit.services import SYSTEM
from core.rows import new_id
from operations import attention, engine
from operations.cancelling import cancel, honour_left_behind
from operations.kind import Parked
from operations.models import Operation, OperationInProgress
from operations.ordering import promote_left_behind, same_going_on
from operations.wake import Outcome, wake
from tests.operations.acting import begin, states, to_its_end
from tests.operations.kinds import PATIENT, REHEARSAL, TRIAL, Script, reset
from tests.together import together

State = Operation.State


@pytest.fixture
def script() -> Script:
    return reset()


@pytest.mark.django_db
def test_a_kind_that_does_not_queue_is_refused_and_told_what_is_in_the_way(script):
    subject = new_id()
    first = begin(subject)
    with pytest.raises(OperationInProgress) as refused:
        begin(subject, kind=TRIAL)
    assert refused.value.data == {"operation": str(first.pk)}


@pytest.mark.django_db
def test_a_kind_that_queues_does_nothing_until_its_turn_has_come(script):
    subject = new_id()
    script.does["first"] = [Parked("task:1", "a task"), None]
    first = begin(subject, kind=TRIAL)
    engine.drive(first.pk)
    behind = begin(subject, kind=PATIENT)
    assert (behind.state, behind.due_at, "declare" in script.called) == (State.BLOCKED, None, False)
    assert engine.drive(behind.pk) == "not due"
    wake("task:1", Outcome(ok=True))
    engine.drive(first.pk)
    behind.refresh_from_db()
    assert behind.state == State.QUEUED
    assert to_its_end(behind).state == State.SUCCEEDED
    assert script.called.index("second") < script.called.index("declare")


@pytest.mark.django_db
def test_at_once_it_does_its_first_step_within_the_request(script):
    operation = begin(kind=PATIENT)
    assert script.called == ["declare"]
    assert states(operation)[0] == "done"


@pytest.mark.django_db
def test_those_behind_have_their_turns_in_the_order_they_came(script):
    subject = new_id()
    operations = [begin(subject, kind=PATIENT, greeting=str(number)) for number in range(3)]
    ended = []
    for operation in operations:
        to_its_end(operation)
        ended.append(operation.state)
    assert ended == [State.SUCCEEDED] * 3
    finished = list(Operation.objects.order_by("finished_at").values_list("pk", flat=True))
    assert finished == [operation.pk for operation in operations]


@pytest.mark.django_db
def test_the_time_that_it_stood_behind_is_not_taken_off_its_own(script):
    subject = new_id()
    begin(subject, kind=PATIENT)
    behind = begin(subject, kind=PATIENT, greeting="another")
    before = behind.deadline_at
    Operation.objects.exclude(pk=behind.pk).update(state=State.SUCCEEDED)
    assert promote_left_behind() == 1
    behind.refresh_from_db()
    assert behind.deadline_at > before


@pytest.mark.django_db
def test_a_second_request_for_the_same_is_the_first_unless_it_asks_for_something_else(script):
    subject = new_id()
    operation = begin(subject, kind=PATIENT, greeting="hello")
    assert same_going_on(PATIENT, subject, {"greeting": "hello"}) == operation
    assert same_going_on(PATIENT, subject, {"greeting": "other"}) is None
    assert same_going_on(REHEARSAL, subject, {}) is None


@pytest.mark.django_db
def test_what_is_being_undone_is_joined_by_nobody(script):
    subject = new_id()
    operation = begin(subject, kind=PATIENT)
    Operation.objects.filter(pk=operation.pk).update(direction="undo")
    assert same_going_on(PATIENT, subject, {"greeting": "hello"}) is None


@pytest.mark.django_db
def test_what_it_overtakes_is_taken_back(script):
    subject = new_id()
    waiting = begin(subject)
    behind = begin(subject, kind=PATIENT)
    assert to_its_end(waiting).state == State.CANCELLED
    assert to_its_end(behind).state == State.SUCCEEDED
    assert "first" not in script.called[: script.called.index("undo reserve")]


@pytest.mark.django_db
def test_one_that_was_left_behind_is_promoted_by_the_controller_once(script):
    subject = new_id()
    first = begin(subject, kind=PATIENT)
    behind = begin(subject, kind=PATIENT, greeting="another")
    third = begin(subject, kind=PATIENT, greeting="a third")
    assert promote_left_behind() == 0
    Operation.objects.filter(pk=first.pk).update(state=State.SUCCEEDED)  # as if it had ended unseen
    assert promote_left_behind() == 1
    behind.refresh_from_db()
    third.refresh_from_db()
    assert (behind.state, third.state) == (State.QUEUED, State.BLOCKED)


@pytest.mark.django_db
def test_what_stands_behind_and_is_taken_back_gives_nobody_its_turn_beside_the_live_one(script):
    subject = new_id()
    _, second, third = (begin(subject, kind=PATIENT, greeting=str(number)) for number in range(3))
    cancel(by=SYSTEM, operation=second)
    honour_left_behind()
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.state, third.state) == (State.CANCELLED, State.BLOCKED)


@pytest.mark.django_db
def test_a_subject_that_is_given_up_takes_all_that_stand_behind_with_it(script):
    subject = new_id()
    for number in range(3):
        begin(subject, kind=PATIENT, greeting=str(number))
    for row in attention.hold_all(subject_kind="thing", subject_id=subject):
        attention.give_up(row, by=SYSTEM, code="gone", message="it is gone", reason="it burned")
    assert set(Operation.objects.values_list("state", flat=True)) == {State.RESOLVED}


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_at_once_one_goes_first_and_all_others_stand_behind(script):
    subject = new_id()
    found = together(6, lambda number: begin(subject, kind=PATIENT, greeting=str(number)))
    begun = [one for one in found if isinstance(one, Operation)]
    assert Operation.objects.filter(state=State.QUEUED).count() == 1
    assert len(begun) + sum(isinstance(one, OperationInProgress) for one in found) == 6


@pytest.mark.django_db(transaction=True)
def test_one_that_comes_just_as_the_one_before_it_ends_is_not_forgotten(script):
    """It sees the other one live; the other one does not see it, and ends."""
    subject = new_id()
    first = begin(subject, kind=PATIENT)
    seen, over = Event(), Event()

    def ask(number: int) -> Operation | None:
        if number == 0:
            with transaction.atomic():
                behind = begin(subject, kind=PATIENT, greeting="another")
                seen.set()
                over.wait(10)
            return behind
        seen.wait(10)
        engine.drive(first.pk)
        over.set()
        return None

    behind, _ = together(2, ask)
    behind.refresh_from_db()
    assert behind.state == State.BLOCKED
    assert promote_left_behind() == 1
    assert to_its_end(behind).state == State.SUCCEEDED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["as the one before it ends", "by the controller"])
def test_while_the_next_one_s_row_is_held_no_younger_one_goes_first(how, script):
    subject = new_id()
    first, second, third = (begin(subject, kind=PATIENT, greeting=str(number)) for number in range(3))
    if how == "by the controller":
        Operation.objects.filter(pk=first.pk).update(state=State.SUCCEEDED)  # as if it had ended unseen
    held, over = Event(), Event()

    def act(number: int) -> None:
        if number == 0:
            with transaction.atomic():
                assert Operation.objects.select_for_update(no_key=True).get(pk=second.pk)
                held.set()
                over.wait(10)
            return
        held.wait(10)
        engine.drive(first.pk)
        promote_left_behind()
        over.set()

    assert together(2, act) == [None, None]
    third.refresh_from_db()
    assert third.state == State.BLOCKED
    assert promote_left_behind() == 1
    second.refresh_from_db()
    assert second.state == State.QUEUED
