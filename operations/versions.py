"""versions(): which tables of kinds the rows still need, and which this release has: what an upgrade has to keep.

Decides: when an old table may go. Not: what is in a table (each kind).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from operations.kind import known_kinds
from operations.models import Operation

State = Operation.State


@dataclass(frozen=True)
class Version:
    """A kind in one version. `open` operations go on; those that need `attention` can still be told to go on."""

    kind: str
    version: int
    known: bool
    newest: bool
    open: int = 0
    attention: int = 0

    @property
    def is_needed(self) -> bool:
        return bool(self.open or self.attention)

    @property
    def is_missing(self) -> bool:
        """Rows need a table that this release lacks: no worker of it carries them on."""
        return self.is_needed and not self.known

    @property
    def verdict(self) -> str:
        if self.is_missing:
            return "missing: a release that has its table must carry them on"
        if self.newest:
            return "in use: new operations are of it"
        return "needed: keep its table" if self.is_needed else "not needed: its table can go with the next release"


def versions() -> list[Version]:
    """Every one that this release knows or a row needs."""
    known = {(kind.name, kind.version) for kind in known_kinds()}
    newest = {name: max(version for other, version in known if other == name) for name, _ in known}
    counted = {(row["kind"], row["version"]): row for row in _counts()}
    return [
        Version(
            kind=name,
            version=version,
            known=(name, version) in known,
            newest=newest.get(name) == version,
            open=counted.get((name, version), {}).get("open", 0),
            attention=counted.get((name, version), {}).get("attention", 0),
        )
        for name, version in sorted(known | set(counted))
    ]


def _counts() -> list[dict[str, Any]]:
    rows = Operation.objects.filter(state__in=(*Operation.OPEN, State.NEEDS_ATTENTION)).order_by()
    counts = rows.values("kind", "version").annotate(
        open=Count("pk", filter=Q(state__in=Operation.OPEN)),
        attention=Count("pk", filter=Q(state=State.NEEDS_ATTENTION)),
    )
    return list(counts)
