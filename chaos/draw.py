"""What of a matrix is run: all of it, or a sample that a seed draws and that has something of everything.

Decides: that. Not: how large the samples are (tests/chaos/matrices).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from random import Random
from typing import TypeVar

Thing = TypeVar("Thing")


def draw(things: Sequence[Thing], most: int | None, seed: str, *, by: Callable[[Thing], Hashable]) -> list[Thing]:
    """At most so many (None: all), in turns from each group: one of each as long as there is room."""
    if most is None or most >= len(things):
        return list(things)
    groups: dict[Hashable, list[Thing]] = defaultdict(list)
    for thing in things:
        groups[by(thing)].append(thing)
    random = Random(seed)
    in_turns = list(groups.values())
    random.shuffle(in_turns)
    for group in in_turns:
        random.shuffle(group)
    drawn: list[Thing] = []
    while len(drawn) < most:
        for group in in_turns:
            if group and len(drawn) < most:
                drawn.append(group.pop())
    return drawn
