"""Records what a look at a cluster has shown of the cluster, its nodes and its tiers.

Decides: what an answer, or none, makes of these rows. Not: when a cluster is looked at (looks.py), nor its pods
(pods/observation.py), nor what needs a person (noticing.py), nor how it is told (freshness.py).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from clusters.dataplane.port import Machine, Resources
from clusters.looks import Look
from clusters.models import Cluster, ClusterObservation, Node, NodeObservation, StorageTier, TierObservation
from clusters.noticing import notice
from operations.errors import StepError

log = logging.getLogger(__name__)

State = NodeObservation.State


def record(look: Look) -> bool:
    """In the transaction that records the cluster's pods too. False, and nothing done, if a later look is recorded."""
    last = ClusterObservation.objects.select_for_update(no_key=True).filter(cluster=look.cluster).first()
    if last is not None and last.tried_at > look.began:
        return False
    row = last or ClusterObservation(cluster=look.cluster)
    row.tried_at = look.began
    offline = NodeObservation.objects.filter(node__cluster=look.cluster, state=State.OFFLINE)
    offline_before = frozenset(offline.values_list("node__name", flat=True))
    match look.result:
        case StepError() as error:
            _no_answer(row, error)
        case Resources() as resources:
            _answer(row)
            _record_nodes(look.cluster, resources, look.began)
            _record_tiers(look.cluster, resources, look.began)
    row.save()
    notice(look, offline_before=offline_before)
    return True


def _no_answer(row: ClusterObservation, error: StepError) -> None:
    """What was seen stays with its time; only that it is so now is no longer known. Told once, not each minute."""
    if row.unreachable_since is None or row.error_code != error.code:
        log.warning("cluster %s cannot be seen, its pods are unknown: %s", row.cluster, error.message)
    row.unreachable_since = row.unreachable_since or row.tried_at
    row.error_code, row.error_message = error.code, error.message
    NodeObservation.objects.filter(node__cluster=row.cluster).update(state=State.UNKNOWN)


def _answer(row: ClusterObservation) -> None:
    if row.unreachable_since is not None:
        log.warning("cluster %s is seen again; it was not since %s", row.cluster, row.unreachable_since)
    row.observed_at = row.tried_at
    row.unreachable_since, row.error_code, row.error_message = None, "", ""


def _record_nodes(cluster: Cluster, resources: Resources, at: datetime) -> None:
    """Of declared nodes. One that the cluster does not list is unknown."""
    ids = dict(Node.objects.filter(cluster=cluster).values_list("name", "pk"))
    seen = {ids[machine.name]: machine for machine in resources.nodes if machine.name in ids}
    NodeObservation.objects.bulk_create(
        [NodeObservation(node_id=pk, observed_at=at, **_of_node(machine, at)) for pk, machine in seen.items()],
        update_conflicts=True,
        unique_fields=["node"],
        update_fields=["observed_at", "state", "cores", "load", "memory_mib", "memory_used_mib", "up_since"],
    )
    NodeObservation.objects.filter(node__cluster=cluster).exclude(node__in=list(seen)).update(state=State.UNKNOWN)


def _of_node(machine: Machine, at: datetime) -> dict[str, object]:
    state = machine.status if machine.status in State.values else State.UNKNOWN
    return {
        "state": state,
        "cores": machine.cores,
        "load": machine.load,
        "memory_mib": machine.memory_mib,
        "memory_used_mib": machine.memory_used_mib,
        "up_since": up_since(at, machine.up_seconds) if state == State.ONLINE else None,
    }


def _record_tiers(cluster: Cluster, resources: Resources, at: datetime) -> None:
    """Of declared tiers on declared nodes. What a node no longer lists is not there any more."""
    nodes = dict(Node.objects.filter(cluster=cluster).values_list("name", "pk"))
    tiers = dict(StorageTier.objects.filter(cluster=cluster).values_list("name", "pk"))
    seen = {
        (tiers[storage.name], nodes[storage.node]): storage
        for storage in resources.storages
        if storage.name in tiers and storage.node in nodes
    }
    TierObservation.objects.bulk_create(
        [
            TierObservation(
                tier_id=tier,
                node_id=node,
                observed_at=at,
                available=storage.available,
                total_gib=storage.total_gib,
                used_gib=storage.used_gib,
            )
            for (tier, node), storage in seen.items()
        ],
        update_conflicts=True,
        unique_fields=["tier", "node"],
        update_fields=["observed_at", "available", "total_gib", "used_gib"],
    )
    TierObservation.objects.filter(tier__cluster=cluster, observed_at__lt=at).delete()


def up_since(at: datetime, up_seconds: int | None) -> datetime | None:
    """From how long something has run. None for what does not run, and for what no clock can mean."""
    if not up_seconds:
        return None
    try:
        return at - timedelta(seconds=up_seconds)
    except OverflowError:
        return None
