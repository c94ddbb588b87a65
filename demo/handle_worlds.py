"""What a test can do to the fake's world as a whole, or see of it.

Decides: how the commands are spelled. Not: what they do (worlds.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class WorldsHandle:
    """A part of FakeHandle (handle.py)."""

    if TYPE_CHECKING:  # the handle's own

        def _do(self, command: str, *, wait: float = 0.0, **arguments: Any) -> Any: ...

    def save(self) -> str:
        """Keep the world as it is: containers, storages, firewall, ended tasks, delays, what is lacking. The text
        that comes back brings it back, as often as wanted, in this process of the fake.
        """
        return str(self._do("save"))

    def load(self, saved: str) -> None:
        """The world as it was kept. Faults and holds are gone, tasks that run vanish, the record is empty, and
        it is reachable.
        """
        self._do("load", saved=saved)

    def volumes(self) -> list[dict[str, Any]]:
        """Every volume of a container: `volume`, `storage`, `vmid`, `node`, `key` (`rootfs`, `unused0` ...), `snapshot`
        (the name of the one that has it, or None: the container itself).
        """
        return list(self._do("volumes"))

    def fill_storage(self, storage: str, full: bool = True) -> None:
        """Tasks that need room on it (clone, resize, snapshot, rollback, migrate) fail as on a full one."""
        self._do("fill_storage", storage=storage, full=full)

    def warn_task(self, name: str, times: int = 1) -> None:
        """The next tasks of that name do what they should, and end with `WARNINGS: 1`."""
        self._do("warn_task", name=name, times=times)

    def replace_ct(self, vmid: int) -> None:
        """Somebody destroys the CT by hand and makes another at its VMID, running and without a mark."""
        self._do("replace_ct", vmid=vmid)

    def replace_before(self, name: str, vmid: int, *, nth: int = 1) -> None:
        """When the nth request of that name from now on arrives, the CT (if there is one) has just been replaced."""
        self._do("replace_before", name=name, vmid=vmid, nth=nth)

    def node_offline(self, node: str, offline: bool = True) -> None:
        """Calls for the node are answered 595, its CTs are `unknown`; they come back with it as they were. All
        endpoints answer as before, its own too.
        """
        self._do("set_node_online", node=node, online=not offline)
