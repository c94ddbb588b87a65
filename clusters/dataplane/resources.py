"""A cluster's list of resources (guests, nodes, storages) as values of ours, read as far as it can be read.

Decides: what an odd row or value comes to. Not: what follows for a pod, a node or a tier (observation.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.dataplane import values
from clusters.dataplane.port import Guest, Machine, Resources, Storage

GUESTS = ("lxc", "qemu")
_MIB, _GIB = 2**20, 2**30
_MOST = 2**31 - 1  # of MiB, GiB, cores and seconds; what is more is no quantity of this world
_NAME = 63  # characters of a node's or storage's name
_TEXT = 255


def resources_of(rows: Any) -> Resources:
    """One odd row or value must not hide the others: a value that cannot be read is None, a row is left out.

    A row that may have been a guest is counted in `unread`. A list without a node is none that Proxmox gives.
    """
    if not isinstance(rows, list):
        raise TypeError(f"{type(rows).__name__} is no list")
    guests: list[Guest] = []
    nodes: list[Machine] = []
    storages: list[Storage] = []
    unread = 0
    for row in rows:
        kind = row.get("type") if isinstance(row, Mapping) else None
        if kind == "node":
            nodes.append(machine_of(row))
        elif kind == "storage":
            storages.append(storage_of(row))
        elif kind in GUESTS:
            try:
                guests.append(guest_of(row))
            except (LookupError, TypeError, ValueError, OverflowError):
                unread += 1
        elif not isinstance(kind, str):
            unread += 1
    if not nodes:
        raise ValueError("it lists no node")
    return Resources(tuple(guests), tuple(nodes), tuple(storages), unread)


def guest_of(row: Mapping[str, Any]) -> Guest:
    """Its VMID has to be one; all else may be odd or missing: a fresh container has nothing but its status."""
    tags = row.get("tags")
    return Guest(
        vmid=_vmid(row["vmid"]),
        node=_text(row.get("node"), _NAME),
        name=_text(row.get("name"), _TEXT),
        kind=_text(row.get("type"), _NAME),
        status=_text(row.get("status"), _NAME) or "unknown",
        template=row.get("template") in (1, "1"),
        tags=values.tags(tags) if isinstance(tags, str) else frozenset(),
        lock=_text(row.get("lock"), _NAME) or None,
        cores=_quantity(row.get("maxcpu")),
        memory_mib=_whole(row.get("maxmem"), _MIB),
        memory_used_mib=_whole(row.get("mem"), _MIB),
        disk_gib=_quantity(row.get("maxdisk"), _GIB),
        up_seconds=_whole(row.get("uptime")),
    )


def machine_of(row: Mapping[str, Any]) -> Machine:
    return Machine(
        name=_text(row.get("node"), _NAME),
        status=_text(row.get("status"), _NAME) or "unknown",
        cores=_whole(row.get("maxcpu")),
        load=_quantity(row.get("cpu")),
        memory_mib=_whole(row.get("maxmem"), _MIB),
        memory_used_mib=_whole(row.get("mem"), _MIB),
        up_seconds=_whole(row.get("uptime")),
    )


def storage_of(row: Mapping[str, Any]) -> Storage:
    return Storage(
        name=_text(row.get("storage"), _NAME),
        node=_text(row.get("node"), _NAME),
        available=row.get("status") == "available",
        total_gib=_quantity(row.get("maxdisk"), _GIB),
        used_gib=_quantity(row.get("disk"), _GIB),
    )


def _vmid(value: object) -> int:
    vmid = _whole(value)
    if vmid is None:
        raise ValueError(f"{value!r} is no VMID")
    return vmid


def _text(value: object, most: int) -> str:
    """PostgreSQL holds no NUL, and half of a surrogate pair is no text in UTF-8."""
    if not isinstance(value, str):
        return ""
    return value[:most].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _quantity(value: object, unit: int = 1) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value) / unit
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found <= _MOST else None  # nor NaN, which is in no range


def _whole(value: object, unit: int = 1) -> int | None:
    found = _quantity(value, unit)
    return None if found is None else int(found)
