"""Proxmox's values as ours and ours as Proxmox's: configs, property strings, sizes, tags, tasks.

Decides: how each is read and written. Not: when. What Proxmox never sends is a ValueError, KeyError or so.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from clusters.dataplane.port import Change, Ct, Mine, Nic, Settings, SnapshotSeen, Task, Upid

_GIB = {"": 1 / 2**30, "K": 1 / 2**20, "M": 1 / 2**10, "G": 1.0, "T": 2.0**10}
_DEFAULT_MIB = 512  # Proxmox's own for memory and swap where the config names none
_TEXT = r"[^:\s/?#\x00\ud800-\udfff]"  # it is stored: no NUL, no half of a surrogate pair
_UPID = re.compile(rf"UPID:([A-Za-z0-9-]+):[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:{_TEXT}+:{_TEXT}*:{_TEXT}+:")


def mine_of(ct: Ct, config: Mapping[str, Any], *, task: Upid | None = None) -> Mine:
    """A container's config, once its mark was found to fit. While it is cloned it has no rootfs: 0 GiB."""
    rootfs = properties(config.get("rootfs", ""))
    return Mine(
        ct=ct,
        digest=str(config["digest"]),
        lock=str(config["lock"]) if config.get("lock") else None,
        task=task,
        hostname=str(config.get("hostname", "")),
        cores=int(config["cores"]) if "cores" in config else None,
        memory_mib=int(config.get("memory", _DEFAULT_MIB)),
        swap_mib=int(config.get("swap", _DEFAULT_MIB)),
        disk_gib=gib(rootfs["size"]) if "size" in rootfs else 0.0,
        onboot=bool(int(config.get("onboot", 0))),
        tags=tags(config.get("tags")),
        net0=properties(config.get("net0", "")),
        template=bool(int(config.get("template", 0))),
        env=tuple(pair for pair in str(config.get("env", "")).split("\0") if pair),
    )


def all_of(settings: Settings) -> Change:
    """Settings as the change that writes all of them."""
    return Change(
        cores=settings.cores,
        memory_mib=settings.memory_mib,
        swap_mib=settings.swap_mib,
        onboot=settings.onboot,
        tags=settings.tags,
        nic=settings.nic,
        env=settings.env,
    )


def change_of(change: Change) -> dict[str, str | int]:
    """A change as PUT .../config takes it. Proxmox takes no empty list: the key is taken out instead.

    `env` are NUL-separated pairs, which Proxmox knows from 9.1 on.
    """
    said = {
        "hostname": change.hostname,
        "cores": change.cores,
        "memory": change.memory_mib,
        "swap": change.swap_mib,
        "onboot": None if change.onboot is None else int(change.onboot),
        "tags": None if change.tags is None else ";".join(tag.lower() for tag in change.tags),
        "net0": None if change.nic is None else net_of(change.nic),
        "env": None if change.env is None else "\0".join(change.env),
    }
    taken_out = ",".join(name for name, value in said.items() if value == "")
    return {name: value for name, value in (said | {"delete": taken_out}).items() if value not in (None, "")}


def net_of(nic: Nic) -> str:
    """A property string such as `name=eth0,bridge=vmbr0,hwaddr=...`; the firewall is always on."""
    parts = {"name": nic.name, "bridge": nic.bridge, "hwaddr": nic.mac, "ip": nic.address}
    if nic.gateway is not None:
        parts["gw"] = nic.gateway
    parts |= {"firewall": "1", "type": "veth"}
    if nic.vlan is not None:
        parts["tag"] = str(nic.vlan)
    return ",".join(f"{name}={value}" for name, value in parts.items())


def pending_of(rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The keys whose value, or whose absence, waits for the next boot."""
    return frozenset(str(row["key"]) for row in rows if "pending" in row or row.get("delete"))


def snapshot_of(row: Mapping[str, Any]) -> SnapshotSeen:
    return SnapshotSeen(
        name=str(row["name"]),
        taken_at=int(row.get("snaptime") or 0),
        description=str(row.get("description") or "").rstrip("\n"),
        state=str(row.get("snapstate") or ""),
    )


def properties(text: str) -> dict[str, str]:
    """A property string as a dictionary; a part without a name (rootfs' volume) is left out."""
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def gib(size: str) -> float:
    """`2G`, `512M`, `1T`, or plain bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", size)
    if found is None:
        raise ValueError(f"{size!r} is no size")
    return float(found[1]) * _GIB[found[2]]


def tags(text: str | None) -> frozenset[str]:
    return frozenset(tag.lower() for tag in re.split(r"[;,\s]+", text or "") if tag)


def task_of(row: Mapping[str, Any]) -> Task:
    """A row of a node's task list, or the answer of a task's own status call, which has other words."""
    user = str(row["user"])
    if row.get("tokenid"):
        user = f"{user}!{row['tokenid']}"  # an ended task's row has them apart
    return Task(
        upid=upid_of(row["upid"]),
        node=str(row["node"]),
        kind=str(row["type"]),
        id=str(row.get("id") or ""),
        user=user,
        started=int(row["starttime"]),
        exit_status=_exit_status(row),
    )


def _exit_status(row: Mapping[str, Any]) -> str | None:
    if "exitstatus" in row:
        return str(row["exitstatus"])
    status = row.get("status")
    if status is None:
        return None if "endtime" not in row else "no exit status"
    if status in ("RUNNING", "running"):
        return None
    return "no exit status" if status == "stopped" else str(status)


def upid_of(value: object) -> Upid:
    if not isinstance(value, str) or not _UPID.fullmatch(value):
        raise ValueError(f"{value!r} is no task id")
    return Upid(value)


def order_of(task: Task) -> tuple[int, int]:
    """Which of a node's tasks began later: by the second, within it by the ticks since boot that its id has."""
    return task.started, int(task.upid.split(":")[3], 16)


def node_of(upid: Upid) -> str:
    """The node that a task runs on; its id says so."""
    return upid_of(upid).split(":")[1]
