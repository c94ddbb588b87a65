"""What the proofs' tests share: a stage, and one that is kept and brought back.

Decides: how a test gets them. Not: what is on it (chaos/stage.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos import saved
from chaos.stage import Stage, build
from demo.handle import FakeHandle
from tests.cast import Person
from tests.factories import World


@pytest.fixture
def stage(transactional_db: None, world: World, plane: FakeHandle, people: dict[str, Person]) -> Stage:
    """Alice's pod and charlie's run."""
    return build(plane, people)


@pytest.fixture
def kept(stage: Stage) -> Iterator[saved.Saved]:
    """The stage as it is now, to be brought back."""
    with saved.kept(stage.plane) as kept:
        yield kept
