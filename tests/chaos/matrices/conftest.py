"""What the matrices share: a stage that is built once a process, a scenario's plan, and how much of a matrix is run.

By default (in bin/test) that is one point of each step's do and undo. bin/chaos asks for a sample, or for everything.

Decides: that. Not: what is done at a point.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chaos import saved
from chaos.checker import Violation
from chaos.plan import Plan, record
from chaos.report import PROPERTY, Tally
from chaos.scenarios import Scenario, of_kinds
from chaos.stage import Stage, build
from demo.handle import FakeHandle
from tests.cast import cast
from tests.factories import make_world

KINDS = os.environ.get("MIGRACLOUD_CHAOS_KINDS", "").split()
SIZE = os.environ.get("MIGRACLOUD_CHAOS", "small")
FOR_BIN_CHAOS = ("test_cancel.py", "test_faults.py", "test_race.py")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Of what takes long by nature, bin/test runs the kill matrix, a small part of it."""
    return True if SIZE == "small" and collection_path.name in FOR_BIN_CHAOS else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", of_kinds(*KINDS), ids=lambda scenario: scenario.name)


@pytest.fixture(scope="session")
def _base(django_db_setup: None) -> Iterator[dict[str, Any]]:
    """The stage as it was built first, kept beside the tests' tables, which are emptied after each of them."""
    with ExitStack() as until_the_end:
        yield {"owner": until_the_end.enter_context(saved.as_owner())}


@pytest.fixture
def stage(transactional_db: None, plane: FakeHandle, _base: dict[str, Any]) -> Stage:
    if "stage" in _base:
        _base["saved"].bring_back()
    else:
        make_world(plane)
        _base["stage"] = build(plane, cast())
        _base["saved"] = saved.Saved(plane, _base["owner"], schema="chaos_base")
    built: Stage = _base["stage"]
    built.strangers.clear()  # those of the scenario before
    return built


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    """Of the day, unless one is given (bin/test and bin/chaos give one and print it)."""
    given = request.config.getoption("hypothesis_seed")
    return str(date.today()) if given is None else str(given)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What thousands of killed processes have to say is nobody's news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def plan(stage: Stage, scenario: Scenario) -> Iterator[Plan]:
    """Played once undisturbed; it must be as it has to be then, and walk all steps that it is there for."""
    scenario.begin(stage)
    with saved.kept(stage.plane) as kept:
        made, wrong = record(stage, kept, scenario)
        assert not wrong, "\n".join(map(str, wrong))
        assert not made.unwalked(), f"{scenario.name} does not walk {made.unwalked()}"
        yield made


Strike = Callable[[Plan, Any], list[Violation]]


@pytest.fixture
def strike_all(
    plan: Plan, record_property: Callable[[str, object], None]
) -> Callable[[str, Strike, Sequence[Any], int], None]:
    """Strike at each of what was drawn; what was found wrong is told all at once."""

    def run(matrix: str, strike: Strike, drawn: Sequence[Any], of: int) -> None:
        found = [(str(one), violation) for one in drawn for violation in strike(plan, one)]
        tally = Tally(matrix, plan.scenario.kind, struck=len(drawn), there_are=of, violations=len(found))
        record_property(PROPERTY, json.dumps(tally._asdict()))
        if found:
            pytest.fail("\n".join(f"{where}: {violation}" for where, violation in found), pytrace=False)

    return run
