"""A freeze takes no new work and stops what runs at its next safe point; thawed, all goes on with its time whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.models import AuditEvent
from audit.services import SYSTEM, Actor
from core.clock import control_now
from core.errors import Invalid, Refused
from operations import engine
from operations.freezing import Frozen, freeze, freeze_of, in_force, thaw, thaw_own
from operations.kind import Parked
from operations.models import Freeze, Operation
from operations.wake import Outcome, wake
from tests.operations.acting import begin, to_its_end
from tests.operations.kinds import Script, reset

pytestmark = pytest.mark.django_db

OLGA = Actor("user", "olga")
State = Operation.State
HERE, THERE = "cluster/here", "cluster/there"


@pytest.fixture
def script() -> Script:
    return reset()


def test_new_work_is_refused_with_the_reason_and_when_to_ask_again(script):
    freeze(by=OLGA, reason="the storage is being replaced", until=control_now() + timedelta(minutes=10))
    with pytest.raises(Frozen, match="the storage is being replaced") as refused:
        begin()
    assert (refused.value.status, refused.value.code) == (503, "frozen")
    assert refused.value.retry_after_s in range(590, 601)
    assert not Operation.objects.exists()


def test_without_an_end_it_says_to_ask_again_soon(script):
    freeze(by=OLGA, reason="an incident")
    with pytest.raises(Frozen) as refused:
        begin(place=HERE)
    assert refused.value.retry_after_s == 30


def test_one_place_is_frozen_and_others_are_not(script):
    freeze(by=OLGA, place=HERE, place_name="cluster here", reason="maintenance")
    with pytest.raises(Frozen, match="on cluster here"):
        begin(place=HERE)
    assert to_its_end(begin(place=THERE)).state == State.SUCCEEDED
    assert to_its_end(begin()).state == State.SUCCEEDED


def test_what_runs_comes_to_its_next_safe_point_and_goes_on_when_it_is_thawed(
    script, django_capture_on_commit_callbacks
):
    operation = begin(place=HERE)
    script.does["first"] = [lambda run: freeze(by=OLGA, place=HERE, reason="stop")]
    assert engine.drive(operation.pk) == State.WAITING
    operation.refresh_from_db()
    assert script.called == ["first"]
    assert operation.steps.get(name="first").state == "done"
    assert operation.waits_for == "the end of a freeze: stop"
    with django_capture_on_commit_callbacks(execute=True):
        thaw(by=OLGA, freeze=Freeze.objects.get(), reason="done")
    assert engine.drive(operation.pk) == State.SUCCEEDED


def test_a_task_that_ends_meanwhile_is_recorded_and_the_next_step_waits(script):
    script.does["first"] = [Parked("task:1", "a task")]
    operation = begin()
    engine.drive(operation.pk)
    freeze(by=OLGA, reason="stop")
    wake("task:1", Outcome(ok=True))
    assert engine.drive(operation.pk) == State.WAITING
    assert (operation.steps.get(name="first").state, script.called) == ("done", ["first"])


def test_an_undo_stands_still_too(script):
    operation = begin()
    script.does["second"] = [lambda run: (freeze(by=OLGA, reason="stop"), ValueError("broken"))[1]]
    assert engine.drive(operation.pk) == State.WAITING
    operation.refresh_from_db()
    assert operation.direction == "undo"
    assert "undo first" not in script.called


def test_the_time_that_it_stood_still_is_not_taken_off_its_own(script):
    operation = begin()
    frozen = freeze(by=OLGA, reason="stop")
    engine.drive(operation.pk)
    operation.refresh_from_db()
    before = operation.deadline_at
    Operation.objects.update(stopped_since=control_now() - timedelta(hours=2), due_at=control_now())
    thaw(by=OLGA, freeze=frozen)
    assert engine.drive(operation.pk) == State.SUCCEEDED
    operation.refresh_from_db()
    assert operation.deadline_at - before >= timedelta(hours=2)
    assert operation.stopped_since is None


def test_one_with_an_end_is_over_then_and_can_be_followed_by_another(script):
    first = freeze(by=OLGA, reason="short", until=control_now() + timedelta(minutes=1))
    Freeze.objects.update(until=control_now())
    assert freeze_of("") is None
    assert to_its_end(begin()).state == State.SUCCEEDED
    freeze(by=OLGA, reason="again")
    first.refresh_from_db()
    assert first.ended_at is not None
    assert [row.reason for row in in_force()] == ["again"]


def test_the_same_is_not_frozen_twice(script):
    freeze(by=OLGA, reason="first")
    with pytest.raises(Refused, match="frozen already"):
        freeze(by=OLGA, reason="second")


@pytest.mark.parametrize(("how", "field"), [({"reason": " "}, "reason"), ({"reason": "x", "until": -1}, "until")])
def test_what_can_never_be_right_is_refused_with_its_field(script, how, field):
    if "until" in how:
        how = how | {"until": control_now() - timedelta(seconds=1)}
    with pytest.raises(Invalid) as refused:
        freeze(by=OLGA, **how)
    assert refused.value.field == field
    assert not Freeze.objects.exists()


def test_our_own_freeze_stands_beside_a_persons_and_each_is_thawed_for_itself(script):
    freeze(by=OLGA, place=HERE, reason="maintenance")
    freeze(by=SYSTEM, place=HERE, reason="the token is refused", code="token_refused")
    assert thaw_own(by=SYSTEM, place=HERE, code="token_refused", reason="it is accepted again")
    assert not thaw_own(by=SYSTEM, place=HERE, code="token_refused", reason="again")
    assert [row.reason for row in in_force()] == ["maintenance"]


def test_who_froze_and_thawed_and_why_is_in_the_trail(script):
    thaw(by=OLGA, freeze=freeze(by=OLGA, reason="an incident"), reason="it is over")
    events = AuditEvent.objects.filter(resource_kind="freeze").order_by("id")
    assert [(event.action, event.actor, event.reason) for event in events] == [
        ("platform.freeze", "olga", "an incident"),
        ("platform.thaw", "olga", "it is over"),
    ]
