"""Violation: one thing that is not as it has to be, with a code that stays the same.

Decides: the form. Not: what is found (the rules).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from chaos.facts import Facts


@dataclass(frozen=True)
class Violation:
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


Rule = Callable[[Facts], Iterator[Violation]]


def twice(things: Iterable[Hashable]) -> list[Hashable]:
    """What occurs more than once."""
    return [thing for thing, count in Counter(things).items() if count > 1]
