"""The control channel: what a test or the demo can do to the fake beside Proxmox's own API.

Decides: the commands and who may give them. Not: how a client spells them (handle.py).
"""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from fakepve import FakeCt
from fakepve.lxc import print_mount, random_mac, split_props

from demo import CONTROL_KEY_HEADER
from demo.faults import Failure
from demo.lacks import LackingPve, Lacks
from demo.record import canonical
from demo.worlds import Worlds


class Control(Lacks, Worlds):
    """Each public method is a command: `POST /control/<method>` with its arguments as a JSON object."""

    def __init__(self, pve: LackingPve, *, key: str, seconds: dict[str, float], time_scale: float) -> None:
        super().__init__()
        self._pve = pve
        self.key = key
        self._seconds = seconds
        self._time_scale = time_scale
        self._pace()

    def _pace(self) -> None:
        self._pve.seconds = dict(self._seconds)
        self._pve.time_scale = self._time_scale

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/control/{command}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        given = request.headers.get(CONTROL_KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.key.encode()):
            return web.json_response({"error": "wrong control key"}, status=403)
        command = request.match_info["command"].replace("-", "_")
        method: Callable[..., Any] = getattr(self, command, str)
        if not inspect.ismethod(method) or command.startswith("_") or command == "app":
            return web.json_response({"error": f"no command {command!r}"}, status=404)
        try:
            result = method(**await request.json())
            if inspect.isawaitable(result):
                result = await result
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"result": result})

    # The world

    async def reset(self) -> None:
        self._pve.lay_out()
        self._pace()
        for listener in self._pve.listeners:
            await listener.open()

    def cts(self) -> list[dict[str, Any]]:
        return [self._shown(ct) for ct in self._pve.cts]

    def _shown(self, ct: FakeCt) -> dict[str, Any]:
        guest = self._pve._fw()["guests"].get(ct.vmid)
        return {
            "vmid": ct.vmid,
            "node": ct.node,
            "status": ct.status,
            "lock": ct.lock,
            "template": ct.template,
            "config": self._pve.shown(dict(ct.config)),
            "pending": dict(ct.pending),
            "snapshots": self._pve.shown_snapshots(ct),
            "firewall": dict(guest["options"]) if guest else {},
            "environment": self._pve.environment(ct),
        }

    def _ct(self, vmid: int) -> FakeCt:
        ct = self._pve.ct(vmid)
        if ct is None:
            raise ValueError(f"there is no CT {vmid}")
        return ct

    def put_ct(
        self, node: str, vmid: int, status: str, template: bool, lock: str | None, config: dict[str, Any]
    ) -> None:
        rootfs = f"{self._pve.layout.pods_on}:{'basevol' if template else 'subvol'}-{vmid}-disk-0,size=8G"
        config = {"rootfs": rootfs} | config
        self._pve.add_ct(vmid, node=node, status=status, template=template, lock=lock, config=config)

    def edit_ct(self, vmid: int, status: str | None, config: dict[str, Any]) -> None:
        ct = self._ct(vmid)
        ct.status = status or ct.status
        for key, value in config.items():
            if value is None:
                ct.config.pop(key, None)
            else:
                ct.config[key] = value

    def clone_by_hand(self, vmid: int, newid: int) -> None:
        """Description and all, as `pct clone` on the node leaves it; nothing is recorded."""
        source = self._ct(vmid)
        config = {key: value for key, value in source.config.items() if key not in ("lock", "template")}
        for key, value in source.config.items():
            if key.startswith("net"):
                _, parts = split_props(value)
                parts["hwaddr"] = random_mac()
                config[key] = ",".join(f"{name}={part}" for name, part in parts.items())
        for key, mount in source.volumes():
            storage = mount["volume"].partition(":")[0]
            taken = self._pve._taken_volumes()
            config[key] = print_mount(mount | {"volume": self._pve._allocate(newid, storage, taken)}, key == "rootfs")
        self._pve.add_ct(newid, node=source.node, config=config, defaults=False)
        self._pve.copy_firewall(vmid, newid)

    def move(self, vmid: int, node: str) -> None:
        self._known_node(node)
        self._ct(vmid).node = node

    def add_node(self, node: str) -> None:
        self._pve.nodes[node] = {"online": True}

    def _known_node(self, node: str) -> None:
        if node not in self._pve.nodes:
            raise ValueError(f"there is no node {node!r}")

    def remove_ct(self, vmid: int) -> None:
        self._pve._drop(self._ct(vmid))

    def set_lock(self, vmid: int, lock: str | None) -> None:
        self._ct(vmid).lock = lock

    def set_datacentre_firewall(self, enabled: bool) -> None:
        self._pve.firewall_config("cluster")["options"]["enable"] = int(enabled)

    # What was asked and answered

    def record(self) -> list[dict[str, Any]]:
        return list(self._pve.record.requests)

    def task_ends(self) -> list[dict[str, Any]]:
        return list(self._pve.record.ends)

    def locked_answers(self) -> list[dict[str, Any]]:
        return self._pve.record.locked()

    def clear_record(self) -> None:
        self._pve.record.clear()

    # What is to go wrong

    def lose_answer(self, name: str, times: int) -> None:
        self._pve.faults.lose(canonical(name), times)

    def fail(self, name: str, status: int, message: str, times: int | None) -> None:
        self._pve.faults.fail(canonical(name), Failure(message, status, times))

    def fail_task(self, name: str, message: str, times: int | None, late: bool) -> None:
        self._pve.faults.fail_task(canonical(name), Failure(message, times=times, late=late))

    def refuse_token(self, refuse: bool) -> None:
        self._pve.faults.token_refused = refuse

    async def unreachable(self, unreachable: bool, endpoint: str | None, hang: bool) -> None:
        chosen = [listener for listener in self._pve.listeners if endpoint in (None, listener.url)]
        if not chosen:
            raise ValueError(f"there is no endpoint {endpoint!r}")
        for listener in chosen:
            await (listener.close(hang=hang) if unreachable else listener.open())

    def endpoint_dies(self, name: str) -> None:
        self._pve.faults.let_endpoint_die(canonical(name))

    def move_before(self, name: str, vmid: int, node: str) -> None:
        self._known_node(node)
        self._pve.faults.move_before(canonical(name), lambda: self.move(vmid, node))

    # Time

    def set_seconds(self, time_scale: float | None, seconds: dict[str, float]) -> None:
        self._pve.seconds |= {canonical(name): value for name, value in seconds.items()}
        if time_scale is not None:
            self._pve.time_scale = time_scale

    def hold(self, name: str) -> None:
        self._pve.faults.hold(canonical(name))

    def release(self, name: str) -> None:
        self._pve.faults.release(canonical(name))

    def waiting(self, name: str) -> int:
        return self._pve.faults.waiting(canonical(name))

    def wait_held(self, name: str, count: int, timeout: float) -> Awaitable[bool]:
        name = canonical(name)
        return self._pve.faults.wait_until(lambda: self._pve.faults.waiting(name) >= count, timeout)

    def hold_tasks(self) -> None:
        self._pve.faults.hold_tasks()

    def release_tasks(self, killed: bool) -> None:
        self._pve.faults.release_tasks(killed=killed)

    def running_tasks(self) -> list[dict[str, Any]]:
        return [self._pve._task_view(task, True) for task in self._pve.tasklog if "exitstatus" not in task]

    def wait_running(self, count: int, timeout: float) -> Awaitable[bool]:
        return self._pve.faults.wait_until(lambda: len(self.running_tasks()) >= count, timeout)

    def wait_idle(self, timeout: float) -> Awaitable[bool]:
        return self._pve.faults.wait_until(lambda: not self.running_tasks(), timeout)
