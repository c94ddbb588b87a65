"""What a node's page tells of the machine: how it was seen, what was promised, what stands on it, and its lanes.

Decides: these words, and what counts as promised. Not: its pods (pods/pages_below.py), nor how it is laid out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit import look
from audit.admin_pages import events_of, may_see, tells_of
from clusters.admin_seen import load_of, observation_of_node, seen_of_node, used_memory, used_of
from clusters.freshness import as_of, moment, standing
from clusters.models import Node, StorageTier, TemplateCopy, TierObservation
from operations.lanes import usual_capacity
from operations.models import Lane

HOLDS = Q(pods__gone_at=None) & Q(pods__isnull=False)


def with_promised(nodes: QuerySet[Node]) -> QuerySet[Any]:
    """Each with the number of its live pods (`live`) and the memory that was promised to them (`promised_mib`)."""
    return nodes.annotate(
        live=Count("pods", filter=HOLDS), promised_mib=Sum("pods__memory_mib", filter=HOLDS, default=0)
    )


@dataclass(frozen=True)
class LaneLine:
    """A lane that nobody has needed yet has no row, and takes as many as is usual."""

    name: str
    what: str
    capacity: int
    inside: int
    queue: int


@dataclass(frozen=True)
class TierLine:
    seen: TierObservation
    used: SafeString


@tells_of(Node)
def tell(request: HttpRequest, node: Any) -> dict[str, Any]:
    """Of a node `with_promised`."""
    copies = list(node.template_copies.select_related("template", "tier", "cluster").order_by("vmid"))
    return {
        "node": node,
        "seen": seen_of_node(node),
        "sentence": sentence(node),
        "machine": observation_of_node(node),
        "load": load_of(node),
        "used": used_memory(node),
        "copies": copies if may_see(request, TemplateCopy) else None,
        "tiers": _tiers(node) if may_see(request, StorageTier) else None,
        "lanes": _lanes(node, copies) if may_see(request, Lane) else None,
        **events_of(request, {"resource_id__exact": str(node.pk)}, resource_kind="node", resource_id=node.pk),
    }


def sentence(node: Any) -> str:
    """How the node is, for somebody who has just opened its page."""
    if node.written_off_at is not None:
        given_up = f"Node {node} is written off since {moment(node.written_off_at)}: it is given up for lost."
        return f"{given_up} What its pods held is given to nobody until it is declared wiped. {_seen(node)}"
    return f"{_seen(node)} {_promised(node)} {standing(node.cluster)}".strip()


def _seen(node: Any) -> str:
    seen = observation_of_node(node)
    if seen is None:
        return f"Nobody has seen node {node} yet."
    parts = [f"Node {node} is {seen.state} {as_of(seen.observed_at)}"]
    if seen.load is not None:
        parts.append(f"at {seen.load:.0%} of its {seen.cores or 'unknown number of'} cores")
    if seen.memory_used_mib is not None:
        parts.append(f"with {seen.memory_used_mib / 1024:.1f} GiB of memory used")
    return f"{', '.join(parts)}."


def _promised(node: Any) -> str:
    if not node.live:
        return "No pod is on it."
    return f"{look.memory(node.promised_mib)} are promised to {node.live} {'pod' if node.live == 1 else 'pods'}."


def _tiers(node: Node) -> list[TierLine]:
    seen = node.tier_observations.select_related("tier").order_by("tier__name")
    return [TierLine(row, used_of(row, by_name=False)) for row in seen]


def _lanes(node: Node, copies: list[TemplateCopy]) -> list[LaneLine]:
    """What moves whole disks on it, and the clones of each template copy."""
    named = {node.io_lane: "moving whole disks"} | {copy.lane: f"clones of CT {copy.vmid}" for copy in copies}
    taken = Q(places__taken_at__isnull=False)
    rows = Lane.objects.filter(name__in=named).annotate(
        inside=Count("places", filter=taken), queue=Count("places", filter=~taken & Q(places__isnull=False))
    )
    found: dict[str, Any] = {row.name: row for row in rows}
    return [_lane(name, what, found.get(name)) for name, what in named.items()]


def _lane(name: str, what: str, row: Any) -> LaneLine:
    if row is None:
        return LaneLine(name, what, usual_capacity(name), 0, 0)
    return LaneLine(name, what, row.capacity, row.inside, row.queue)
