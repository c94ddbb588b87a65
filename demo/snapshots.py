"""Snapshots as Proxmox's own sources make them: each in a task, its lock written there, and left when it is killed.

Decides: what is checked when, what is left of a failure. Not: how long it takes or when it fails (tasks.py).
"""

from __future__ import annotations

import time
from typing import Any

from fakepve import FakeCt, PveError, TaskError
from fakepve.lxc import SNAPSHOT_STORAGE

from demo.tasks import Parts
from demo.volumes import Volumes

RESERVED = ("current", "vzdump")
ONLY_NEWEST = ("zfspool",)  # storages that go back to the newest snapshot alone

OF_THE_SNAPSHOT = ("snapstate", "snaptime", "description")  # the rest is its container's configuration of then


class Snapshots(Volumes):
    """fakepve with snapshots that can be stopped half way."""

    async def _lxc_snapshot(self, user: str, v: dict[str, Any]) -> str:
        name, text = v["snapname"], v.get("description")
        if name in RESERVED:
            raise PveError(500, f"unable to use snapshot name '{name}' (reserved name)")

        def begin(ct: FakeCt) -> None:
            self._refuse_template(ct, "you can't take a snapshot if it's a template")
            self._task_lock(ct)
            if name in ct.snapshots:
                raise TaskError(f"snapshot name '{name}' already used")
            if not all(self._kind_of(mount) in SNAPSHOT_STORAGE for _, mount in ct.volumes()):
                raise TaskError("snapshot feature is not available")
            kept = {key: value for key, value in ct.config.items() if key not in ("lock", "description")}
            taken = {key: value for key, value in kept.items() if not key.startswith("unused")}
            ct.snapshots[name] = taken | {"snapstate": "prepare", "snaptime": int(time.time())}
            if text:
                ct.snapshots[name]["description"] = text
            ct.lock = "snapshot"

        def finish(ct: FakeCt) -> None:
            ct.snapshots[name].pop("snapstate")
            ct.config["parent"] = name
            ct.lock = None

        def give_up(ct: FakeCt) -> None:
            del ct.snapshots[name]
            ct.lock = None

        return await self._in_parts("vzsnapshot", user, v, Parts(begin, finish, give_up))

    async def _lxc_snapshot_delete(self, user: str, v: dict[str, Any]) -> str:
        name = v["snapname"]

        def begin(ct: FakeCt) -> None:
            self._snapshot(ct, name)
            self._task_lock(ct)
            self._refuse_template(ct, "you can't delete a snapshot if vm is a template")
            ct.lock = "snapshot-delete"
            ct.snapshots[name]["snapstate"] = "delete"

        def finish(ct: FakeCt) -> None:
            parent = ct.snapshots.pop(name).get("parent")
            for config in (ct.config, *ct.snapshots.values()):
                if config.get("parent") == name:
                    config.pop("parent")
                    config |= {"parent": parent} if parent else {}
            ct.lock = None

        return await self._in_parts("vzdelsnapshot", user, v, Parts(begin, finish))

    async def _lxc_rollback(self, user: str, v: dict[str, Any]) -> str:
        name = v["snapname"]

        def begin(ct: FakeCt) -> None:
            self._refuse_template(ct, "you can't rollback if vm is a template")
            snapshot = self._snapshot(ct, name)
            for _, mount in ct.volumes(snapshot):
                if self._kind_of(mount) in ONLY_NEWEST and name != list(ct.snapshots)[-1]:
                    raise TaskError(f"can't rollback, '{name}' is not most recent snapshot on '{mount['volume']}'")
            if snapshot.get("snapstate"):
                raise TaskError(f"unable to rollback to incomplete snapshot (snapstate = {snapshot['snapstate']})")
            self._task_lock(ct)
            ct.status, ct.pid = "stopped", None
            ct.lock = "rollback"

        def finish(ct: FakeCt) -> None:
            snapshot = ct.snapshots[name]
            kept = {key: value for key, value in ct.config.items() if key == "description" or key.startswith("unused")}
            of_then = {key: value for key, value in snapshot.items() if key not in OF_THE_SNAPSHOT}
            was = {mount["volume"] for _, mount in ct.volumes(snapshot)}
            config = of_then | kept | {"parent": name}
            for _, mount in ct.volumes():
                if mount["volume"] not in was | {of["volume"] for _, of in ct.volumes(config)}:
                    config[self._unused_key(config)] = mount["volume"]
            ct.config, ct.pending = config, {}

        return await self._in_parts("vzrollback", user, v, Parts(begin, finish))

    @staticmethod
    def shown_snapshots(ct: FakeCt) -> dict[str, dict[str, Any]]:
        """By name, oldest first: `description`, `taken_at` (seconds), `state` (empty once complete), `config`."""
        return {
            name: {
                "description": kept.get("description", ""),
                "taken_at": kept["snaptime"],
                "state": kept.get("snapstate", ""),
                "config": {key: value for key, value in kept.items() if key not in OF_THE_SNAPSHOT},
            }
            for name, kept in ct.snapshots.items()
        }

    async def _in_parts(self, kind: str, user: str, v: dict[str, Any], parts: Parts) -> str:
        """The request itself looks at nothing: of a container that is not here, the task fails."""
        return await self.task(v["node"], kind, v["vmid"], user, self._nothing, vm=self._here(v), parts=parts)

    @staticmethod
    async def _nothing() -> None:
        """All is done in the task's parts."""

    def _kind_of(self, mount: dict[str, str]) -> str:
        return str(self.storages.get(mount["volume"].partition(":")[0], {}).get("type", ""))

    @staticmethod
    def _snapshot(ct: FakeCt, name: str) -> dict[str, Any]:
        if name not in ct.snapshots:
            raise TaskError(f"snapshot '{name}' does not exist")
        found: dict[str, Any] = ct.snapshots[name]
        return found

    @staticmethod
    def _refuse_template(ct: FakeCt, words: str) -> None:
        if ct.template:
            raise TaskError(words)
