"""Containers that move to another node, as Proxmox's own sources move them: stopped, their volumes copied.

Decides: which may move, and what the task's log says of one that may not. Not: how long it takes (tasks.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakepve import FakeCt, PveError, TaskError

from demo.snapshots import Snapshots
from demo.tasks import Parts

ABORTED = "migration aborted"
HOLDS_CLONES = ("zfspool",)  # a linked clone's volume cannot be sent without its base
SENDS_SNAPSHOTS = ("zfspool", "btrfs")
AT = "2026-01-01 00:00:00"


class Moves(Snapshots):
    """fakepve with moves that can be stopped half way."""

    async def _lxc_migrate(self, user: str, v: dict[str, Any]) -> str:
        ct, target = self._refused_at_once(v), v["target"]
        log = [f"{AT} starting migration of CT {ct.vmid} to node '{target}'"]

        def begin(ct: FakeCt) -> None:
            try:
                self._task_lock(ct)
                self._refuse_move(ct, target, log)
            except TaskError as error:
                raise TaskError(self._aborted(log, str(error))) from error
            ct.lock = "migrate"

        def finish(ct: FakeCt) -> None:
            ct.node, ct.lock = target, None
            log.append(f"{AT} migration finished successfully (duration 00:00:00)")

        def give_up(ct: FakeCt) -> None:
            ct.lock = None

        parts = Parts(begin, finish, give_up, lambda words: self._aborted(log, words))
        return await self.task(ct.node, "vzmigrate", ct.vmid, user, self._nothing, vm=ct, log=log, parts=parts)

    def _refused_at_once(self, v: dict[str, Any]) -> FakeCt:
        target = v["target"]
        if target == v["node"]:
            raise PveError(400, "Parameter verification failed.", {"target": "target is local node."})
        self.need_quorum()
        if target not in self.nodes:
            raise PveError(500, f"no such cluster node '{target}'")
        ct = self._find_ct(v["node"], v["vmid"])
        if ct.status == "running" and not v.get("online") and not v.get("restart"):
            raise PveError(500, "can't migrate running container without --online or --restart")
        if v.get("online") or v.get("restart"):
            raise PveError(501, "this stand-in moves stopped containers only")
        return ct

    def _refuse_move(self, ct: FakeCt, target: str, log: list[str]) -> None:
        if ct.status == "running":
            raise TaskError("running container can only be migrated in restart mode")
        for _, mount in ct.volumes():
            storage = mount["volume"].partition(":")[0]
            nodes = str(self.storages.get(storage, {}).get("nodes") or target)
            if target not in nodes.split(","):
                raise TaskError(f"storage '{storage}' is not available on node '{target}'")
        if not self.nodes[target].get("online", True):
            raise TaskError("Can't connect to destination address using public key")
        stays = list(self._held_here(ct))
        if stays:
            log += [f"{AT} can't migrate local volume '{volume}': {why}" for volume, why in stays]
            raise TaskError("can't migrate CT - check log")

    def _held_here(self, ct: FakeCt) -> Iterator[tuple[str, str]]:
        """Each volume that cannot be copied, and why."""
        in_snapshots = {mount["volume"] for config in ct.snapshots.values() for _, mount in ct.volumes(config)}
        for key, mount in ct.volumes():
            kind, volume = self._kind_of(mount), mount["volume"]
            if self.storages.get(volume.partition(":")[0], {}).get("shared"):
                continue
            base = self.ct(self.linked.get(ct.vmid, 0))
            if base is not None and key == "rootfs" and kind in HOLDS_CLONES:
                yield volume, f"clone of '{self._root_of(base).partition(':')[2]}'"
            elif volume in in_snapshots and kind not in SENDS_SNAPSHOTS:
                yield volume, "non-migratable snapshot exists"

    @staticmethod
    def _aborted(log: list[str], words: str) -> str:
        """Whatever it was, the task ends in this; the log says why."""
        log += [f"{AT} ERROR: {words}", f"{AT} aborting phase 1 - cleanup resources", f"{AT} start final cleanup"]
        log.append(f"{AT} ERROR: migration aborted (duration 00:00:00): {words}")
        return ABORTED
