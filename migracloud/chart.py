"""A bar chart, and a strip of parts, as numbers for SVGs that the server draws: no script, and the theme's colours.

Decides: where each bar and line is. Not: what is counted (dashboard.py) or which colour it has (admin.css).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 12, 26
BAR = 0.6  # of a day's room


STRIP = 1000


@dataclass(frozen=True)
class Day:
    """How many were asked for on it, of which so many succeeded and failed."""

    day: date
    good: int
    bad: int
    total: int
    url: str


@dataclass(frozen=True)
class Part:
    """Of a whole; x and width are of STRIP."""

    word: str
    tone: str
    count: int
    url: str
    x: float = 0
    width: float = 0


@dataclass(frozen=True)
class Strip:
    parts: list[Part]
    width: int
    summary: str


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
    url: str


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
    floor: int
    label_y: int
    bars: list[Bar]
    lines: list[Line]
    summary: str


def chart(days: Sequence[Day]) -> Chart:
    most = _round_up(max(day.good + day.bad for day in days))
    room = (WIDTH - LEFT - RIGHT) / len(days)
    unit = (HEIGHT - TOP - BOTTOM) / most
    floor = HEIGHT - BOTTOM
    bars = []
    for index, day in enumerate(days):
        x = LEFT + room * (index + (1 - BAR) / 2)
        gap = 1 if day.good and day.bad else 0
        bars.append(
            Bar(
                x=round(x, 1),
                middle=round(x + room * BAR / 2, 1),
                width=round(room * BAR, 1),
                good_y=round(floor - day.good * unit, 1),
                good_height=round(day.good * unit, 1),
                bad_y=round(floor - (day.good + day.bad) * unit, 1),
                bad_height=round(max(day.bad * unit - gap, 0), 1),
                words=_words(day),
                label=f"{day.day.day} {day.day:%b}" if (len(days) - 1 - index) % 2 == 0 else "",
                url=day.url,
            )
        )
    lines = [Line(round(floor - value * unit, 1), value) for value in (0, most // 2, most)]
    good, bad = sum(day.good for day in days), sum(day.bad for day in days)
    summary = f"Operations in {len(days)} days: {good} succeeded, {bad} failed"
    return Chart(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, floor, HEIGHT - 8, bars, lines, summary)


def _words(day: Day) -> str:
    others = day.total - day.good - day.bad
    more = f", {others} cancelled or not done" if others else ""
    return f"{day.day:%d %b}: {day.good} succeeded, {day.bad} failed{more}"


def strip(parts: Sequence[Part]) -> Strip:
    """One behind the other, each as wide as its share; none is so narrow that it cannot be seen and hit."""
    total = sum(part.count for part in parts)
    shares = [max(part.count / total, 0.01) for part in parts]
    unit = STRIP / sum(shares)
    placed, x = [], 0.0
    for part, share in zip(parts, shares, strict=True):
        placed.append(replace(part, x=round(x, 1), width=round(share * unit, 1)))
        x += share * unit
    words = ", ".join(f"{part.count} {part.word.replace('_', ' ')}" for part in parts)
    return Strip(placed, STRIP, f"{total} pods: {words}")


def _round_up(value: int) -> int:
    """To an even number, so that the middle line has a whole one."""
    return max(2, value + value % 2)
