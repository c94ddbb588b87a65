"""not_in_file(): what the database has besides what the file states. It is told, never removed.

Decides: what is listed. Not: ranges and exclusions, which follow the file (addresses.py).
"""

from __future__ import annotations

from clusters.declaration import Declaration
from clusters.declaration import shape as declared
from clusters.models import Attachment, Cluster, GoldenTemplate, Node, StorageTier, TemplateCopy
from ipam.models import Network, Subnet


def not_in_file(declaration: Declaration) -> list[str]:
    """Each as people call it."""
    networks = {network.name for network in declaration.networks}
    templates = {template.name for template in declaration.templates}
    clusters = {cluster.name for cluster in declaration.clusters}
    found = [f"network {row}" for row in Network.objects.exclude(name__in=networks)]
    for network in declaration.networks:
        cidrs = {subnet.cidr for subnet in network.subnets}
        rows = Subnet.objects.filter(network__name=network.name)
        found += [f"subnet {row} of network {network.name}" for row in rows if row.cidr not in cidrs]
    found += [f"golden template {row}" for row in GoldenTemplate.objects.exclude(name__in=templates)]
    found += [f"cluster {row}" for row in Cluster.objects.exclude(name__in=clusters)]
    for cluster in declaration.clusters:
        found += [f"{one} of cluster {cluster.name}" for one in _of_cluster(cluster)]
    return found


def _of_cluster(cluster: declared.Cluster) -> list[str]:
    of = {"cluster__name": cluster.name}
    nodes = Node.objects.filter(**of).exclude(name__in=[node.name for node in cluster.nodes])
    tiers = StorageTier.objects.filter(**of).exclude(name__in=[tier.name for tier in cluster.tiers])
    attached = Attachment.objects.filter(**of).exclude(network__name__in=[one.network for one in cluster.attachments])
    copies = {(copy.template, copy.node) for copy in cluster.template_copies}
    return [
        *(f"node {row}" for row in nodes),
        *(f"storage tier {row}" for row in tiers),
        *(
            f"template copy of {row.template} on {row.node}"
            for row in TemplateCopy.objects.filter(**of).select_related("template", "node")
            if (row.template.name, row.node.name) not in copies
        ),
        *(f"attachment to network {row.network}" for row in attached.select_related("network")),
    ]
