"""explain(): every kind and every outcome has its words, and they say what the reader may really do."""

from __future__ import annotations

import pytest

from operations.explain import can_be_cancelled, explain
from operations.models import Operation
from operations.words import IN_WORDS, STEPS
from tests.operations import explanations
from tests.operations.explanations import GOLDEN, OUTCOMES, examples, pods_kinds

ALL = list(examples())


def of(outcome, kind="start"):
    """What is said of that outcome, to staff and to tenants."""
    [operation] = [found for heading, found in ALL if heading.startswith(f"{kind} ") and heading.endswith(outcome)]
    return explain(operation), explain(operation, inside=False)


def test_it_is_the_golden_that_is_kept():
    """`bin/goldens` writes it anew; read what it changed."""
    assert explanations.text() == GOLDEN.read_text()


def test_every_kind_and_every_state_is_in_it():
    headings = {heading.partition(":")[0] for heading, _ in ALL}
    assert headings == {f"{kind.name} {kind.version}" for kind in pods_kinds()}
    assert {operation.state for _, operation in ALL} == set(Operation.State.values)
    assert len(ALL) >= len(headings) * (len(OUTCOMES) - 2)


@pytest.mark.parametrize("kind", pods_kinds(), ids=lambda kind: f"{kind.name}-{kind.version}")
def test_every_kind_and_every_step_is_told_in_words(kind):
    assert kind.name in IN_WORDS
    assert {step.name for step in kind.steps} <= set(STEPS)


def test_a_parameter_that_an_old_row_lacks_costs_its_name_only():
    [operation] = [found for heading, found in ALL if heading == "start 1: queued"]
    operation.kind, operation.params = "rename", {}
    assert explain(operation).asked == "mpanel asked to rename pod web to ?."


def test_what_can_still_be_cancelled_says_so_and_nothing_else_does():
    for heading, operation in ALL:
        for told in (explain(operation), explain(operation, inside=False)):
            assert ("You can cancel it." in told.next) == can_be_cancelled(operation), heading
    assert can_be_cancelled(dict(ALL)["start 1: blocked"])
    assert not can_be_cancelled(dict(ALL)["start 1: undoing"])
    assert not can_be_cancelled(dict(ALL)["start 1: about to be cancelled"])


def test_staff_are_told_what_is_left_and_the_three_ways_out():
    staff, tenant = of("needs attention undoing", "create")
    assert "Not undone yet: clone (copy the template), reserve" in staff.remains
    for way in ("retry step clone", "skip it", "resolve the operation"):
        assert way in staff.next
    assert tenant.next == "Nothing: the platform's staff have to look at it."


def test_tenants_are_told_nothing_of_our_inside():
    for heading, operation in ALL:
        outside = explain(operation, inside=False)
        for words in ("Node pve", "lane", "olga", "on pve"):
            assert words not in " ".join(vars(outside).values()), heading
    assert "the storage is being replaced" in of("frozen")[1].happened  # the one who froze says it to everybody
    assert "a mistake" in of("start 1: cancelled")[1].happened  # its own reason
