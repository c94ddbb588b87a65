"""The least privileges of our token: what each is needed for, and where.

Decides: the list. The demo's fake and the README name the same ones. Not: what a token has (dataplane/grants.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clusters.declaration import shape
from clusters.models import StorageTier


class Where(StrEnum):
    """The paths at which a privilege is asked for; those of nodes, storages and bridges are the cluster's own."""

    CLUSTER = "/"
    NODES = "/nodes"
    GUESTS = "/vms"
    POOLS = "/pool"
    LIVE_TIERS = "/storage of pods and backups"
    TEMPLATE_TIERS = "/storage of templates"
    TIERS = "/storage"
    BRIDGES = "/sdn/zones/localnetwork"


@dataclass(frozen=True)
class Privilege:
    name: str
    where: tuple[Where, ...]
    reason: str  # completes "needed to ..."


def _of_guests(name: str, reason: str) -> Privilege:
    return Privilege(name, (Where.GUESTS,), reason)


NEEDED = (
    _of_guests("VM.Allocate", "make containers by clone, and destroy them"),
    _of_guests("VM.Clone", "clone the template copies"),
    _of_guests("VM.Audit", "read containers, their state and their mark"),
    _of_guests("VM.PowerMgmt", "start, stop and reboot"),
    _of_guests("VM.Backup", "back up and restore"),
    _of_guests("VM.Snapshot", "take, go back to and remove snapshots"),
    _of_guests("VM.Migrate", "move containers to another node"),
    _of_guests("VM.Config.CPU", "set cores"),
    _of_guests("VM.Config.Memory", "set memory and swap"),
    _of_guests("VM.Config.Disk", "grow disks"),
    _of_guests("VM.Config.Network", "set the network card and the guest's firewall"),
    _of_guests("VM.Config.Options", "set tags, start at boot, the mark and SSH keys"),
    Privilege("Datastore.AllocateSpace", (Where.LIVE_TIERS,), "make disks and backups"),
    Privilege("Datastore.AllocateTemplate", (Where.TEMPLATE_TIERS,), "fetch what templates are made from"),
    Privilege("Datastore.Audit", (Where.TIERS,), "see storages, their contents and what is left of them"),
    Privilege(
        "Sys.Audit", (Where.CLUSTER, Where.NODES), "see quorum, nodes, tasks of others and the datacentre's firewall"
    ),
    Privilege("SDN.Use", (Where.BRIDGES,), "connect network cards to the bridges"),
    Privilege("Pool.Allocate", (Where.POOLS,), "keep pools of tenants"),
    Privilege("Pool.Audit", (Where.POOLS,), "see pools"),
)
NAMES = tuple(privilege.name for privilege in NEEDED)


def paths_of(privilege: Privilege, cluster: shape.Cluster) -> tuple[str, ...]:
    """The paths of this cluster at which the privilege has to be held."""
    return tuple(dict.fromkeys(path for where in privilege.where for path in _paths(where, cluster)))


def _paths(where: Where, cluster: shape.Cluster) -> list[str]:
    """Where the cluster declares nothing of a kind, the top of all of that kind stands for it."""
    match where:
        case Where.NODES:
            return [f"/nodes/{node.name}" for node in cluster.nodes] or ["/nodes"]
        case Where.BRIDGES:
            return [_bridge(attachment) for attachment in cluster.attachments] or [where.value]
        case Where.TIERS:
            return [f"/storage/{tier.name}" for tier in cluster.tiers] or ["/storage"]
        case Where.LIVE_TIERS | Where.TEMPLATE_TIERS:
            templates = where is Where.TEMPLATE_TIERS
            tiers = [tier for tier in cluster.tiers if (tier.role == StorageTier.Role.TEMPLATE) == templates]
            return [f"/storage/{tier.name}" for tier in tiers] or ["/storage"]
    return [where.value]


def _bridge(attachment: shape.Attachment) -> str:
    path = f"{Where.BRIDGES.value}/{attachment.bridge}"
    return path if attachment.vlan is None else f"{path}/{attachment.vlan}"
