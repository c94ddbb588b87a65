"""Rows that tests begin with: the spec's cluster and, where a test wants it, another one; reached at the fakes.

Decides: names and sizes, as the spec has them. Not: who acts (cast.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from clusters.models import Attachment, Cluster, GoldenTemplate, MarkKey, Node, StorageTier, TemplateCopy
from clusters.secrets import seal
from demo.handle import FakeHandle
from ipam.models import AddressRange, Network, Subnet


@dataclass
class World:
    """The rows that a pod needs around it."""

    cluster: Cluster
    nodes: dict[str, Node]
    tiers: dict[str, StorageTier]
    copies: dict[str, TemplateCopy]
    template: GoldenTemplate
    network: Network
    subnet: Subnet


def make_world(plane: FakeHandle, *, name: str = "pve-a") -> World:
    cluster = make_cluster(plane, name=name)
    nodes = {node: Node.objects.create(cluster=cluster, name=node) for node in ("pve", "pve-02")}
    nodes["pve"].address = "10.1.10.70"
    nodes["pve"].save()
    tiers = make_tiers(cluster)
    template = GoldenTemplate.objects.create(
        name="cloudpod",
        appliance="local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
        cores=2,
        memory_mib=2048,
        swap_mib=512,
        disk_gib=8,
    )
    copies = {
        node: TemplateCopy.objects.create(
            template=template, cluster=cluster, node=nodes[node], tier=tiers["clients-main"], vmid=vmid
        )
        for node, vmid in (("pve", 9000), ("pve-02", 9001))
    }
    network, subnet = make_network()
    Attachment.objects.create(cluster=cluster, network=network, bridge="vmbr0")
    return World(cluster, nodes, tiers, copies, template, network, subnet)


def make_other_world(
    plane: FakeHandle, *, beside: World, name: str = "pve-b", cidr: str = "10.2.0.0/24", first: str, last: str
) -> World:
    """One more cluster, as its fake is laid out, with a network of its own and the same template as the first."""
    layout = plane.layout
    cluster = make_cluster(plane, name=name)
    nodes = {node: Node.objects.create(cluster=cluster, name=node) for node in layout.nodes}
    tier = StorageTier.objects.create(
        cluster=cluster,
        name=layout.pods_on,
        role=StorageTier.Role.PRIMARY,
        storage_type=layout.storage_cfg[layout.pods_on]["type"],
        content=["rootdir", "images"],
        clone_mode="linked",
    )
    copies = {
        node: TemplateCopy.objects.create(
            template=beside.template, cluster=cluster, node=nodes[node], tier=tier, vmid=vmid
        )
        for vmid, node in layout.template_copies.items()
    }
    network, subnet = make_network(f"lan of {name}", cidr, first, last)
    Attachment.objects.create(cluster=cluster, network=network, bridge=layout.bridges[0])
    return World(cluster, nodes, {tier.name: tier}, copies, beside.template, network, subnet)


def make_cluster(plane: FakeHandle, *, name: str = "pve-a", endpoints: list[str] | None = None) -> Cluster:
    cluster = Cluster.objects.create(
        name=name,
        endpoints=endpoints or [plane.url],
        ca_file=plane.ready.ca_file,
        token_id=plane.ready.token_id,
        token_sealed=seal(plane.ready.token_secret.encode()),
        pod_vmid_first=9100,
        pod_vmid_last=9999,
    )
    MarkKey.objects.create(cluster=cluster, key_id="k1", sealed=seal(b"0123456789abcdef0123456789abcdef"))
    return cluster


def make_tiers(cluster: Cluster) -> dict[str, StorageTier]:
    role = StorageTier.Role
    rows = (
        ("clients-main", role.PRIMARY, "zfspool", ["rootdir", "images"]),
        ("clients-backup", role.BACKUP, "zfspool", ["rootdir", "images"]),
        ("vzdump-backups", role.BACKUP, "dir", ["backup"]),
        ("t7-backup", role.ARCHIVE, "dir", ["backup"]),
        ("local", role.TEMPLATE, "dir", ["vztmpl", "iso"]),
        ("iso-store", role.TEMPLATE, "dir", ["iso", "vztmpl"]),
    )
    return {
        name: StorageTier.objects.create(
            cluster=cluster,
            name=name,
            role=of,
            storage_type=kind,
            content=content,
            clone_mode="linked" if of == role.PRIMARY else "full",
        )
        for name, of, kind, content in rows
    }


def make_network(
    name: str = "lan", cidr: str = "10.1.10.0/24", first: str = "10.1.10.50", last: str = "10.1.10.250"
) -> tuple[Network, Subnet]:
    network = Network.objects.create(name=name)
    gateway = cidr.replace(".0/24", ".1")
    subnet = Subnet.objects.create(network=network, cidr=cidr, gateway=gateway)
    AddressRange.objects.create(subnet=subnet, kind="allocatable", first=first, last=last)
    for address, reason in (("10.1.10.70", "Proxmox node pve"), ("10.1.10.90", "the template while it is built")):
        if cidr == "10.1.10.0/24":
            AddressRange.objects.create(subnet=subnet, kind="excluded", first=address, last=address, reason=reason)
    return network, subnet
