"""A cluster that lacks one thing each: a privilege, its quorum, a storage, a bridge. The fake's side.

Decides: what can be taken away, and how Proxmox tells what a check reads. Not: how that is spelt (handle_lacks.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web
from fakepve import server as fakepve_server

from demo.layout import PRIVILEGES, RELEASE, VERSION
from demo.pve import DemoPve

# Proxmox lists these beside the paths of its access list.
TOPS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


class LackingPve(DemoPve):
    """What a check asks of a cluster, answered as the recordings show it; the layout lacks nothing."""

    def lay_out(self) -> None:
        super().lay_out()
        self.acl: dict[str, list[tuple[str, set[str]]]] = {}
        self.grant(self.layout.user, "/", *PRIVILEGES)
        self.version, self.release_version = VERSION, RELEASE
        self.dead_bridges: set[str] = set()

    async def _permissions(self, v: dict[str, Any], user: str) -> dict[str, dict[str, int]]:
        """What is effective at the top of each kind and at each path of the access list. 1: below it too."""
        granted = [entry for entries in self.acl.values() for entry in entries]
        names = sorted({name for _, privileges in granted for name in privileges})
        answer = {}
        for path in dict.fromkeys((*TOPS, *(path for path, _ in granted))):
            held = {name: 1 for name in names if self.allowed(user, path, name)}
            if held:
                answer[path] = held
        return answer

    async def _cluster_status(self, request: web.Request) -> web.Response:
        self.require(request[fakepve_server.USER], "/", "Sys.Audit")
        return await super()._cluster_status(request)

    async def _networks(self, v: dict[str, Any], user: str) -> list[dict[str, Any]]:
        """Bridges that the token may use; the first one bears the node's address."""
        first = self.layout.bridges[0]
        answer = []
        for row in await super()._networks(v, user):
            name = row["iface"]
            if not self.allowed(user, f"/sdn/zones/localnetwork/{name}", "SDN.Use"):
                continue
            if name in self.dead_bridges:
                row.pop("active")
            if name == first:
                address = self.layout.nodes[v["node"]]
                row |= {"method": "static", "address": address, "netmask": "24", "cidr": f"{address}/24"}
            answer.append(row)
        return answer


class Lacks:
    """Commands of the control channel (control.py); `reset` undoes all of them."""

    if TYPE_CHECKING:
        _pve: LackingPve

    def revoke(self, privilege: str, below: str) -> None:
        for user, granted in self._pve.acl.items():
            self._pve.acl[user] = [
                (path, held - {privilege} if path.startswith(below) else held) for path, held in granted
            ]

    def grant(self, path: str, privileges: list[str]) -> None:
        self._pve.grant(self._pve.layout.user, path, *privileges)

    def set_version(self, version: str) -> None:
        self._pve.version = version
        self._pve.release_version = ".".join(version.split(".")[:2])

    def set_quorum(self, quorate: bool) -> None:
        self._pve.quorate = quorate

    def set_node_online(self, node: str, online: bool) -> None:
        if node not in self._pve.nodes:
            raise ValueError(f"there is no node {node!r}")
        self._pve.nodes[node]["online"] = online

    def remove_storage(self, storage: str) -> None:
        del self._pve.storages[storage]

    def set_storage(self, storage: str, options: dict[str, Any]) -> None:
        for name, value in options.items():
            if value is None:
                self._pve.storages[storage].pop(name, None)
            else:
                self._pve.storages[storage][name] = value

    def remove_bridge(self, bridge: str) -> None:
        self._pve.bridges.remove(bridge)

    def set_bridge_active(self, bridge: str, active: bool) -> None:
        (self._pve.dead_bridges.discard if active else self._pve.dead_bridges.add)(bridge)

    def set_template(self, vmid: int, template: bool) -> None:
        ct = self._pve.ct(vmid)
        if ct is None:
            raise ValueError(f"there is no CT {vmid}")
        ct.config["template"] = int(template)
