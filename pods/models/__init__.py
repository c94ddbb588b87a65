"""Tenants' containers (pod.py), their network cards (interface.py), VMIDs (vmid.py) and snapshots (snapshot.py)."""

from pods.models.interface import Interface, InterfaceAddress
from pods.models.pod import HOSTNAME, CloudPod, HostnameTaken, VmidInUse
from pods.models.snapshot import SNAPSHOT_NAME, Snapshot, SnapshotTaken
from pods.models.vmid import VmidHold

__all__ = [
    "HOSTNAME",
    "SNAPSHOT_NAME",
    "CloudPod",
    "HostnameTaken",
    "Interface",
    "InterfaceAddress",
    "Snapshot",
    "SnapshotTaken",
    "VmidHold",
    "VmidInUse",
]
