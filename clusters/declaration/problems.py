"""Problem, Problems, DeclarationRefused: what is wrong with a declaration, each thing by its key.

Decides: how problems are collected and told. Not: what is a problem (table.py, rules).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import Invalid


@dataclass(frozen=True)
class Problem:
    """One thing that has to change, by its key in the file, such as `networks[0].subnets[0].gateway`."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class DeclarationRefused(Invalid):
    """The file is refused as a whole; nothing was changed. It lists every problem that was found."""

    code = "declaration"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)), field=self.problems[0].key)


@dataclass
class Problems:
    """The problems found so far, and which tables and lists could not be read whole.

    What could not be read holds stand-ins: rules that compare values pass over it, so that one mistake is told once.
    """

    found: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def add(self, key: str, message: str) -> None:
        self.found.append(Problem(key, message))

    def sound(self, *keys: str) -> bool:
        """Whether all of these tables were read whole."""
        return self.broken.isdisjoint(keys)
