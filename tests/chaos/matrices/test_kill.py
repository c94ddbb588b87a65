"""Killed by SIGKILL at any point, an operation comes to its end, and nothing is left, lacking or doubled."""

from __future__ import annotations

import pytest

from chaos.draw import draw
from chaos.kill import kill
from chaos.points import Point
from tests.chaos.matrices.conftest import SIZE

pytestmark = pytest.mark.slow

SAMPLE = 24  # of each scenario
OF_NO_STEP = ("claim", "tick")


def by_step(point: Point) -> tuple[str, str]:
    return point.direction, point.step


def test_kill(scenario, plan, strike_all, seed):
    points, most = list(plan.points), None if SIZE == "all" else SAMPLE
    if SIZE == "small":  # what the scenario is there for: each step in its direction
        points = [p for p in points if p.direction == scenario.outcome and p.step not in OF_NO_STEP]
        most = len({by_step(point) for point in points})
    strike_all("kill", kill, draw(points, most, f"{seed} kill {scenario.name}", by=by_step), len(plan.points))
