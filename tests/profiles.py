"""How much of the long tests is run: a sample by default, the whole with MIGRACLOUD_TEST_ALL=1 (`bin/test --all`).

Decides: how many examples a property test takes, what a walk that is drawn draws, and which cases of a test that has
many are run. Not: the seed, which bin/test chooses and prints (without one, each run draws the same).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

# A test's database is one fixture for all of its examples (each is rolled back by itself), so its scope is no mistake.
# No deadline: the machine's speed is nobody's behaviour. Nothing is kept on disk: the seed repeats a run.
settings.register_profile(
    "sampled",
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.register_profile("all", settings.get_profile("sampled"), max_examples=1000)


Way = TypeVar("Way")


@dataclass(frozen=True)
class Draw:
    """Of a walk in several ways (themes, widths ...): every stop in one way that the seed draws, or where the walk is
    very long one stop in so many.
    """

    seed: str
    whole: bool

    def ways(self, stops: int, ways: Sequence[Way], *, one_in: int = 1) -> list[list[Way]]:
        """For each stop the ways to look at it: one of them, none where another stop was drawn; all of them when the
        whole walk is run.
        """
        if self.whole:
            return [list(ways)] * stops
        random = Random(self.seed)
        chosen = set(random.sample(range(stops), -(-stops // one_in)))
        return [[random.choice(ways)] if stop in chosen else [] for stop in range(stops)]


def left_out(items: Sequence[pytest.Item], seed: str) -> set[pytest.Item]:
    """Of each test that is marked `sampled` the cases that this run leaves out: all but as many as its mark says.
    What names a case on its command line is no sample.
    """
    cases: dict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled"):
            cases[item.location[0], getattr(item, "originalname", item.name)].append(item)
    out: set[pytest.Item] = set()
    for (file, name), of_one_test in cases.items():
        mark = of_one_test[0].get_closest_marker("sampled")
        assert mark is not None
        surplus = max(0, len(of_one_test) - int(mark.args[0]))
        out.update(Random(f"{seed} {file} {name}").sample(of_one_test, surplus))
    return out


def run_whole() -> bool:
    return bool(os.environ.get("MIGRACLOUD_TEST_ALL"))


def load() -> None:
    settings.load_profile("all" if run_whole() else "sampled")
