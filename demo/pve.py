"""A stand-in Proxmox that answers as the recordings of the real one do, where fakepve answers otherwise.

Decides: behaviour of the API. Not: the layout, tasks (tasks.py), what is armed to go wrong (faults.py).
"""

from __future__ import annotations

import copy
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from fakepve import FakeCt, PveError
from fakepve import server as fakepve_server

from demo.faults import Faults
from demo.layout import OWNERS, PRIVILEGES, RELEASE, VERSION, Layout
from demo.listener import Listener
from demo.moves import Moves
from demo.record import Record

API = "/api2/json"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DemoPve(Moves):
    """fakepve with its departures corrected, its answers recorded, and faults that can be armed."""

    def __init__(
        self, *, port: int, token_secret: str, datacentre_firewall: bool = True, layout: Layout = OWNERS
    ) -> None:
        super().__init__(host="127.0.0.1", port=port, password=token_secret)
        self.layout = layout
        self.record = Record()
        self.faults = Faults()
        self.version, self.release_version = VERSION, RELEASE
        self.cluster_name = layout.cluster
        self.apitokens = {layout.token_id: token_secret}
        self.grant(layout.user, "/", *PRIVILEGES)
        self.max_requests = 0  # our record keeps them, with their answers
        self.seconds = {}
        self._datacentre_firewall = datacentre_firewall
        self._working = set()
        self.lay_out()

    def lay_out(self) -> None:
        """Make the state the layout's, whatever happened before; running tasks vanish."""
        self.faults.clear()
        self.record.clear()
        self.end_tasks()
        for state in (self.tasks, self.failures, self.tickets, self.pools, self.pool_info):
            state.clear()
        self.tasklog.clear()
        self.cts.clear()
        self.quorate = True
        self.nodes = {name: {"online": True} for name in self.layout.nodes}
        self.storages = self.layout.storages()
        self.bridges = set(self.layout.bridges)  # of each node
        self.linked = {}
        self.full, self.going_to = set(), {}
        self._fw_state: dict[str, Any] | None = None
        self.firewall_config("cluster")["options"]["enable"] = int(self._datacentre_firewall)
        for vmid, node in self.layout.template_copies.items():
            self.add_ct(vmid, node=node, template=True, config=self.layout.template_config(vmid))
        self.faults.note_change()

    def end_tasks(self) -> None:
        """They vanish without a trace of their own."""
        for work in self._working:
            work.cancel()

    # ------------------------------------------------------------- the server

    async def start(self, certfile: str, keyfile: str) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certfile, keyfile)
        app = self._build_app()
        app.middlewares.insert(0, self._watch)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self.runner.setup()
        # Each node has an endpoint, and all of them speak for the whole cluster.
        ports = [self.port, *(0 for _ in self.layout.nodes)][: len(self.layout.nodes)]
        self.listeners = [Listener(self.runner, self.host, port, context) for port in ports]
        self.port: int = self.listeners[0].port
        for listener in self.listeners:
            await listener.open()

    def _endpoint(self, request: web.Request) -> Listener:
        """The one that took this request."""
        transport, first = request.transport, self.listeners[0]
        if transport is None:  # the client has hung up already
            return first
        return next((listener for listener in self.listeners if listener.took(transport)), first)

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record the request with its answer, and let befall it what is armed."""
        endpoint = self._endpoint(request)
        entry = self.record.begin(request.method, request.path.removeprefix(API), endpoint.url)
        name = entry["name"]
        self.faults.note_change()
        self.faults.make_moves(name)
        failure = self.faults.take_failure(name)
        if failure:
            response: web.StreamResponse = fakepve_server.error(failure.status, failure.message)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                entry.update(status=error.status, message=error.reason)
                raise
        if response.status == 401:
            response = web.Response(status=401, reason="Authentication failed!")
        self.record.end(entry, await self._params(request), response)
        if self.faults.take_death(name):
            entry["lost"] = True
            await endpoint.close()
            return response
        if self.faults.take_loss(name):
            entry["lost"] = True
            if request.transport is not None:
                request.transport.close()
            return response
        await self.faults.wait_out_hold(name)
        return response

    @staticmethod
    async def _params(request: web.Request) -> dict[str, Any]:
        try:
            values: dict[str, Any] = await fakepve_server.params(request)
        except PveError:
            return {}
        return {k: "***" if k in fakepve_server.SECRET_KEYS else v for k, v in values.items()}

    def _authenticate(self, request: web.Request) -> Any:
        if self.faults.token_refused:
            raise PveError(401, "authentication failure")
        return super()._authenticate(request)

    async def _cluster_status(self, request: web.Request) -> web.Response:
        online = {name: int(state.get("online", True)) for name, state in self.nodes.items()}
        first = min(online)
        data: list[dict[str, Any]] = [
            {"type": "cluster", "id": "cluster", "name": self.cluster_name, "nodes": len(online)}
            | {"quorate": int(self.quorate), "version": 1}
        ]
        for number, name in enumerate(sorted(online), 1):
            node = {"type": "node", "id": f"node/{name}", "name": name, "nodeid": number, "level": ""}
            node |= {"ip": self.layout.nodes.get(name, ""), "online": online[name], "local": int(name == first)}
            data.append(node)
        return web.json_response({"data": data})

    def _routes_bridges(self) -> list[tuple[str, str, Any]]:
        return [("GET", "/nodes/{node}/network", self._networks)]

    async def _networks(self, v: dict[str, Any], user: str) -> list[dict[str, Any]]:
        """The bridges only, as every filter that asks for bridges shows them."""
        common = {"type": "bridge", "method": "manual", "method6": "manual", "families": ["inet"], "active": 1}
        return [common | {"iface": name, "autostart": 1, "exists": 1, "priority": 3} for name in sorted(self.bridges)]

    # ------------------------------------------------------------- containers

    def shown(self, config: dict[str, Any]) -> dict[str, Any]:
        """A config as the API shows it: Proxmox ends a description with a newline."""
        text = config.get("description")
        return config if not text else config | {"description": str(text).rstrip("\n") + "\n"}

    async def _lxc_config_get(self, user: str, v: dict[str, Any]) -> dict[str, Any]:
        return self.shown(await super()._lxc_config_get(user, v))

    async def _lxc_pending(self, user: str, v: dict[str, Any]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = await super()._lxc_pending(user, v)
        for item in items:
            if item["key"] == "description" and item.get("value"):
                item["value"] = self.shown({"description": item["value"]})["description"]
        ct = self._find_ct(v["node"], v["vmid"])
        return [*items, {"key": "digest", "value": ct.digest()}]

    async def _lxc_clone(self, user: str, v: dict[str, Any]) -> str:
        source, newid = int(v["vmid"]), int(v["newid"])
        upid: str = await super()._lxc_clone(user, v)
        if self.ct(newid) is not None:
            self.copy_firewall(source, newid)
            if self.ct(source).template and not v.get("full"):
                self.linked[newid] = source
        return upid

    def copy_firewall(self, source: int, newid: int) -> None:
        """A clone takes its source's firewall file along."""
        guests = self._fw()["guests"]
        if source in guests:
            guests[newid] = copy.deepcopy(guests[source])

    def _drop(self, ct: FakeCt) -> None:
        """A VMID that was destroyed starts clean, its firewall too."""
        super()._drop(ct)
        self._fw()["guests"].pop(ct.vmid, None)
        self.linked.pop(ct.vmid, None)
