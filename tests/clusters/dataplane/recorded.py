"""The recorded lines, and the adapter driven against an endpoint that repeats them.

Decides: which port call makes a line's request. Not: what must come of it (expectations.py, expected.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from clusters.dataplane.mark import write_mark
from clusters.dataplane.port import Clone, Ct, Mine, Nic, Settings, Stranger, Upid
from clusters.dataplane.proxmox import ProxmoxPlane
from clusters.dataplane.transport import Method, Transport
from tests.clusters.dataplane.endpoint import Answer, Endpoint, Request

POD = UUID("019abcde-0000-7000-8000-000000000001")
OPERATION = UUID("019abcde-0000-7000-8000-000000000002")
SETTINGS = Settings(
    cores=1,
    memory_mib=128,
    swap_mib=64,
    onboot=True,
    tags=("CloudPod", "TENANT-123"),
    nic=Nic(bridge="vmbr0", mac="BC:24:11:00:00:01", address="192.0.2.50/24", gateway="192.0.2.1"),
)
FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Line:
    """A line of a recording; `key` is its name, with ` (2)` when it is the second of that name."""

    version: str
    key: str
    method: Method
    path: str
    params: dict[str, Any]
    status: int
    reason: str
    body: Any

    def answer(self) -> Answer:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return Answer(self.status, self.reason, text.encode())

    @property
    def data(self) -> Any:
        return self.body["data"]


def recording(version: str) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for text in (FOLDER / f"pve-{version}.jsonl").read_text().splitlines():
        row = json.loads(text)
        key = row["name"] if row["name"] not in lines else f"{row['name']} (2)"
        assert key not in lines
        kept = {name: row[name] for name in ("method", "path", "params", "status", "reason", "body")}
        lines[key] = Line(version=version, key=key, **kept)
    return lines


RECORDINGS = {version: recording(version) for version in ("8.4", "9.2")}


def ct(node: str, vmid: int | str) -> Ct:
    return Ct(node=node, vmid=int(vmid), pod=POD, tenant="TENANT-123", source=900)


def vmid_of(line: Line) -> int:
    return int(line.path.split("/")[4])


def mine(node: str, vmid: int | str) -> Mine:
    """As `look` would give it; made by hand here, since the recorded containers bear no mark."""
    return Mine(
        ct=ct(node, vmid),
        digest="0" * 40,
        lock=None,
        task=None,
        hostname="",
        cores=None,
        memory_mib=64,
        swap_mib=0,
        disk_gib=1.0,
        onboot=False,
        tags=frozenset(),
        net0={},
    )


def port_call(plane: ProxmoxPlane, line: Line) -> Callable[[], Any] | None:
    """The port's call that makes the line's request; None where none does yet. `look` is apart."""
    parts = line.path.strip("/").split("/")
    match [line.method, *parts]:
        case ["GET", "version"]:
            return plane.version
        case ["GET", "cluster", "resources"] if not line.params:
            return plane.resources
        case ["GET", "nodes", node, "tasks"] if line.params["source"] == "all":
            return lambda: plane.tasks(node, since=line.params["since"])
        case ["GET", "nodes", _, "tasks", upid, "log"]:
            return lambda: plane.task_log(Upid(upid))
        case [_, "nodes", node, "lxc", vmid, *rest]:
            return _ct_call(plane, line, "/".join(rest), node, vmid)
    return None


def _ct_call(plane: ProxmoxPlane, line: Line, call: str, node: str, vmid: str) -> Callable[[], Any] | None:
    it, params = mine(node, vmid), line.params
    calls: dict[tuple[str, str], Callable[[], Any]] = {
        ("GET", "status/current"): lambda: plane.running(it),
        ("POST", "clone"): lambda: plane.clone(
            Clone(int(vmid), "web", OPERATION, bool(params.get("full")), params.get("storage")),
            to=ct(node, params["newid"]),
        ),
        ("PUT", "config"): lambda: plane.configure(it, SETTINGS),
        ("PUT", "firewall/options"): lambda: plane.set_firewall(it),
        ("PUT", "resize"): lambda: plane.grow(it, disk_gib=3),
        ("POST", "status/start"): lambda: plane.start(it),
        ("POST", "status/shutdown"): lambda: plane.shutdown(it, timeout_s=params["timeout"]),
        ("POST", "status/stop"): lambda: plane.stop(it),
        ("DELETE", ""): lambda: plane.destroy(it),
        ("GET", "pending"): lambda: plane.pending(it),
        ("GET", "snapshot"): lambda: plane.snapshots(it),
        ("POST", "snapshot"): lambda: plane.take_snapshot(
            it, name=params["snapname"], description=params.get("description", "")
        ),
    }
    match [line.method, *call.split("/")]:
        case ["DELETE", "snapshot", name]:
            return lambda: plane.delete_snapshot(it, name=name)
        case ["POST", "snapshot", name, "rollback"]:
            return lambda: plane.roll_back(it, name=name)
    return calls.get((line.method, call))


class Replay:
    """The adapter against an endpoint that says what a recording says."""

    def __init__(self, endpoint: Endpoint, plane: ProxmoxPlane) -> None:
        self.endpoint = endpoint
        self.plane = plane
        self.transport = Transport(plane.access)

    def say(self, *lines: Line) -> None:
        """Only these requests are answered, each with its line; any other is an error of no expected type."""
        known: dict[tuple[str, str], Answer] = {(line.method, line.path): line.answer() for line in lines}

        def behave(request: Request) -> Answer:
            unasked = Answer(501, f"{request.method} {request.path} was not recorded here")
            return known.get((request.method, request.path), unasked)

        self.endpoint.behave = behave
        self.endpoint.seen.clear()

    def raw(self, line: Line) -> Any:
        """The line's own request, as it was recorded, through the transport."""
        self.say(line)
        try:
            return self.transport.call(line.method, line.path.strip("/"), dict(line.params))
        finally:
            [seen] = self.endpoint.seen
            sent = {name: str(value) for name, value in line.params.items()}
            assert (seen.method, seen.path, seen.params) == (line.method, line.path, sent)

    def port(self, line: Line) -> list[Any]:
        """The result of the port's call, when there is one: at exactly one HTTP call."""
        call = port_call(self.plane, line)
        if call is None:
            return []
        self.say(line)
        try:
            return [call()]
        finally:
            [seen] = self.endpoint.seen
            assert (seen.method, seen.path) == (line.method, line.path)

    def look(self, line: Line, *others: Line, marked: bool = False) -> Mine | Stranger | None:
        """The port's `look` at the CT of a config line, whose description may be given our mark."""
        where = ct("pve1", vmid_of(line))
        if marked:
            mark = write_mark(
                self.plane.access.mark_keys[0],
                pod=where.pod,
                tenant=where.tenant,
                cluster=self.plane.access.cluster_id,
                vmid=where.vmid,
                operation=OPERATION,
            )
            line = replace(line, body={"data": line.data | {"description": f"{mark}\n"}})
        self.say(line, *others)
        return self.plane.look(where)
