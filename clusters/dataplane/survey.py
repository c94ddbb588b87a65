"""Survey: what a cluster says of itself, for those who check it or add it. Reads only, one HTTP call each.

Decides: which calls, and what their answers hold. Not: what is good or bad about them (clusters/check/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from clusters.dataplane import errors, values
from clusters.dataplane.access import Access
from clusters.dataplane.grants import Grants
from clusters.dataplane.port import Task
from clusters.dataplane.transport import Params, Transport
from operations.foreign_text import in_one_line

MOST_TASKS = 500  # Proxmox lists 50 unless told
# No name or property list of Proxmox is nearly as long.
LONGEST_TEXT = 400


@dataclass(frozen=True)
class Version:
    """`parts` compare: 8.4.21 is (8, 4, 21)."""

    text: str
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Member:
    """A node as the cluster lists it."""

    name: str
    online: bool
    address: str


@dataclass(frozen=True)
class State:
    """`name` is empty for a node that is in no cluster; it is its own quorum."""

    name: str
    quorate: bool
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Storage:
    """One storage as one node sees it."""

    name: str
    type: str
    content: frozenset[str]
    enabled: bool  # switched on, and meant for this node
    active: bool
    shared: bool


@dataclass(frozen=True)
class Bridge:
    """`cidr` is the node's own address on it, with its prefix; it and `gateway` are empty when it has none there."""

    name: str
    active: bool
    cidr: str
    gateway: str


@dataclass(frozen=True)
class Listed:
    """A guest of the cluster's list, which lags by up to ten seconds. `kind` is `lxc` or `qemu`."""

    vmid: int
    node: str
    kind: str
    lock: str


@dataclass(frozen=True)
class Container:
    """A container's configuration, as far as it is judged. `storage` is its root disk's, `bridge` its first card's."""

    template: bool
    lock: str
    storage: str
    bridge: str
    hostname: str
    cores: int
    memory_mib: int
    swap_mib: int
    disk_gib: int


class Survey:
    """One cluster's answers. Every call may raise any of dataplane/errors.py."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._transport = Transport(access)

    def version(self) -> Version:
        with self._asking("ask for the version", "version") as answer:
            text = str(answer["version"])
            return Version(text, tuple(int(number) for number in re.findall(r"\d+", text)))

    def grants(self) -> Grants:
        """What our own token may do. Proxmox's number for each privilege says whether it counts below its path."""
        with self._asking("ask what the token may do", "access/permissions") as answer:
            return Grants(
                {
                    path: {privilege: bool(int(below)) for privilege, below in held.items()}
                    for path, held in dict(answer or {}).items()
                }
            )

    def state(self) -> State:
        with self._asking("ask for quorum and nodes", "cluster/status") as answer:
            members = tuple(
                Member(str(row["name"]), bool(int(row.get("online") or 0)), str(row.get("ip") or ""))
                for row in answer
                if row["type"] == "node"
            )
            cluster = next((row for row in answer if row["type"] == "cluster"), None)
            if cluster is None:
                return State("", True, members)
            return State(str(cluster["name"]), bool(int(cluster["quorate"])), members)

    def firewall(self) -> bool:
        """The datacentre's switch. Proxmox may keep the moment it was switched on in place of 1."""
        with self._asking("ask for the datacentre's firewall", "cluster/firewall/options") as answer:
            return bool(int(answer.get("enable") or 0))

    def storages(self, node: str) -> list[Storage]:
        with self._asking(f"list the storages of node {node}", f"nodes/{_safe(node)}/storage") as answer:
            return [_storage_of(row) for row in answer]

    def bridges(self, node: str) -> list[Bridge]:
        doing, path = f"list the bridges of node {node}", f"nodes/{_safe(node)}/network"
        with self._asking(doing, path, {"type": "any_bridge"}) as answer:
            return [
                Bridge(
                    name=str(row["iface"]),
                    active=bool(int(row.get("active") or 0)),
                    cidr=str(row.get("cidr") or ""),
                    gateway=str(row.get("gateway") or ""),
                )
                for row in answer
            ]

    def guests(self) -> list[Listed]:
        with self._asking("list the guests", "cluster/resources", {"type": "vm"}) as answer:
            return [
                Listed(
                    vmid=int(row["vmid"]),
                    node=str(row["node"]),
                    kind=str(row["type"]),
                    lock=str(row.get("lock") or ""),
                )
                for row in answer
            ]

    def templates(self, node: str) -> list[int]:
        """VMIDs of the containers that are templates. The cluster's list of guests learns of a new one late."""
        with self._asking(f"list the containers of node {node}", f"nodes/{_safe(node)}/lxc") as answer:
            return [int(row["vmid"]) for row in answer if int(row.get("template") or 0)]

    def container(self, node: str, vmid: int) -> Container | None:
        """None: this node has no such container."""
        path = f"nodes/{_safe(node)}/lxc/{vmid}/config"
        try:
            with self._asking(f"read CT {vmid} on node {node}", path) as answer:
                return _container_of(answer)
        except errors.NotFound:
            return None

    def running_tasks(self, node: str) -> list[Task]:
        doing = f"list the running tasks of node {node}"
        params: Params = {"source": "active", "limit": MOST_TASKS}
        with self._asking(doing, f"nodes/{_safe(node)}/tasks", params) as answer:
            tasks = [values.task_of(row) for row in answer]
            return [task for task in tasks if task.exit_status is None]

    @contextmanager
    def _asking(self, doing: str, path: str, params: Params | None = None) -> Iterator[Any]:
        """The answer. One of a shape that Proxmox never gives is an error of its type too."""
        answer = self._transport.call("GET", path, params, doing=doing)
        try:
            yield _shown(answer)
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as odd:
            raise errors.Unexpected(
                f"Cluster {self.access.name}: could not {doing}: the answer is not one that Proxmox gives.",
                detail=f"{type(odd).__name__}: {odd}",
            ) from odd


def _shown(answer: Any) -> Any:
    """With texts that can be shown anywhere, whatever the cluster says."""
    if isinstance(answer, str):
        return in_one_line(answer[:LONGEST_TEXT])
    if isinstance(answer, Mapping):
        return {_shown(name): _shown(value) for name, value in answer.items()}
    return [_shown(value) for value in answer] if isinstance(answer, list) else answer


def _storage_of(row: Mapping[str, Any]) -> Storage:
    return Storage(
        name=str(row["storage"]),
        type=str(row["type"]),
        content=frozenset(part for part in re.split(r"[,\s]+", str(row.get("content") or "")) if part),
        enabled=bool(int(row.get("enabled") or 0)),
        active=bool(int(row.get("active") or 0)),
        shared=bool(int(row.get("shared") or 0)),
    )


def _container_of(config: Mapping[str, Any]) -> Container:
    rootfs = str(config.get("rootfs") or "")
    size = values.properties(rootfs).get("size")
    return Container(
        template=bool(int(config.get("template") or 0)),
        lock=str(config.get("lock") or ""),
        storage=rootfs.partition(":")[0],
        bridge=values.properties(str(config.get("net0") or "")).get("bridge", ""),
        hostname=str(config.get("hostname") or ""),
        cores=int(config.get("cores") or 1),
        memory_mib=int(config.get("memory") or 512),
        swap_mib=int(config["swap"]) if "swap" in config else 512,
        disk_gib=max(1, int(values.gib(size))) if size else 1,
    )


def _safe(part: str) -> str:
    return quote(part, safe=":@!")
