"""Many clients at the same few pods, while workers and the leading controller are killed: all invariants hold at any
moment, and at rest nothing is left, lacking or doubled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos import race
from chaos.report import PROPERTY, SAID, Tally
from demo.handle import FakeHandle
from tests.cast import Person
from tests.factories import World

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_race(
    world: World,
    plane: FakeHandle,
    people: dict[str, Person],
    tmp_path: Path,
    seed: str,
    record_property: Callable[[str, object], None],
) -> None:
    chosen = race.Race()
    result = race.run(chosen, plane=plane, people=people, folder=tmp_path, seed=seed)
    record_property(SAID, f"race: {chosen}: {result.counts}")
    tally = Tally("race", "race", struck=1, there_are=1, violations=len(result.violations))
    record_property(PROPERTY, json.dumps(tally._asdict()))
    assert not result.violations, "\n".join(map(str, result.violations))
    lacking = result.counts.why_not(chosen)
    assert not lacking, f"this race does not count: {'; '.join(lacking)} ({result.counts})"
