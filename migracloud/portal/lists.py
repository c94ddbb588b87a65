"""What the portal's lists have in common: a part of the rows by a filter of a few words, and pages by keyset.

Decides: page size, order, and which filters each list has. Not: how a row is told (words.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404, QueryDict

from operations.models import Operation
from pods.models import CloudPod

PAGE_SIZE = 50
Phase, Observed, State = CloudPod.Phase, CloudPod.Observed, Operation.State


@dataclass(frozen=True)
class Part:
    """One part of a list: its name in the address, its words, and the rows that it has."""

    name: str
    label: str
    rows: Q
    always_shown: bool = True


def _active(*observed: str) -> Q:
    return Q(phase=Phase.ACTIVE, observed_state__in=observed)


PODS = (
    Part("", "All", Q(gone_at=None)),
    Part("running", "Running", _active(Observed.RUNNING)),
    Part("stopped", "Stopped", _active(Observed.STOPPED)),
    Part("changing", "Being made or destroyed", Q(phase__in=[Phase.CREATING, Phase.DESTROYING]), False),
    Part("suspended", "Suspended", Q(gone_at=None) & (Q(suspended_at__isnull=False) | Q(tenant_suspended=True)), False),
    Part("deleted", "Deleted", Q(phase=Phase.DELETED), False),
    Part("unseen", "Not seen", _active(Observed.UNKNOWN, Observed.ABSENT), False),
    Part("staff", "With our staff", Q(phase=Phase.NEEDS_ATTENTION), False),
    Part("failed", "Not made", Q(phase=Phase.FAILED), False),
    Part("gone", "Gone", Q(phase=Phase.GONE), False),
    Part("lost", "Lost", Q(phase=Phase.LOST), False),
)
OPERATIONS = (
    Part("", "All", Q()),
    Part("open", "Going on", Q(state__in=Operation.OPEN)),
    Part("done", "Done", Q(state=State.SUCCEEDED)),
    Part("failed", "Failed", Q(state=State.FAILED)),
    Part("cancelled", "Cancelled", Q(state=State.CANCELLED), False),
    Part("staff", "With our staff", Q(state=State.NEEDS_ATTENTION), False),
    Part("resolved", "Seen to by our staff", Q(state=State.RESOLVED), False),
)
ADDRESSES = (
    Part("", "Held now", Q(released_at=None)),
    Part("released", "Given back", Q(released_at__isnull=False)),
)


@dataclass(frozen=True)
class Choice:
    """A part as a link: with how many rows it has."""

    part: Part
    count: int
    is_chosen: bool


def chosen(parts: tuple[Part, ...], query: QueryDict) -> Part:
    """Http404 for a part that the list does not have: shown as everything, it would tell something wrong."""
    name = query.get("show", "")
    found = next((part for part in parts if part.name == name), None)
    if found is None:
        raise Http404(f"The list has no part {name!r}.")
    return found


def choices(parts: tuple[Part, ...], rows: QuerySet[Any], now: Part) -> list[Choice]:
    """All parts counted in one query; one that is empty and seldom needed is left out."""
    counts = rows.aggregate(**{f"in_{place}": Count("pk", filter=part.rows) for place, part in enumerate(parts)})
    every = [Choice(part, counts[f"in_{place}"], part is now) for place, part in enumerate(parts)]
    return [choice for choice in every if choice.count or choice.is_chosen or choice.part.always_shown]


@dataclass(frozen=True)
class Page:
    """A page of rows, newest first. `older` is the cursor of what follows; empty at the end."""

    rows: list[Any]
    older: str
    is_first: bool


def page_of(rows: QuerySet[Any], query: QueryDict) -> Page:
    """The rows older than `?before=`, an id, so that pages stay right while rows come and go. Http404 for no id."""
    before = query.get("before")
    if before is not None:
        rows = rows.filter(pk__lt=_id(before))
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Page(shown, str(shown[-1].pk) if len(found) > PAGE_SIZE else "", before is None)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404(f"{text!r} is no place in a list.") from None
