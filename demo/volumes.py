"""Volumes of the fake's containers: which there are, and what happens when a storage has no room for more.

Decides: who has which volume, and how Proxmox words a full storage. Not: when a storage is full (worlds.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakepve import FakeCt
from fakepve.lxc import parse_mount

from demo.first_process import FirstProcess

# Tasks that need room, and how zfs says that there is none; {0} is the volume's name, {1} its container's.
NEED_ROOM = {
    "clone": "clone failed: zfs error: cannot create '{0}': out of space",
    "resize": "zfs error: cannot set property for '{0}': out of space",
    "snapshot": "zfs error: cannot create snapshot '{0}': out of space",
    "rollback": "zfs error: cannot rollback '{0}': out of space",
    "migrate": "storage migration for '{1}' to storage '{2}' failed - cannot receive '{0}': out of space",
}
ON_FILES = "unable to write volume '{1}' on storage '{2}': No space left on device"
ON_THIN_POOL = "lvcreate '{0}' error: Cannot create new thin volume, free space in thin pool {2} reached threshold."


class Volumes(FirstProcess):
    """fakepve with storages that can be full."""

    full: set[str]  # names of storages
    going_to: dict[int, str]  # VMID of a clone: the storage that it is made on

    def volumes(self) -> Iterator[dict[str, Any]]:
        """Of each container, of its snapshots too, `unusedN` included."""
        for ct in self.cts:
            for snapshot, config in [(None, ct.config), *ct.snapshots.items()]:
                for key, mount in ct.volumes(config):
                    volume, storage = mount["volume"], mount["volume"].partition(":")[0]
                    where = {"volume": volume, "storage": storage, "vmid": ct.vmid, "node": ct.node}
                    yield where | {"key": key, "snapshot": snapshot}

    async def _lxc_clone(self, user: str, v: dict[str, Any]) -> str:
        source = self.ct(int(v["vmid"]))
        if source is not None and "rootfs" in source.config:
            self.going_to[int(v["newid"])] = v.get("storage") or self._root_of(source).partition(":")[0]
        upid: str = await super()._lxc_clone(user, v)
        return upid

    @staticmethod
    def _root_of(ct: FakeCt) -> str:
        return str(parse_mount(ct.config["rootfs"])["volume"])

    def _no_room(self, name: str, ct: FakeCt | None) -> str | None:
        """What the task fails with, if it needs room on a storage that has none."""
        if ct is None or name not in NEED_ROOM:
            return None
        if name == "clone":
            storage = self.going_to.get(ct.vmid, "")
            volume = f"{storage}:{self._ct_volume_name(ct.vmid, storage, 0)}"
        else:
            volume = self._root_of(ct)
            storage = volume.partition(":")[0]
        if storage not in self.full:
            return None
        kind = self.storages[storage]["type"]
        words = {"zfspool": NEED_ROOM[name], "lvmthin": ON_THIN_POOL}.get(kind, ON_FILES)
        return words.format(volume.replace(":", "/"), volume, storage)
