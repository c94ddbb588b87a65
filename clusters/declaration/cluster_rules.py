"""What makes the clusters of a declaration contradict themselves, each other, or the networks they are attached to.

Decides: names, VMIDs, tiers, copies, attachments, addresses of nodes. Not: the address plan itself (network_rules.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Protocol

from clusters.declaration.network_rules import can_be_given_out, once
from clusters.declaration.problems import Problems
from clusters.declaration.shape import Cluster, Declaration, Network, Template, TemplateCopy, Tier
from clusters.models import StorageTier

SNAPSHOTTING = ("zfspool", "lvmthin", "rbd", "btrfs")  # what linked clones need
BACKUP_ROLES = (StorageTier.Role.BACKUP, StorageTier.Role.ARCHIVE)
TEMPLATE_CONTENT = {"vztmpl", "iso"}


class Named(Protocol):
    """Anything that is stated under a name."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...


def check_clusters(declaration: Declaration, problems: Problems) -> None:
    """Every contradiction of clusters and templates."""
    once([(t.key + ".name", t.name) for t in declaration.templates], "template", problems)
    once([(c.key + ".name", c.name) for c in declaration.clusters], "cluster", problems)
    endpoints = [
        (f"{cluster.key}.endpoints[{index}]", endpoint)
        for cluster in declaration.clusters
        for index, endpoint in enumerate(cluster.endpoints)
    ]
    once(endpoints, "endpoint", problems)
    for cluster in declaration.clusters:
        _check_access(cluster, problems)
        _check_vmids(cluster, problems)
        _check_nodes(cluster, problems)
        for tier in cluster.tiers:
            _check_tier(tier, cluster, problems)
        _check_copies(cluster, declaration, problems)
        _check_attachments(cluster, declaration, problems)
    _check_addresses(declaration, problems)


def _unknown(name: str, among: Sequence[Named], list_key: str, problems: Problems) -> bool:
    """Whether nothing of this name is stated. A list that could not be read whole may hold it: not judged."""
    readable = problems.sound(list_key) and all(item.name for item in among)
    return bool(name) and readable and name not in {item.name for item in among}


def _check_access(cluster: Cluster, problems: Problems) -> None:
    if cluster.ca_file and cluster.fingerprint:
        problems.add(f"{cluster.key}.fingerprint", "There is a ca_file as well. Keep one of the two.")


def _check_vmids(cluster: Cluster, problems: Problems) -> None:
    pods, templates = cluster.pod_vmids, cluster.template_vmids
    if not problems.sound(pods.key, templates.key):
        return
    ordered = True
    for vmids in (pods, templates):
        if vmids.first > vmids.last:
            ordered = False
            problems.add(f"{vmids.key}.first", f"{vmids.first} comes after the last VMID, {vmids.last}.")
    if ordered and pods.first <= templates.last and templates.first <= pods.last:
        problems.add(templates.key, f"{templates} overlaps {pods}, the VMIDs for pods.")


def _check_nodes(cluster: Cluster, problems: Problems) -> None:
    once([(n.key + ".name", n.name) for n in cluster.nodes], "node", problems)
    addresses = [(n.key + ".address", str(n.address)) for n in cluster.nodes if n.address and problems.sound(n.key)]
    once(addresses, "address", problems)
    once([(t.key + ".name", t.name) for t in cluster.tiers], "tier", problems)


def _check_tier(tier: Tier, cluster: Cluster, problems: Problems) -> None:
    if not problems.sound(tier.key):
        return
    once([(f"{tier.key}.nodes[{index}]", name) for index, name in enumerate(tier.nodes)], "node", problems)
    for index, name in enumerate(tier.nodes):
        if _unknown(name, cluster.nodes, f"{cluster.key}.nodes", problems):
            problems.add(f"{tier.key}.nodes[{index}]", f"The cluster has no node {name}.")
    if tier.clone_mode == StorageTier.CloneMode.LINKED and tier.type not in SNAPSHOTTING:
        problems.add(
            f"{tier.key}.clone_mode",
            f"Linked clones need {', '.join(SNAPSHOTTING)}; on {tier.type} the clone mode is full.",
        )
    if tier.role == StorageTier.Role.PRIMARY and "rootdir" not in tier.content:
        problems.add(f"{tier.key}.content", "A primary tier holds live pods, so its content needs rootdir.")
    if tier.role == StorageTier.Role.TEMPLATE and TEMPLATE_CONTENT.isdisjoint(tier.content):
        problems.add(f"{tier.key}.content", "A template tier holds templates and ISOs, so it needs vztmpl or iso.")
    if tier.keep_last is not None and (tier.role not in BACKUP_ROLES or "backup" not in tier.content):
        problems.add(
            f"{tier.key}.keep_last", "Only a tier of role backup or archive whose content has backup keeps backups."
        )


