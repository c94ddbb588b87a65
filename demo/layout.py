"""What the clusters look like that the fake can be: the owner's, a second one beside it, and one that is not ours.

Decides: the state the fake begins with. Not: how it behaves (pve.py).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = "9.1.4"
RELEASE = "9.1"

# The least that the control plane can work with, on `/`.
PRIVILEGES = (
    "VM.Allocate",
    "VM.Clone",
    "VM.Audit",
    "VM.PowerMgmt",
    "VM.Backup",
    "VM.Snapshot",
    "VM.Migrate",
    "VM.Config.CPU",
    "VM.Config.Memory",
    "VM.Config.Disk",
    "VM.Config.Network",
    "VM.Config.Options",
    "Datastore.AllocateSpace",
    "Datastore.AllocateTemplate",
    "Datastore.Audit",
    "Sys.Audit",
    "SDN.Use",
    "Pool.Allocate",
    "Pool.Audit",
)

GIB = 1024**3
UBUNTU = "vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
DEBIAN = "vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"


@dataclass(frozen=True)
class Layout:
    """One cluster. Its addresses are data in answers only: nothing here or in the tests ever connects to them.

    `template_copies` is node by VMID: a node clones only what it holds itself, so each has a copy of its own.
    """

    cluster: str
    nodes: Mapping[str, str]  # name: address
    bridges: tuple[str, ...]
    token_id: str
    appliance: str  # the volume that the template was made from
    appliances_on: str  # the storage that holds it
    pods_on: str  # the storage of templates and pods
    storage_cfg: Mapping[str, Mapping[str, Any]]
    template_copies: Mapping[int, str]
    template_hostname: str = "cloudpod-template"

    @property
    def user(self) -> str:
        return self.token_id.partition("!")[0]

    def storages(self) -> dict[str, dict[str, Any]]:
        """The storages; `files`, `active`, `volumes` and `total` are the fake's own keys."""
        configured: dict[str, dict[str, Any]] = copy.deepcopy({name: dict(of) for name, of in self.storage_cfg.items()})
        for storage in configured.values():
            storage.update(active=1, files=set())
        file = {"content": "vztmpl", "format": "tar.zst", "size": 142_000_000, "ctime": 1_760_000_000}
        configured[self.appliances_on]["volumes"] = {self.appliance: file}
        return configured

    def template_config(self, vmid: int) -> dict[str, Any]:
        """CT 9000 as the spec makes it, once it has been turned into a template; the others likewise."""
        base = "basevol" if self.storage_cfg[self.pods_on]["type"] == "zfspool" else "base"
        mac = f"BC:24:11:00:{vmid // 100:02}:{vmid % 100:02}"
        return {
            "hostname": self.template_hostname,
            "ostype": "ubuntu" if self.appliance == UBUNTU else "debian",
            "arch": "amd64",
            "cores": 2,
            "memory": 2048,
            "swap": 512,
            "rootfs": f"{self.pods_on}:{base}-{vmid}-disk-0,size=8G",
            "net0": f"name=eth0,bridge={self.bridges[0]},hwaddr={mac},ip=manual,type=veth",
            "unprivileged": 1,
            "features": "nesting=1",
            "tags": "golden",
        }


def _zfs(name: str, *, gib: int) -> dict[str, Any]:
    content = "rootdir,images"
    return {"type": "zfspool", "pool": name, "mountpoint": f"/{name}", "content": content, "total": gib * GIB}


def _folder(path: str, content: str, *, gib: int, **options: Any) -> dict[str, Any]:
    return {"type": "dir", "path": path, "content": content, **options, "total": gib * GIB}


_KEEP_LAST_7 = {"create-base-path": 1, "create-subdirs": 1, "prune-backups": "keep-last=7"}

# As the spec has it. The second node's address is chosen outside of the range that pods are given.
OWNERS = Layout(
    cluster="migracloud",
    nodes={"pve": "10.1.10.70", "pve-02": "10.1.10.20"},
    bridges=("vmbr0",),
    token_id="migracloud@pve!control",
    appliance=UBUNTU,
    appliances_on="local",
    pods_on="clients-main",
    storage_cfg={
        "local": _folder("/var/lib/vz", "vztmpl,iso", gib=100),
        "clients-backup": _zfs("clients-backup", gib=4000),
        "clients-main": _zfs("clients-main", gib=1800),
        "t7-backup": _folder("/mnt/t7-shield", "backup", gib=1800),
        "vzdump-backups": _folder("/clients-backup/vzdump", "backup", gib=4000, **_KEEP_LAST_7),
        "iso-store": _folder("/mnt/iso-store", "iso,vztmpl", gib=500, nodes="pve"),
    },
    template_copies={9000: "pve", 9001: "pve-02"},
)

# The owner's second cluster: the same VMIDs mean other containers there. Its pods are on vmbr1, as the spec foresees.
PVE_B = Layout(
    cluster="pve-b",
    nodes={"pve-b1": "10.2.0.11", "pve-b2": "10.2.0.12"},
    bridges=("vmbr1", "vmbr0"),
    token_id="migracloud@pve!control",
    appliance=UBUNTU,
    appliances_on="local",
    pods_on="clients-main",
    storage_cfg={
        "local": _folder("/var/lib/vz", "vztmpl,iso", gib=100),
        "clients-main": _zfs("clients-main", gib=900),
        "vzdump-backups": _folder("/srv/vzdump", "backup", gib=2000, **_KEEP_LAST_7),
    },
    template_copies={9000: "pve-b1", 9001: "pve-b2"},
)

# A newcomer's: nothing is called as it is with us, and one node alone has the template.
ELSEWHERE = Layout(
    cluster="elsewhere",
    nodes={"host-one": "192.168.40.11", "host-two": "192.168.40.12"},
    bridges=("vmbr7",),
    token_id="panel@pve!newcomer",
    appliance=DEBIAN,
    appliances_on="images",
    pods_on="tank",
    storage_cfg={
        "images": _folder("/srv/images", "vztmpl,iso", gib=200),
        "tank": {
            "type": "lvmthin",
            "vgname": "vg0",
            "thinpool": "tank",
            "content": "rootdir,images",
            "total": 900 * GIB,
        },
        "nas": _folder("/mnt/nas", "backup", gib=8000),
    },
    template_copies={5000: "host-one"},
    template_hostname="golden-debian",
)

# Four nodes that are alike, for what is measured and for what is moved between nodes.
FOUR = Layout(
    cluster="four",
    nodes={"n1": "10.4.0.11", "n2": "10.4.0.12", "n3": "10.4.0.13", "n4": "10.4.0.14"},
    bridges=("vmbr0",),
    token_id="migracloud@pve!control",
    appliance=UBUNTU,
    appliances_on="local",
    pods_on="clients-main",
    storage_cfg={
        "local": _folder("/var/lib/vz", "vztmpl,iso", gib=100),
        "clients-main": _zfs("clients-main", gib=1800),
    },
    template_copies={9000: "n1", 9001: "n2", 9002: "n3", 9003: "n4"},
)

LAYOUTS = {layout.cluster: layout for layout in (OWNERS, PVE_B, ELSEWHERE, FOUR)}
