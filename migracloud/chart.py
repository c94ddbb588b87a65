"""A bar chart as numbers for an SVG that the server draws: no script, and its colours follow the theme.

Decides: where each bar and line is. Not: what is counted (dashboard.py) or which colour it has (admin.css).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 12, 26
BAR = 0.6  # of a day's room


@dataclass(frozen=True)
class Bar:
    x: float
    middle: float
    width: float
    good_y: float
    good_height: float
    bad_y: float
    bad_height: float
    words: str
    label: str


@dataclass(frozen=True)
class Line:
    y: float
    value: int


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    left: int
    right: int
    label_y: int
    bars: list[Bar]
    lines: list[Line]
    summary: str


def chart(days: Sequence[tuple[date, int, int]]) -> Chart:
    """`days`: each with how many succeeded and failed."""
    most = _round_up(max(good + bad for _, good, bad in days))
    room = (WIDTH - LEFT - RIGHT) / len(days)
    unit = (HEIGHT - TOP - BOTTOM) / most
    floor = HEIGHT - BOTTOM
    bars = []
    for index, (day, good, bad) in enumerate(days):
        x = LEFT + room * (index + (1 - BAR) / 2)
        gap = 1 if good and bad else 0
        bars.append(
            Bar(
                x=round(x, 1),
                middle=round(x + room * BAR / 2, 1),
                width=round(room * BAR, 1),
                good_y=round(floor - good * unit, 1),
                good_height=round(good * unit, 1),
                bad_y=round(floor - (good + bad) * unit, 1),
                bad_height=round(max(bad * unit - gap, 0), 1),
                words=f"{day:%d %b}: {good} succeeded, {bad} failed",
                label=f"{day.day} {day:%b}" if (len(days) - 1 - index) % 2 == 0 else "",
            )
        )
    lines = [Line(round(floor - value * unit, 1), value) for value in (0, most // 2, most)]
    total_good, total_bad = sum(d[1] for d in days), sum(d[2] for d in days)
    summary = f"Operations in {len(days)} days: {total_good} succeeded, {total_bad} failed"
    return Chart(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, HEIGHT - 8, bars, lines, summary)


def _round_up(value: int) -> int:
    """To an even number, so that the middle line has a whole one."""
    return max(2, value + value % 2)
