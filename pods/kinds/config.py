"""Writing a part of a container's configuration, and writing it back, as several kinds do.

Decides: that nothing is written that is so already, that a late write is let come before it is written back, and how
what waits for the next boot is noted. Not: what is written (wanted.py, each kind).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db import transaction

from clusters.dataplane.errors import Busy
from clusters.dataplane.port import Change, Mine
from pods.kinds.context import PodRun


def write(op: PodRun[Any], mine: Mine, **wanted: Any) -> None:
    """Write what differs from `wanted` (fields of Change), in one call; nothing if nothing does.

    A write whose answer was lost is seen by what it left; one that still arrives after ours has a stale digest.
    """
    if change := _differing(mine, wanted):
        op.plane.change(mine, change)


def write_back(op: PodRun[Any], **wanted: Any) -> None:
    """The same, as an undo: of a container that is there and the pod's; what is not was not written to either.

    A write that comes late is let come first: written back, the configuration has its old digest again, which that
    write carries.
    """
    late = op.late_effect()
    found = op.look()
    if not isinstance(found, Mine):
        return
    if late:
        raise Busy(late)
    write(op, found, **wanted)


def note_what_waits(op: PodRun[Any], mine: Mine) -> None:
    """Remember which keys of its configuration count from its next boot only."""
    waiting = sorted(op.plane.pending(mine))
    with transaction.atomic():
        op.guard()
        op.remember(pending=waiting)


def settle_what_waits(op: PodRun[Any]) -> None:
    """What was noted is said by the pod's row. In the transaction that ends a step."""
    op.pod.pending = op.before["pending"]
    op.pod.save(update_fields=["pending"])


def _differing(mine: Mine, wanted: dict[str, Any]) -> Change | None:
    names = {field.name for field in fields(Change)}
    assert set(wanted) <= names, set(wanted) - names
    changed = {name: value for name, value in wanted.items() if getattr(mine, name) != _compared(name, value)}
    return Change(**changed) if changed else None


def _compared(name: str, value: Any) -> Any:
    return frozenset(tag.lower() for tag in value) if name == "tags" else value
