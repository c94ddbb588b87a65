"""How much of the long tests is run: a sample by default, the whole with MIGRACLOUD_TEST_ALL=1 (`bin/test --all`).

Decides: how many examples a property test takes, and what a walk that is drawn draws. Not: the seed, which bin/test
chooses and prints (without one, each run draws the same).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

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
    """Of a walk in several ways (themes, widths ...): every stop is in it, each in one way that the seed draws."""

    seed: str
    whole: bool

    def ways(self, stops: int, ways: Sequence[Way]) -> list[list[Way]]:
        """For each stop the ways to look at it: one of them, or all when the whole walk is run."""
        if self.whole:
            return [list(ways)] * stops
        drawn = Random(self.seed)
        return [[drawn.choice(ways)] for _ in range(stops)]


def run_whole() -> bool:
    return bool(os.environ.get("MIGRACLOUD_TEST_ALL"))


def load() -> None:
    settings.load_profile("all" if run_whole() else "sampled")
