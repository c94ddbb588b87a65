"""Cancelled at any point, by another process or after its own was killed there, an operation is undone or goes on to
its end; nothing is left, lacking or doubled."""

from __future__ import annotations

import pytest

from chaos.cancel import cancel_after_kill, cancel_at
from chaos.draw import draw
from tests.chaos.matrices.conftest import SIZE

pytestmark = pytest.mark.slow

SAMPLE = 10  # of each scenario, of each way


@pytest.mark.parametrize("way", [cancel_at, cancel_after_kill], ids=["instead of a kill", "after a kill"])
def test_cancel(way, scenario, plan, strike_all, seed):
    most = None if SIZE == "all" else SAMPLE
    drawn = draw(plan.points, most, f"{seed} {way} {scenario.name}", by=lambda point: (point.direction, point.step))
    strike_all("cancel", way, drawn, len(plan.points))
