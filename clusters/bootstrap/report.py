"""Report: what a bootstrap did, object by object, with before and after of each changed field.

Decides: what is told. Not: how it is printed (the command) or audited (ledger.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Verb(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class FieldChange:
    """One field's plain value before and after; None: it had, or has, none."""

    name: str
    before: object
    after: object


@dataclass(frozen=True)
class Change:
    """What became of one object. `name` is said with what it belongs to: `pve of cluster migracloud`."""

    verb: Verb
    kind: str
    name: str
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass
class Report:
    """All objects of the file in its order; what the database has besides; what a person should look at."""

    dry_run: bool = False
    objects: list[Change] = field(default_factory=list)
    not_in_file: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changes(self) -> list[Change]:
        """Without what was as the file has it."""
        return [change for change in self.objects if change.verb is not Verb.UNCHANGED]

    def count(self, verb: Verb) -> int:
        return sum(change.verb is verb for change in self.objects)