def _check_copies(cluster: Cluster, declaration: Declaration, problems: Problems) -> None:
    sound = [copy for copy in cluster.template_copies if problems.sound(copy.key)]
    once([(f"{copy.key}.vmid", str(copy.vmid)) for copy in sound], "VMID", problems)
    once([(f"{copy.key}.node", f"{copy.template} on {copy.node}") for copy in sound], "copy of", problems)
    for copy in sound:
        if _unknown(copy.template, declaration.templates, "templates", problems):
            problems.add(f"{copy.key}.template", f"There is no template {copy.template}.")
        if _unknown(copy.node, cluster.nodes, f"{cluster.key}.nodes", problems):
            problems.add(f"{copy.key}.node", f"The cluster has no node {copy.node}.")
        if problems.sound(cluster.template_vmids.key) and copy.vmid not in cluster.template_vmids:
            problems.add(f"{copy.key}.vmid", f"{copy.vmid} is not one of the VMIDs for templates.")
        _check_tier_of(copy, cluster, problems)


def _check_tier_of(copy: TemplateCopy, cluster: Cluster, problems: Problems) -> None:
    key = f"{copy.key}.tier"
    if _unknown(copy.tier, cluster.tiers, f"{cluster.key}.tiers", problems):
        problems.add(key, f"The cluster has no tier {copy.tier}.")
        return
    for tier in cluster.tiers:
        if tier.name != copy.tier or not problems.sound(tier.key):
            continue
        if tier.role != StorageTier.Role.PRIMARY:
            problems.add(key, f"Clones land on their template's tier, and {copy.tier} is not primary.")
        # A node that is not there at all is told at its own key.
        known = any(node.name == copy.node for node in cluster.nodes)
        if known and not tier.is_on(copy.node):
            problems.add(key, f"{copy.tier} is not on node {copy.node}.")


def _check_attachments(cluster: Cluster, declaration: Declaration, problems: Problems) -> None:
    attachments = [one for one in cluster.attachments if problems.sound(one.key)]
    once([(f"{one.key}.network", one.network) for one in attachments], "network", problems)
    # One wire is one address space: two networks on it would give the same address out twice.
    once([(f"{one.key}.bridge", one.wire) for one in attachments], "bridge", problems)
    for one in attachments:
        if _unknown(one.network, declaration.networks, "networks", problems):
            problems.add(f"{one.key}.network", f"There is no network {one.network}.")


def _check_addresses(declaration: Declaration, problems: Problems) -> None:
    """The addresses of nodes, and of templates while they are built, must never be given to a pod."""
    networks = {network.name: network for network in declaration.networks}
    attached: dict[str, Network] = {}
    for cluster in declaration.clusters:
        reached = {a.network: networks[a.network] for a in cluster.attachments if a.network in networks}
        attached |= reached
        for node in cluster.nodes:
            if node.address and problems.sound(node.key):
                _kept_out(f"{node.key}.address", node.address, f"node {node.name}", reached, problems)
    for template in declaration.templates:
        if template.build_address and problems.sound(template.key):
            _check_build_address(template, template.build_address, attached, problems)


def _check_build_address(
    template: Template, address: IPv4Address, attached: dict[str, Network], problems: Problems
) -> None:
    used_by = f"template {template.name} while it is built"
    _kept_out(f"{template.key}.build_address", address, used_by, attached, problems)


def _kept_out(key: str, address: IPv4Address, used_by: str, networks: dict[str, Network], problems: Problems) -> None:
    for network in networks.values():
        for subnet in network.subnets:
            if can_be_given_out(subnet, address, problems):
                problems.add(
                    key,
                    f"{address} could be given to a pod, but {used_by} has it. Add it to the exclusions of "
                    f"{subnet.cidr} in network {network.name}.",
                )
