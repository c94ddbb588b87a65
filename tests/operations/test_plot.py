"""docs/kinds.md is what the kinds' tables say; names of steps, once given, are other releases' too."""

from __future__ import annotations

from typing import Any

from operations.kind import Kind, known_kinds
from operations.plot import page
from tests.goldens import PLOT


def of_pods() -> list[Kind[Any]]:
    """Without the kinds that tests make for themselves."""
    return [kind for kind in known_kinds() if kind.subject == "pod"]


def test_the_page_of_kinds_is_as_the_code_has_them():
    assert PLOT.read_text() == page(of_pods()), "run bin/goldens, and read what it changed"


def test_a_step_s_name_is_given_once_a_kind_and_fits_its_column():
    for kind in of_pods():
        names = [step.name for step in kind.steps]
        assert len(names) == len(set(names)), kind.name
        assert max(map(len, names)) <= 32


def test_what_is_done_by_the_request_only_writes_rows_and_can_be_undone_by_rows():
    for kind in of_pods():
        for step in kind.steps:
            assert not step.by_request or (step.atomic and (step.undo is None or step.undo_atomic)), kind.name


def test_nothing_after_a_pivot_promises_to_be_undone():
    for kind in of_pods():
        after = False
        for step in kind.steps:
            assert not (after and step.undo), f"{kind.name}: {step.name} is never undone"
            after = after or step.pivot
