"""What a test or the demo can take away from the fake's cluster, so that it lacks one thing.

Decides: how the commands are spelled; `reset` undoes all of them. Not: what they do (lacks.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class LacksHandle:
    """A part of FakeHandle (handle.py)."""

    if TYPE_CHECKING:  # the handle's own

        def _do(self, command: str, *, wait: float = 0.0, **arguments: Any) -> Any: ...

    def revoke(self, privilege: str, *, below: str = "/") -> None:
        """Take a privilege from our token's user, wherever it was granted (at that path or below it)."""
        self._do("revoke", privilege=privilege, below=below)

    def grant(self, path: str, *privileges: str) -> None:
        self._do("grant", path=path, privileges=list(privileges))

    def set_version(self, version: str) -> None:
        self._do("set_version", version=version)

    def set_quorum(self, quorate: bool) -> None:
        self._do("set_quorum", quorate=quorate)

    def set_node_online(self, node: str, online: bool) -> None:
        self._do("set_node_online", node=node, online=online)

    def remove_storage(self, storage: str) -> None:
        self._do("remove_storage", storage=storage)

    def set_storage(self, storage: str, **options: Any) -> None:
        """As storage.cfg has it (`content`, `disable`, `nodes`, `shared`, `type`), and `active`; None takes out."""
        self._do("set_storage", storage=storage, options=options)

    def remove_bridge(self, bridge: str) -> None:
        self._do("remove_bridge", bridge=bridge)

    def set_bridge_active(self, bridge: str, active: bool) -> None:
        self._do("set_bridge_active", bridge=bridge, active=active)

    def set_template(self, vmid: int, template: bool) -> None:
        self._do("set_template", vmid=vmid, template=template)
