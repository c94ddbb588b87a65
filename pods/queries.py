"""Reads about pods that are more than one line.

Decides: how they are counted. Not: what the counts mean (admission.py, placement.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Q, Sum

from clusters.models import Node, TemplateCopy
from operations.models import Operation
from pods.models import CloudPod
from pods.placement import Candidate
from tenants.models import Tenant

LIVE = Q(pods__gone_at=None)


def held_by(tenant: Tenant) -> dict[str, int]:
    """What the tenant's live pods hold together: pods, cores, memory_mib, disk_gib."""
    sums = (
        CloudPod.objects.of(tenant)
        .live()
        .aggregate(pods=Count("pk"), cores=Sum("cores"), memory_mib=Sum("memory_mib"), disk_gib=Sum("disk_gib"))
    )
    return {name: value or 0 for name, value in sums.items()}


def candidates_on(copies: Sequence[TemplateCopy]) -> list[Candidate]:
    """The copies with what is on their nodes, for placement; one query. A node may have been written off meanwhile."""
    creating = Q(pods__phase=CloudPod.Phase.CREATING)
    nodes = Node.objects.filter(pk__in={copy.node_id for copy in copies}, written_off_at=None).annotate(
        live=Count("pods", filter=LIVE),
        creating=Count("pods", filter=LIVE & creating),
        memory_used=Sum("pods__memory_mib", filter=LIVE, default=0),
    )
    by_id = {node.pk: node for node in nodes}
    return [_candidate(copy, by_id[copy.node_id]) for copy in copies if copy.node_id in by_id]


def memory_free(node: Node) -> int | None:
    """MiB that the pods on it, and those that are on their way to it, leave; None: it is not counted."""
    if node.memory_mib is None:
        return None
    coming = Operation.objects.filter(
        kind="move", state__in=Operation.LIVE, place=node.cluster.place, params__node=node.name
    )
    there = CloudPod.objects.live().filter(
        Q(node=node) | Q(cluster=node.cluster_id, pk__in=coming.values("subject_id"))
    )
    return node.memory_mib - (there.aggregate(used=Sum("memory_mib"))["used"] or 0)


def _candidate(copy: TemplateCopy, node: Node) -> Candidate:
    counts = vars(node)
    free = None if node.memory_mib is None else node.memory_mib - counts["memory_used"]
    return Candidate(copy.pk, node.name, counts["creating"], counts["live"], free)
