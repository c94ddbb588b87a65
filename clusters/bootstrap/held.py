"""contradictions(): what a declaration would break that the database holds: live pods, live leases, other rows.

Decides: which changes are refused, each by its key. Not: contradictions within the file (declaration/).

Pods are a floor above: they are seen here only through the reverse side of their foreign keys (`pods`).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from clusters.declaration import Declaration, Problem
from clusters.declaration import shape as declared
from clusters.models import Attachment, Cluster, Node, StorageTier, TemplateCopy
from ipam.models import IPLease, Subnet

LIVE = {"gone_at": None}


def contradictions(declaration: Declaration) -> list[Problem]:
    """All of them. Clusters are locked first, so that no pod is admitted meanwhile."""
    names = [cluster.name for cluster in declaration.clusters]
    held = {
        row.name: row for row in Cluster.objects.select_for_update(no_key=True).filter(name__in=names).order_by("pk")
    }
    problems = [problem for network in declaration.networks for problem in _of_network(network, declaration)]
    for cluster in declaration.clusters:
        problems += _of_endpoints(cluster)
        row = held.get(cluster.name)
        problems += _of_token(cluster, row)
        if row is not None:
            problems += _of_vmids(cluster, row)
            problems += _of_copies(cluster, row)
            problems += _of_tiers(cluster, row)
            problems += _of_attachments(cluster, row)
    return problems


def _of_network(network: declared.Network, declaration: Declaration) -> Iterator[Problem]:
    stated = {subnet.cidr for subnet in network.subnets}
    held = [row for row in Subnet.objects.filter(network__name=network.name) if row.cidr not in stated]
    for subnet in network.subnets:
        for row in held:
            if row.cidr.overlaps(subnet.cidr):
                yield Problem(
                    f"{subnet.key}.cidr",
                    f"{subnet.cidr} overlaps {row.cidr}, which network {network.name} has already. "
                    "A subnet is not resized here; state it as it is.",
                )
        if subnet.gateway:
            for lease in IPLease.objects.filter(
                network__name=network.name, address=str(subnet.gateway), released_at=None
            ):
                yield Problem(f"{subnet.key}.gateway", f"{subnet.gateway} is leased ({lease.purpose}).")
    yield from _of_other_nodes(network, declaration)


def _of_other_nodes(network: declared.Network, declaration: Declaration) -> Iterator[Problem]:
    """Nodes that the file does not mention keep their addresses out of allocation all the same."""
    stated = {(cluster.name, node.name) for cluster in declaration.clusters for node in cluster.nodes}
    rows = Node.objects.filter(cluster__attachments__network__name=network.name).exclude(address=None)
    for row in rows.select_related("cluster"):
        for subnet in network.subnets:
            for span in subnet.ranges:
                address = IPv4Address(str(row.address))
                if (row.cluster.name, row.name) in stated or address not in span or not subnet.may_give_out(address):
                    continue
                yield Problem(
                    span.first_key,
                    f"{span} would give out {address}, which node {row} of cluster {row.cluster} has. Exclude it.",
                )


def _of_endpoints(cluster: declared.Cluster) -> Iterator[Problem]:
    for index, endpoint in enumerate(cluster.endpoints):
        for row in Cluster.objects.filter(endpoints__contains=[endpoint]).exclude(name=cluster.name):
            yield Problem(
                f"{cluster.key}.endpoints[{index}]",
                f"{endpoint} is an endpoint of cluster {row} already. A cluster is not renamed here.",
            )


def _of_token(cluster: declared.Cluster, row: Cluster | None) -> Iterator[Problem]:
    token = cluster.token
    if token.store and not token.secret and not (row and row.token_sealed):
        yield Problem(
            f"{token.key}.secret_env",
            f"No secret is stored yet, and the environment variable {token.secret_env} is not set. Set it once.",
        )


def _of_vmids(cluster: declared.Cluster, row: Cluster) -> Iterator[Problem]:
    stated = {(copy.template, copy.node) for copy in cluster.template_copies}
    others = [
        copy.vmid
        for copy in row.template_copies.select_related("template", "node")
        if (copy.template.name, copy.node.name) not in stated
    ]
    pods = list(row.pods.filter(**LIVE).values_list("vmid", flat=True))
    for vmids, held, what in (
        (cluster.pod_vmids, pods, "live pods have"),
        (cluster.template_vmids, others, "template copies that the file does not mention have"),
    ):
        below, above = [v for v in held if v < vmids.first], [v for v in held if v > vmids.last]
        for end, outside in (("first", below), ("last", above)):
            if outside:
                listed = ", ".join(map(str, sorted(outside)[:10]))
                yield Problem(f"{vmids.key}.{end}", f"{vmids} leaves out VMIDs that {what}: {listed}.")


def _of_copies(cluster: declared.Cluster, row: Cluster) -> Iterator[Problem]:
    rows = row.template_copies.select_related("template", "node", "tier")
    held: dict[tuple[str, str], TemplateCopy] = {(copy.template.name, copy.node.name): copy for copy in rows}
    by_vmid = {copy.vmid: copy for copy in held.values()}
    for copy in cluster.template_copies:
        before, holder = held.get((copy.template, copy.node)), by_vmid.get(copy.vmid)
        if holder is not None and holder is not before:
            yield Problem(
                f"{copy.key}.vmid",
                f"{copy.vmid} is the VMID of the copy of {holder.template} on {holder.node} now. "
                "Give that one another VMID first, in a run of its own.",
            )
        if before is None or not before.pods.filter(**LIVE).exists():
            continue
        for name, old, new in (("vmid", before.vmid, copy.vmid), ("tier", before.tier.name, copy.tier)):
            if old != new:
                yield Problem(
                    f"{copy.key}.{name}", f"This cannot change from {old} to {new} while pods that came from it live."
                )


def _of_tiers(cluster: declared.Cluster, row: Cluster) -> Iterator[Problem]:
    held = {tier.name: tier for tier in row.tiers.all()}
    for tier in cluster.tiers:
        before = held.get(tier.name)
        used_on = _nodes_in_use(before, cluster) if before else set()
        if used_on and tier.role != StorageTier.Role.PRIMARY:
            yield Problem(
                f"{tier.key}.role", f"{tier.name} has to stay primary while it holds live pods or template copies."
            )
        left_out = sorted(name for name in used_on if not tier.is_on(name))
        if left_out:
            yield Problem(
                f"{tier.key}.nodes",
                f"{tier.name} holds live pods or template copies on {', '.join(left_out)}; keep these nodes.",
            )


def _nodes_in_use(tier: StorageTier, cluster: declared.Cluster) -> set[str]:
    """Where the tier holds live pods, or template copies that the file does not state anew."""
    stated = {(copy.template, copy.node) for copy in cluster.template_copies}
    copies = tier.template_copies.values_list("template__name", "node__name")
    return {node for template, node in copies if (template, node) not in stated} | set(
        tier.pods.filter(**LIVE).values_list("node__name", flat=True)
    )


def _of_attachments(cluster: declared.Cluster, row: Cluster) -> Iterator[Problem]:
    """One wire is one address space, also with a network that the file does not mention."""
    stated = {one.network for one in cluster.attachments}
    others = Attachment.objects.filter(cluster=row).exclude(network__name__in=stated).select_related("network")
    held = {(other.bridge, other.vlan): other.network.name for other in others}
    for one in cluster.attachments:
        if (one.bridge, one.vlan) in held:
            yield Problem(
                f"{one.key}.bridge",
                f"By {one.wire} the cluster is attached to network {held[one.bridge, one.vlan]} already. "
                "A network is not renamed here.",
            )
