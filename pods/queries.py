"""Reads about pods that are more than one line.

Decides: how they are counted. Not: what the counts mean (admission.py, placement.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from clusters.models import Node, TemplateCopy
from operations.models import Operation
from pods.models import CloudPod, InterfaceAddress
from pods.placement import Candidate
from tenants.models import Tenant

LIVE = Q(pods__gone_at=None)
PRIMARY_ADDRESS = InterfaceAddress.objects.filter(interface__pod=OuterRef("pk"), primary=True).order_by(
    "interface__index"
)


def with_primary_address(pods: QuerySet[Any]) -> QuerySet[Any]:
    """Each with its `primary_address`, None when it has none."""
    found: QuerySet[Any] = pods.annotate(primary_address=Subquery(PRIMARY_ADDRESS.values("lease__address")[:1]))
    return found


def held_by(tenant: Tenant) -> dict[str, int]:
    """What the tenant's live pods hold together: pods, cores, memory_mib, disk_gib."""
    sums = (
        CloudPod.objects.of(tenant)
        .live()
        .aggregate(pods=Count("pk"), cores=Sum("cores"), memory_mib=Sum("memory_mib"), disk_gib=Sum("disk_gib"))
    )
    return {name: value or 0 for name, value in sums.items()}


def candidates_on(copies: Sequence[TemplateCopy]) -> list[Candidate]:
    """The copies with what is on their nodes or on its way to them, for placement. A node may have been written off
    meanwhile.
    """
    creating = Q(pods__phase=CloudPod.Phase.CREATING)
    nodes = Node.objects.filter(pk__in={copy.node_id for copy in copies}, written_off_at=None).annotate(
        live=Count("pods", filter=LIVE),
        creating=Count("pods", filter=LIVE & creating),
        memory_used=Sum("pods__memory_mib", filter=LIVE, default=0),
    )
    by_id = {node.pk: node for node in nodes}
    coming = {place: memory_coming(place) for place in {copy.cluster.place for copy in copies}}
    there = [(copy, by_id[copy.node_id]) for copy in copies if copy.node_id in by_id]
    return [_candidate(copy, node, coming[copy.cluster.place][node.name]) for copy, node in there]


def memory_free(node: Node) -> int | None:
    """MiB that the pods on it, and those that are on their way to it, leave; None: it is not counted."""
    if node.memory_mib is None:
        return None
    used = CloudPod.objects.live().filter(node=node).aggregate(used=Sum("memory_mib"))["used"] or 0
    return node.memory_mib - used - memory_coming(node.cluster.place)[node.name]


def memory_coming(place: str) -> Counter[str]:
    """MiB by the name of a cluster's node, of pods that are being moved there or rebuilt there."""
    coming = Operation.objects.filter(kind__in=("move", "rebuild"), state__in=Operation.LIVE, place=place)
    to = dict(coming.values_list("subject_id", "params__node"))
    memory: Counter[str] = Counter()
    pods = CloudPod.objects.live().filter(pk__in=to).values_list("pk", "node__name", "memory_mib")
    for pod, at, memory_mib in pods:
        if at != to[pod]:
            memory[to[pod]] += memory_mib
    return memory


def _candidate(copy: TemplateCopy, node: Node, coming: int) -> Candidate:
    counts = vars(node)
    free = None if node.memory_mib is None else node.memory_mib - counts["memory_used"] - coming
    return Candidate(copy.pk, node.name, counts["creating"], counts["live"], free)
