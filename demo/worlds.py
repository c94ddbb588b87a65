"""The fake's whole world: what is in it, kept and brought back, and what befalls a part of it. The fake's side.

Decides: what belongs to the world. Not: how the commands are spelt (handle_worlds.py), nor what a cluster lacks.
"""

from __future__ import annotations

import itertools
import pickle
from typing import TYPE_CHECKING, Any

from demo.record import canonical

if TYPE_CHECKING:
    from demo.lacks import LackingPve

# All that requests and commands change, but for what is armed to go wrong and what was recorded.
STATE = (
    *("cts", "vms", "nodes", "storages", "bridges", "linked", "full", "going_to", "pools", "pool_info", "_fw_state"),
    *("tasks", "tasklog", "quorate", "acl", "version", "release_version", "dead_bridges", "seconds", "time_scale"),
)


class Worlds:
    """Commands of the control channel (control.py)."""

    if TYPE_CHECKING:  # the control's own
        _pve: LackingPve

        def remove_ct(self, vmid: int) -> None: ...

        def put_ct(
            self, node: str, vmid: int, status: str, template: bool, lock: str | None, config: dict[str, Any]
        ) -> None: ...

    def __init__(self) -> None:
        self._saved: dict[str, bytes] = {}
        self._ids = map(str, itertools.count(1))

    def save(self) -> str:
        if any("exitstatus" not in task for task in self._pve.tasklog):
            raise ValueError("a task runs: a world is kept when nothing moves in it")
        saved = next(self._ids)
        # One pickle: a task is in the list and under its id, and is one thing in both.
        self._saved[saved] = pickle.dumps({name: getattr(self._pve, name) for name in STATE}, pickle.HIGHEST_PROTOCOL)
        return saved

    async def load(self, saved: str) -> None:
        if saved not in self._saved:
            raise ValueError(f"no world was saved as {saved!r}")
        self._pve.end_tasks()
        self._pve.faults.clear()
        self._pve.record.clear()
        for name, value in pickle.loads(self._saved[saved]).items():
            setattr(self._pve, name, value)
        for listener in self._pve.listeners:
            await listener.open()
        self._pve.faults.note_change()

    def volumes(self) -> list[dict[str, Any]]:
        return list(self._pve.volumes())

    def fill_storage(self, storage: str, full: bool) -> None:
        if storage not in self._pve.storages:
            raise ValueError(f"there is no storage {storage!r}")
        (self._pve.full.add if full else self._pve.full.discard)(storage)

    def warn_task(self, name: str, times: int) -> None:
        self._pve.faults.warn(canonical(name), times)

    def replace_before(self, name: str, vmid: int, nth: int) -> None:
        def replace() -> None:
            if self._pve.ct(vmid) is not None:
                self.replace_ct(vmid)

        self._pve.faults.move_before(canonical(name), replace, nth)

    def replace_ct(self, vmid: int) -> None:
        ct = self._pve.ct(vmid)
        self.remove_ct(vmid)  # which says so if there is none
        self.put_ct(ct.node, vmid, "running", False, None, {"hostname": "somebodys", "description": "by hand"})
