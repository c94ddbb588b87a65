"""What the control plane can ask of a data plane, in its own words and types.

Decides: the typed calls. Not: how Proxmox is spoken to (proxmox.py), nor what is done when (pods/kinds/).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import NewType, Protocol
from uuid import UUID

from operations.errors import StepError

Upid = NewType("Upid", str)


@dataclass(frozen=True)
class Ct:
    """Which container is meant and whose it must be: the mark found there has to say all of this.

    `source` is the VMID of the template copy it is cloned from: a clone's task is filed under its source.
    """

    node: str
    vmid: int
    pod: UUID
    tenant: str
    source: int | None = None


@dataclass(frozen=True)
class Mine:
    """A container read just now that bears our mark. Only `look` makes one; every change takes one."""

    ct: Ct
    digest: str
    lock: str | None
    task: Upid | None  # the running clone that makes it, when its lock is `create`
    hostname: str
    cores: int | None
    memory_mib: int
    swap_mib: int
    disk_gib: float  # of rootfs
    onboot: bool
    tags: frozenset[str]
    net0: dict[str, str]
    template: bool = False
    env: tuple[str, ...] = ()  # `NAME=value` of its first process from its next boot on


@dataclass(frozen=True)
class Stranger:
    """A container at the VMID that is not this pod's; `reason` says how that was seen."""

    node: str
    vmid: int
    reason: str


@dataclass(frozen=True)
class Clone:
    """A clone to be made: of which template copy (on the pod's node), under which name, on which storage."""

    template_vmid: int
    hostname: str
    operation: UUID
    full: bool
    storage: str | None = None  # only with full: Proxmox refuses it for a linked clone


@dataclass(frozen=True)
class Nic:
    """A pod's `net0`. `address` is `10.1.10.50/24`; `mac` is ours, since a clone's is Proxmox's choice."""

    bridge: str
    mac: str
    address: str
    gateway: str | None
    vlan: int | None = None
    name: str = "eth0"


@dataclass(frozen=True)
class Settings:
    """What `configure` writes in one call. Memory and swap in MiB."""

    cores: int
    memory_mib: int
    swap_mib: int
    onboot: bool
    tags: tuple[str, ...]
    nic: Nic
    env: tuple[str, ...] | None = None  # None: as it is


@dataclass(frozen=True)
class Change:
    """A part of the configuration, written in one call. None: as it is. At least one field says something else."""

    hostname: str | None = None
    cores: int | None = None
    memory_mib: int | None = None
    swap_mib: int | None = None
    onboot: bool | None = None
    tags: tuple[str, ...] | None = None
    nic: Nic | None = None
    env: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if all(getattr(self, part.name) is None for part in fields(self)):
            raise ValueError("A change that changes nothing is no change.")


@dataclass(frozen=True)
class SnapshotSeen:
    """A snapshot as its container lists it. `state` is empty once it is complete, else `prepare` or `delete`."""

    name: str
    taken_at: int  # seconds since 1970
    description: str = ""
    state: str = ""


@dataclass(frozen=True)
class Task:
    """A task as a node lists it. `exit_status` is None while it runs; `OK` and `WARNINGS: n` are success."""

    upid: Upid
    node: str
    kind: str
    id: str
    user: str
    started: int  # seconds since 1970
    exit_status: str | None

    @property
    def ok(self) -> bool:
        return self.exit_status is not None and (self.exit_status == "OK" or self.exit_status.startswith("WARNINGS"))


@dataclass(frozen=True)
class Guest:
    """One guest of a cluster's resource list, which lags by up to ten seconds. What it does not tell is None."""

    vmid: int
    node: str
    name: str
    kind: str  # lxc, or qemu for a virtual machine
    status: str
    template: bool
    tags: frozenset[str] = field(default_factory=frozenset)
    lock: str | None = None
    cores: float | None = None
    memory_mib: int | None = None
    memory_used_mib: int | None = None
    disk_gib: float | None = None
    up_seconds: int | None = None


@dataclass(frozen=True)
class Machine:
    """A node as its cluster lists it: `status` is online, offline or unknown; `load` of all its cores, 0 to 1."""

    name: str
    status: str
    cores: int | None
    load: float | None
    memory_mib: int | None
    memory_used_mib: int | None
    up_seconds: int | None


@dataclass(frozen=True)
class Storage:
    """A storage as one node sees it."""

    name: str
    node: str
    available: bool
    total_gib: float | None
    used_gib: float | None


@dataclass(frozen=True)
class Resources:
    """All that a cluster lists. `unread`: how many rows may have been guests and could not be read."""

    guests: tuple[Guest, ...]
    nodes: tuple[Machine, ...]
    storages: tuple[Storage, ...]
    unread: int = 0


class Plane(Protocol):
    """One cluster. Every call may raise any of dataplane/errors.py; none retries by itself.

    A call that changes something is made once. `Upid` results are tasks that go on by themselves.
    """

    def version(self) -> str: ...
    def quorate(self) -> bool: ...
    def look(self, ct: Ct) -> Mine | Stranger | None: ...
    def running(self, mine: Mine) -> bool: ...
    def clone(self, clone: Clone, *, to: Ct) -> Upid: ...
    def is_cloning(self, template_vmid: int, *, node: str) -> bool: ...
    def is_worked_on(self, ct: Ct) -> bool: ...
    def configure(self, mine: Mine, settings: Settings) -> None: ...
    def change(self, mine: Mine, change: Change) -> None: ...
    def pending(self, mine: Mine) -> frozenset[str]: ...
    def set_env(self, mine: Mine, env: tuple[str, ...]) -> None: ...
    def set_onboot(self, mine: Mine, onboot: bool) -> None: ...
    def set_firewall(self, mine: Mine) -> None: ...
    def grow(self, mine: Mine, *, disk_gib: int) -> Upid: ...
    def start(self, mine: Mine) -> Upid: ...
    def shutdown(self, mine: Mine, *, timeout_s: int) -> Upid: ...
    def stop(self, mine: Mine) -> Upid: ...
    def destroy(self, mine: Mine) -> Upid: ...
    def migrate(self, mine: Mine, *, to_node: str) -> Upid: ...
    def snapshots(self, mine: Mine) -> list[SnapshotSeen]: ...
    def take_snapshot(self, mine: Mine, *, name: str, description: str) -> Upid: ...
    def delete_snapshot(self, mine: Mine, *, name: str) -> Upid: ...
    def roll_back(self, mine: Mine, *, name: str) -> Upid: ...
    def resources(self) -> Resources: ...
    def tasks(self, node: str, *, since: int) -> list[Task]: ...
    def running_tasks(self, node: str) -> list[Task]: ...
    def lost_task(self, ct: Ct | Mine, *, kind: str, since: int, known: Collection[str]) -> Task | None: ...
    def outcome(self, task: Task) -> StepError | None: ...
    def task_log(self, upid: Upid, *, lines: int = 20) -> str: ...
