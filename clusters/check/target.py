"""Target: the cluster that is checked, as it was declared, and how it is reached; from its rows or from a declaration.

Decides: that both have one shape, so a cluster is checked before its first row. Not: what is asked (asking.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from uuid import UUID, uuid5

from clusters.dataplane.access import Access
from clusters.declaration import shape
from clusters.models import Cluster
from clusters.planes import access_of

PATIENCE = 5.0  # seconds for a connection, and for each answer


@dataclass(frozen=True)
class Target:
    declared: shape.Cluster
    access: Access


def target_of(cluster: Cluster) -> Target:
    """The cluster as its rows have it. Raises NotConfigured when they are not enough to reach it."""
    return Target(declared_of(cluster), patient(access_of(cluster)))


def patient(access: Access) -> Access:
    """With short time-outs, and with connections of its own: those of the operations are left alone."""
    return replace(
        access, cluster_id=own_id(access.cluster_id, "check"), connect_timeout=PATIENCE, read_timeout=PATIENCE
    )


def own_id(cluster_id: UUID, purpose: str) -> UUID:
    """Transport keeps connections by cluster id and endpoint: another purpose, another connection."""
    return uuid5(cluster_id, purpose)


def declared_of(cluster: Cluster) -> shape.Cluster:
    """The rows as the declaration would state them."""
    return shape.Cluster(
        key="",
        name=cluster.name,
        endpoints=tuple(cluster.endpoints),
        ca_file=cluster.ca_file,
        fingerprint=cluster.fingerprint,
        token=shape.Token("", cluster.token_id, cluster.token_env, bool(cluster.token_sealed)),
        pod_vmids=shape.Vmids("", cluster.pod_vmid_first, cluster.pod_vmid_last),
        template_vmids=shape.Vmids("", cluster.template_vmid_first, cluster.template_vmid_last),
        key_delivery=cluster.key_delivery,
        nodes=tuple(
            shape.Node("", node.name, IPv4Address(node.address) if node.address else None, node.memory_mib)
            for node in cluster.nodes.all()
        ),
        tiers=tuple(
            shape.Tier(
                "",
                tier.name,
                tier.role,
                tier.storage_type,
                tuple(tier.content),
                tier.clone_mode,
                tier.shared,
                tuple(node.name for node in tier.nodes.all()),
                tier.keep_last,
            )
            for tier in cluster.tiers.prefetch_related("nodes")
        ),
        template_copies=tuple(
            shape.TemplateCopy("", copy.template.name, copy.node.name, copy.tier.name, copy.vmid)
            for copy in cluster.template_copies.select_related("template", "node", "tier")
        ),
        attachments=tuple(
            shape.Attachment("", one.network.name, one.bridge, one.vlan)
            for one in cluster.attachments.select_related("network")
        ),
    )
