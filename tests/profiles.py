"""How many examples the property tests take: a sample by default, many with MIGRACLOUD_TEST_ALL=1 (`bin/test --all`).

Decides: Hypothesis' settings, for every property test. Not: the seed, which bin/test chooses and prints.
"""

from __future__ import annotations

import os

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


def load() -> None:
    settings.load_profile("all" if os.environ.get("MIGRACLOUD_TEST_ALL") else "sampled")
