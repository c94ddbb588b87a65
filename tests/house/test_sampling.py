"""Long matrices are sampled: each test that is marked runs as many of its cases as its mark says, drawn by the seed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.profiles import Draw, left_out


def cases(test: str, count: int, *, sampled: int | None) -> list[Any]:
    """Cases of one test, as pytest collects them."""
    mark = pytest.mark.sampled(sampled).mark if sampled else None
    return [_Case(test, f"{test}[{number}]", mark) for number in range(count)]


class _Case:
    def __init__(self, test: str, name: str, mark: Any) -> None:
        self.originalname, self.name, self.location, self._mark = test, name, ("a_file.py", 1, name), mark

    def get_closest_marker(self, wanted: str) -> Any:
        return self._mark if wanted == "sampled" else None


def run(items: list[Any], seed: str = "1") -> list[str]:
    out = left_out(items, seed)
    return [item.name for item in items if item not in out]


def test_a_marked_test_runs_as_many_cases_as_its_mark_says_and_the_others_all():
    items = [*cases("long", 20, sampled=3), *cases("other", 9, sampled=5), *cases("short", 4, sampled=None)]
    names = run(items)
    assert [sum(name.startswith(test) for name in names) for test in ("long", "other", "short")] == [3, 5, 4]


def test_the_seed_repeats_its_draw_and_another_draws_others():
    items = cases("long", 20, sampled=3)
    assert run(items) == run(items)
    assert len({name for seed in range(40) for name in run(items, str(seed))}) == 20


def test_a_case_that_was_asked_for_alone_is_run():
    assert run(cases("long", 1, sampled=3)) == ["long[0]"]


def test_a_walk_stops_everywhere_once_or_at_one_stop_in_so_many():
    drawn = Draw("1", whole=False)
    assert [len(ways) for ways in drawn.ways(5, "abc")] == [1] * 5
    assert sorted(len(ways) for ways in drawn.ways(5, "abc", one_in=2)) == [0, 0, 1, 1, 1]
    assert Draw("1", whole=True).ways(2, "abc", one_in=2) == [["a", "b", "c"]] * 2
