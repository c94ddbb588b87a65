"""choose(): on which node a new pod is put. Pure: it sees candidates and returns one of them.

Decides: the order of preference. Not: which nodes are candidates (services.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Candidate:
    """A template copy on a node that placement may use, and what is on that node. Memory in MiB; None: not counted."""

    copy: UUID
    node: str
    creating: int  # pods that are being made there: each waits for the copy's lane
    pods: int
    memory_free_mib: int | None


def choose(candidates: Sequence[Candidate], *, memory_mib: int) -> Candidate | None:
    """The node with the shortest queue of clones, then the one with the fewest pods; None when nothing has room."""
    fitting = [c for c in candidates if c.memory_free_mib is None or c.memory_free_mib >= memory_mib]
    return min(fitting, key=lambda c: (c.creating, c.pods, c.node), default=None)
