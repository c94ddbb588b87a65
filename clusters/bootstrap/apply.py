"""bootstrap(): makes the rows what a declaration says, in one transaction, and reports what it changed.

Decides: which row stands for which part of the file, and the order. Not: what is refused (declaration/, held.py).
"""

from __future__ import annotations

import os
import secrets

from django.db import transaction

from audit.services import Actor
from clusters.bootstrap.addresses import apply_spans
from clusters.bootstrap.held import contradictions
from clusters.bootstrap.ledger import Ledger, find
from clusters.bootstrap.report import Report
from clusters.bootstrap.unmentioned import not_in_file
from clusters.declaration import Declaration, DeclarationRefused
from clusters.declaration import shape as declared
from clusters.models import Attachment, Cluster, GoldenTemplate, MarkKey, Node, StorageTier, TemplateCopy
from clusters.secrets import CannotOpen, seal, unseal
from core.errors import refusing_violations
from core.locks import AdvisoryLock, lock_for_transaction
from ipam.models import Network, Subnet

COMMAND = Actor("system", "manage.py bootstrap")
MARK_KEY_BYTES = 32


def bootstrap(declaration: Declaration, *, by: Actor = COMMAND, dry_run: bool = False) -> Report:
    """Create what is missing, update what differs, leave the rest. With `dry_run` all of it is rolled back.

    Refused: DeclarationRefused, listing what contradicts what the database holds; then nothing changed.
    """
    report = Report(dry_run=dry_run)
    with transaction.atomic(), refusing_violations():
        lock_for_transaction(AdvisoryLock.BOOTSTRAP)
        if problems := contradictions(declaration):
            raise DeclarationRefused(problems)
        _apply(declaration, Ledger(by, report))
        report.not_in_file = not_in_file(declaration)
        transaction.set_rollback(dry_run)
    return report


def _apply(declaration: Declaration, ledger: Ledger) -> None:
    networks = {network.name: _network(network, ledger) for network in declaration.networks}
    templates = {template.name: _template(template, ledger) for template in declaration.templates}
    for cluster in declaration.clusters:
        _cluster(cluster, networks, templates, ledger)


def _network(network: declared.Network, ledger: Ledger) -> Network:
    row = ledger.put(
        Network, network.name, identity={"name": network.name}, values={"description": network.description}
    )
    for subnet in network.subnets:
        subnet_row = ledger.put(
            Subnet,
            f"{subnet.cidr} of network {network.name}",
            identity={"network": row, "cidr": subnet.cidr},
            values={"gateway": str(subnet.gateway) if subnet.gateway else None},
        )
        apply_spans(subnet, subnet_row, ledger)
    return row


def _template(template: declared.Template, ledger: Ledger) -> GoldenTemplate:
    return ledger.put(
        GoldenTemplate,
        template.name,
        identity={"name": template.name},
        values={
            "appliance": template.appliance,
            "cores": template.cores,
            "memory_mib": template.memory_mib,
            "swap_mib": template.swap_mib,
            "disk_gib": template.disk_gib,
        },
    )


def _cluster(
    cluster: declared.Cluster, networks: dict[str, Network], templates: dict[str, GoldenTemplate], ledger: Ledger
) -> None:
    row = ledger.put(
        Cluster,
        cluster.name,
        identity={"name": cluster.name},
        values={
            "endpoints": list(cluster.endpoints),
            "ca_file": cluster.ca_file,
            "fingerprint": cluster.fingerprint,
            "token_id": cluster.token.id,
            "pod_vmid_first": cluster.pod_vmids.first,
            "pod_vmid_last": cluster.pod_vmids.last,
            "template_vmid_first": cluster.template_vmids.first,
            "template_vmid_last": cluster.template_vmids.last,
            "key_delivery": cluster.key_delivery,
            **_token_values(cluster, ledger),
        },
    )
    _first_mark_key(row, ledger)
    of = f"of cluster {cluster.name}"
    nodes = {node.name: _node(node, row, of, ledger) for node in cluster.nodes}
    tiers = {tier.name: _tier(tier, row, of, nodes, ledger) for tier in cluster.tiers}
    for copy in cluster.template_copies:
        ledger.put(
            TemplateCopy,
            f"of {copy.template} on {copy.node} {of}",
            identity={"cluster": row, "template": templates[copy.template], "node": nodes[copy.node]},
            values={"tier": tiers[copy.tier], "vmid": copy.vmid},
        )
    for attachment in cluster.attachments:
        ledger.put(
            Attachment,
            f"to network {attachment.network} {of}",
            identity={"cluster": row, "network": networks[attachment.network]},
            values={"bridge": attachment.bridge, "vlan": attachment.vlan},
        )


def _token_values(cluster: declared.Cluster, ledger: Ledger) -> dict[str, str]:
    """Where the token's secret is from now on: named in the environment, or sealed in the row."""
    token = cluster.token
    if not token.store:
        if not os.environ.get(token.secret_env):
            ledger.report.warnings.append(
                f"{token.key}.secret_env: {token.secret_env} is not set here. Site, workers and controller need it."
            )
        return {"token_env": token.secret_env, "token_sealed": ""}
    row = find(Cluster, {"name": cluster.name})
    sealed = row.token_sealed if row else ""
    # Sealing twice never gives the same text, so what is stored stays while it says the same.
    if token.secret and not _says(sealed, token.secret):
        sealed = seal(token.secret.encode())
    return {"token_env": "", "token_sealed": sealed}


def _says(sealed: str, secret: str) -> bool:
    try:
        return bool(sealed) and unseal(sealed) == secret.encode()
    except CannotOpen:
        return False


def _first_mark_key(cluster: Cluster, ledger: Ledger) -> None:
    """A cluster without a key could mark no container. Later keys come by rotation, not from here."""
    if not cluster.mark_keys.exists():
        sealed = seal(secrets.token_bytes(MARK_KEY_BYTES))
        name = f"k1 of cluster {cluster.name}"
        ledger.put(MarkKey, name, identity={"cluster": cluster, "key_id": "k1"}, values={"sealed": sealed})


def _node(node: declared.Node, cluster: Cluster, of: str, ledger: Ledger) -> Node:
    return ledger.put(
        Node,
        f"{node.name} {of}",
        identity={"cluster": cluster, "name": node.name},
        values={"address": str(node.address) if node.address else None, "memory_mib": node.memory_mib},
    )


def _tier(tier: declared.Tier, cluster: Cluster, of: str, nodes: dict[str, Node], ledger: Ledger) -> StorageTier:
    return ledger.put(
        StorageTier,
        f"{tier.name} {of}",
        identity={"cluster": cluster, "name": tier.name},
        values={
            "role": tier.role,
            "storage_type": tier.type,
            "content": list(tier.content),
            "clone_mode": tier.clone_mode,
            "shared": tier.shared,
            "keep_last": tier.keep_last,
        },
        links={"nodes": [nodes[name] for name in tier.nodes]},
    )
