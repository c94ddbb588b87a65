"""Figure: one measured value beside its baseline, and the line that it is told in.

Decides: the form of every figure, now and later. Not: what is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = "name\tvalue\tbaseline\tratio\ttarget"


@dataclass(frozen=True)
class Figure:
    """`name` ends in the unit of `value` and `baseline`. `target`: the most that the ratio may be."""

    name: str
    value: float
    baseline: float
    target: float

    @property
    def ratio(self) -> float:
        return self.value / self.baseline

    @property
    def met(self) -> bool:
        return self.ratio <= self.target

    @property
    def line(self) -> str:
        """Name, value, baseline, ratio, target, tab-separated."""
        return f"{self.name}\t{self.value:.3f}\t{self.baseline:.3f}\t{self.ratio:.3f}\t<= {self.target:g}"
