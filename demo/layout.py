"""What the owner's cluster looks like: nodes, storages, template copies, the token and its privileges.

Decides: the state the fake begins with. Not: how it behaves (pve.py).
"""

from __future__ import annotations

from typing import Any

CLUSTER = "migracloud"
VERSION = "9.1.4"
RELEASE = "9.1"

# Data in answers only: nothing here or in the tests ever connects to these addresses. The second node's is
# chosen outside of the range that pods are given.
NODES = {"pve": "10.1.10.70", "pve-02": "10.1.10.20"}
BRIDGE = "vmbr0"

USER = "migracloud@pve"
TOKEN_ID = "migracloud@pve!control"
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

APPLIANCE = "vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
# Each node clones only what it holds itself, so each has its copy under its own VMID.
TEMPLATES = {9000: "pve", 9001: "pve-02"}
TEMPLATE_MACS = {9000: "BC:24:11:00:90:00", 9001: "BC:24:11:00:90:01"}

GIB = 1024**3


def storages() -> dict[str, dict[str, Any]]:
    """The six storages; `files`, `active`, `volumes` and `total` are the fake's own keys."""
    appliance = {"content": "vztmpl", "format": "tar.zst", "size": 142_000_000, "ctime": 1_760_000_000}
    configured: dict[str, dict[str, Any]] = {
        "local": {
            "type": "dir",
            "path": "/var/lib/vz",
            "content": "vztmpl,iso",
            "volumes": {APPLIANCE: appliance},
            "total": 100 * GIB,
        },
        "clients-backup": {
            "type": "zfspool",
            "pool": "clients-backup",
            "mountpoint": "/clients-backup",
            "content": "rootdir,images",
            "total": 4000 * GIB,
        },
        "clients-main": {
            "type": "zfspool",
            "pool": "clients-main",
            "mountpoint": "/clients-main",
            "content": "rootdir,images",
            "total": 1800 * GIB,
        },
        "t7-backup": {"type": "dir", "path": "/mnt/t7-shield", "content": "backup", "total": 1800 * GIB},
        "vzdump-backups": {
            "type": "dir",
            "path": "/clients-backup/vzdump",
            "content": "backup",
            "create-base-path": 1,
            "create-subdirs": 1,
            "prune-backups": "keep-last=7",
            "total": 4000 * GIB,
        },
        "iso-store": {
            "type": "dir",
            "path": "/mnt/iso-store",
            "content": "iso,vztmpl",
            "nodes": "pve",
            "total": 500 * GIB,
        },
    }
    for storage in configured.values():
        storage.update(active=1, files=set())
    return configured


def template_config(vmid: int) -> dict[str, Any]:
    """CT 9000 as the spec makes it, once it has been turned into a template."""
    return {
        "hostname": "cloudpod-template",
        "ostype": "ubuntu",
        "arch": "amd64",
        "cores": 2,
        "memory": 2048,
        "swap": 512,
        "rootfs": f"clients-main:basevol-{vmid}-disk-0,size=8G",
        "net0": f"name=eth0,bridge={BRIDGE},hwaddr={TEMPLATE_MACS[vmid]},ip=manual,type=veth",
        "unprivileged": 1,
        "features": "nesting=1",
        "tags": "golden",
    }
