"""The matrices can fail: they report a step in doubt that does not look, and "begun" written after the call."""

from __future__ import annotations

import logging

import pytest
from django.db import transaction

from chaos import saved
from chaos.cancel import cancel_after_kill
from chaos.kill import kill
from chaos.plan import Plan, record
from chaos.points import Point
from chaos.scenarios import SCENARIOS
from operations import engine, transitions
from operations.errors import StepError
from operations.kind import Parked
from pods.kinds.context import PodRun

pytestmark = pytest.mark.slow

CLONED = Point("create", "do", "clone", "clone", 1, "after")


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def plan(stage):
    create = next(scenario for scenario in SCENARIOS if scenario.name == "create-1-do")
    with saved.kept(stage.plane) as kept:
        made, wrong = record(stage, kept, create)
        assert not wrong
        assert CLONED in made.points
        yield made


def codes(found) -> set[str]:
    return {violation.code for violation in found}


def test_without_a_look_a_clone_whose_answer_was_lost_is_left_without_an_owner(plan: Plan, monkeypatch):
    assert not kill(plan, CLONED)
    monkeypatch.setattr(PodRun, "look", lambda self: None)
    assert {"wrong_end", "ct_without_row"} <= codes(kill(plan, CLONED))
    assert "ct_without_row" in codes(cancel_after_kill(plan, CLONED))


def test_with_begun_written_after_the_call_a_cancel_leaves_what_was_made(plan: Plan, monkeypatch):
    assert not cancel_after_kill(plan, CLONED)
    monkeypatch.setattr(engine._Drive, "_try", begun_after_the_call)
    assert "effect_unasked" in codes(kill(plan, CLONED))
    assert "ct_without_row" in codes(cancel_after_kill(plan, CLONED))


def test_a_point_that_is_not_reached_is_reported(plan: Plan):
    nowhere = CLONED._replace(nth=2)
    assert codes(kill(plan, nowhere)) == codes(cancel_after_kill(plan, nowhere)) == {"unreached"}


def begun_after_the_call(drive, step):
    """As engine._Drive._try is, but for the order."""
    of_kind = drive.kind.step(step.name)
    drive.run.history = transitions.history_of(step)
    do = of_kind.undo if drive.undoing else of_kind.do
    answer, error = None, None
    try:
        with transaction.atomic():
            answer = do(drive.run) if do else None
    except StepError as met:
        error = met
    with transaction.atomic():
        drive.lease.fence()
        attempt = transitions.begin(drive.operation, step)
    if error:
        return drive._ended_badly(step, attempt, error)
    if isinstance(answer, Parked):
        with transaction.atomic():
            drive.lease.fence()
            return transitions.park(drive.operation, step, attempt, answer)
    return drive._ended_well(step, attempt)
