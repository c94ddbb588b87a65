"""What a cluster's page tells: whether it answers, how it is reached, whether it is frozen, and what it is made of.

Decides: these words, and how much of each is shown to whom. Not: its pods (pods/pages_below.py), its nodes' own pages
(pages_nodes.py), nor how it is laid out (templates).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.admin_pages import events_of, may_see, tells_of
from audit.places import list_url
from clusters.admin_seen import fullest_of, load_of, seen_of_cluster, seen_of_node, used_memory, with_observations
from clusters.findings import open_findings
from clusters.freshness import as_of, moment, observation_of, standing
from clusters.models import Attachment, Cluster, Finding, Node, StorageTier
from clusters.pages_nodes import with_promised
from ipam.models import Subnet
from operations.freezing import in_force
from operations.models import Freeze

FINDINGS_SHOWN = 8


@dataclass(frozen=True)
class NodeLine:
    node: Any  # with what is promised
    seen: SafeString
    load: str
    used: SafeString | str


@dataclass(frozen=True)
class TierLine:
    tier: StorageTier
    used: SafeString | str


@tells_of(Cluster)
def tell(request: HttpRequest, cluster: Cluster) -> dict[str, Any]:
    seen = observation_of(cluster)
    return {
        "cluster": cluster,
        "seen": seen_of_cluster(cluster),
        "sentence": sentence(cluster),
        "proxmox_said": seen.error_message if seen else "",
        "freezes_here": list(in_force(Freeze.objects.filter(place=cluster.place))),
        "verified_by": _verified_by(cluster),
        "token_source": _token_source(cluster),
        "nodes": _nodes(cluster) if may_see(request, Node) else None,
        "tiers": _tiers(cluster) if may_see(request, StorageTier) else None,
        "attachments": list(cluster.attachments.select_related("network")) if may_see(request, Attachment) else None,
        **_findings(request, cluster),
        **events_of(request, {"resource_id__exact": str(cluster.pk)}, resource_kind="cluster", resource_id=cluster.pk),
    }


@tells_of(Subnet)
def tell_of_subnet(request: HttpRequest, subnet: Subnet) -> dict[str, Any]:
    """By which clusters its network is reached."""
    attachments = Attachment.objects.filter(network=subnet.network_id).select_related("cluster").order_by("cluster")
    return {"attachments": list(attachments) if may_see(request, Attachment) else None}


def sentence(cluster: Cluster) -> str:
    """Whether it answers, for somebody who has just opened its page; if not, how old is what the page shows."""
    seen = observation_of(cluster)
    silent = standing(cluster)
    if seen is None or seen.observed_at is None:
        return silent
    if silent:
        return f"{silent} What is shown of it is as of {moment(seen.observed_at)}."
    return f"Cluster {cluster} answers {as_of(seen.observed_at)}."


def _verified_by(cluster: Cluster) -> str:
    if cluster.fingerprint:
        return f"fingerprint {cluster.fingerprint[:23]}…"
    return f"CA file {cluster.ca_file}" if cluster.ca_file else "the system's CAs"


def _token_source(cluster: Cluster) -> str:
    name = cluster.token_env
    return f"environment variable {name}" if name else "sealed in the database"


def _nodes(cluster: Cluster) -> list[NodeLine]:
    nodes = with_promised(cluster.nodes.select_related("observation"))
    return [NodeLine(node, seen_of_node(node), load_of(node), used_memory(node)) for node in nodes]


def _tiers(cluster: Cluster) -> list[TierLine]:
    return [TierLine(tier, fullest_of(tier)) for tier in with_observations(cluster.tiers.all())]


def _findings(request: HttpRequest, cluster: Cluster) -> dict[str, Any]:
    if not may_see(request, Finding):
        return {}
    findings = open_findings(cluster).order_by("-id")[:FINDINGS_SHOWN]
    url = list_url(Finding, open="yes", cluster__id__exact=str(cluster.pk))
    return {"sees_findings": True, "findings": list(findings), "findings_url": url}
