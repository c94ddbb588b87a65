"""What a seed draws, what is said at the end, and that no kind is forgotten."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from chaos.draw import draw
from chaos.report import PROPERTY, Report, Tally
from chaos.scenarios import SCENARIOS, of_kinds
from operations.kind import known_kinds

THINGS = [(group, number) for group in "abc" for number in range(10)]


def test_a_sample_has_something_of_every_group_and_is_the_same_for_a_seed():
    drawn = draw(THINGS, 4, "7", by=lambda thing: thing[0])
    assert {group for group, _ in drawn} == set("abc")
    assert len(set(drawn)) == 4
    assert drawn == draw(THINGS, 4, "7", by=lambda thing: thing[0])
    assert any(draw(THINGS, 4, str(seed), by=lambda thing: thing[0]) != drawn for seed in range(5))


def test_without_a_limit_all_is_run():
    assert draw(THINGS, None, "7", by=lambda thing: thing[0]) == THINGS
    assert draw(THINGS, 99, "7", by=lambda thing: thing[0]) == THINGS


def ran(*, failed: bool, **properties: object) -> Any:
    report = pytest.TestReport("a test", ("a_file.py", 1, "a test"), {}, "failed" if failed else "passed", None, "call")
    report.user_properties = list(properties.items())
    return report


def with_stats(stats: dict[str, list[Any]]) -> Any:
    """Of pytest's reporter as much as is asked."""
    return SimpleNamespace(stats=stats)


def test_the_last_line_has_the_sums_of_all_tests_and_a_line_a_kind_its_points():
    report = Report()
    for counted in (
        [Tally("kill", "stop", 2, 9, 0), Tally("kill", "stop", 1, 4, 1)],
        [Tally("fault", "create", 5, 50, 0)],
    ):
        tests = [ran(failed=one.violations > 0, **{PROPERTY: json.dumps(one._asdict())}) for one in counted]
        stats = {"passed": [one for one in tests if one.passed], "failed": [one for one in tests if one.failed]}
        report.pytest_terminal_summary(with_stats(stats))
    assert report.lines(7) == [
        "create: 5 of 50 faults",
        "stop: 3 of 13 crash points",
        "chaos: 3 crash points, 5 faults, 1 violations (seed 7)",
    ]
    assert Report().lines(7) == ["chaos: nothing was run, 0 violations (seed 7)"]


def test_a_test_that_came_to_no_count_is_told():
    report = Report()
    report.pytest_terminal_summary(with_stats({"failed": [ran(failed=True)], "error": [ran(failed=True)]}))
    assert report.lines(7) == ["chaos: nothing was run, 0 violations, 2 broken (seed 7)"]


def test_every_kind_and_version_has_a_scenario_for_what_it_does_and_one_for_what_it_undoes():
    has = {(scenario.kind, scenario.version, scenario.outcome) for scenario in SCENARIOS}
    for kind in known_kinds():
        if kind.subject != "pod":  # of the engine's own tests
            continue
        assert (kind.name, kind.version, "do") in has, f"{kind.name} {kind.version} has no scenario in chaos/"
        if any(step.undo for step in kind.steps):
            assert (kind.name, kind.version, "undo") in has, f"the undo of {kind.name} {kind.version} has no scenario"
    assert {scenario.kind for scenario in of_kinds("stop", "start")} == {"stop", "start"}
