"""The JSON of the document's examples: one tenant, its pod, the operation that makes it.

Decides: the examples' values. Not: their shape: a test holds each against its schema.
"""

from __future__ import annotations

from typing import Any

from migracloud.openapi.problems import REQUEST_ID
from operations.kind import Kind, recorded_by_service
from pods.kinds.create import CREATE

TENANT_ID = "019a9d3e-1c07-7c02-b7c4-93a5a1f1d0aa"
POD_ID = "019a9d3e-6f2c-7b1a-a4d6-8d1b0b7c2f31"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG5ZXr523QJ6Jw4p7LKUkeCvzC3yc5kktE5dsiTS7hKH alice@laptop"
OPERATION_ID = "019a9d3e-6f2e-7f08-9d3a-5ab1c4a7e6d2"

TENANT: dict[str, Any] = {
    "id": TENANT_ID,
    "reference": "TENANT-101",
    "name": "Alice's shop",
    "kind": "customer",
    "state": "active",
    "suspended_reason": "",
    "grace_hours": 72,
    "quota": {"pods": 10, "cores": 20, "memory_mib": 40960, "disk_gib": 400},
    "created_at": "2026-11-23T09:00:12.381922Z",
}
POD: dict[str, Any] = {
    "id": POD_ID,
    "hostname": "web",
    "tenant": "TENANT-101",
    "phase": "active",
    "protected": False,
    "deleted_at": None,
    "purge_at": None,
    "suspended": False,
    "suspended_at": None,
    "suspended_reason": "",
    "tenant_suspended": False,
    "desired_state": "running",
    "observed_state": "running",
    "observed_at": "2026-11-23T09:31:00.201774Z",
    "observed": {
        "state": "running",
        "as_of": "2026-11-23T09:31:00.201774Z",
        "stale": False,
        "reason": None,
        "last_seen_state": "running",
        "node": "pve",
        "cores": 2.0,
        "memory_mib": 2048,
        "memory_used_mib": 312,
        "disk_gib": 10.0,
        "up_since": "2026-11-23T09:30:18Z",
    },
    "address": "10.1.10.50",
    "cores": 2,
    "memory_mib": 2048,
    "swap_mib": 512,
    "disk_gib": 10,
    "pending": [],
    "snapshots": 1,
    "cluster": "pve-a",
    "node": "pve",
    "tier": "clients-main",
    "vmid": 9100,
    "interfaces": [{"name": "net0", "mac": "BC:24:11:5E:0A:7F", "addresses": ["10.1.10.50/24"]}],
    "ssh_keys": [SSH_KEY],
    "created_at": "2026-11-23T09:30:04.115204Z",
    "gone_at": None,
}


SNAPSHOT = {
    "name": "before-upgrade",
    "description": "PHP 8.1 still works here",
    "state": "ready",
    "created_at": "2026-11-23T10:02:11.604318Z",
}
FREEZE_ID = "019a9d3e-8b11-7e02-8c1f-3f0a5f1c2d44"
FREEZE: dict[str, Any] = {
    "id": FREEZE_ID,
    "cluster": "pve-a",
    "code": "",
    "reason": "the storage is being replaced",
    "frozen_by": "mpanel",
    "began_at": "2026-11-23T10:00:00.118020Z",
    "until": "2026-11-23T12:00:00Z",
    "ended_at": None,
    "ended_by": "",
}
FINDING_ID = "019a9d3e-8c20-7a55-b0d2-11f0c3a9be71"
FINDING: dict[str, Any] = {
    "id": FINDING_ID,
    "cluster": "pve-a",
    "code": "stuck_lock",
    "severity": "critical",
    "about": "CT 9100",
    "detail": "CT is locked (snapshot)",
    "what_to_do": "No task works on the container, and only the node itself can take the lock away. On node pve, type: "
    "pct unlock 9100",
    "opened_at": "2026-11-23T10:21:00.330172Z",
    "seen_at": "2026-11-23T10:29:00.411903Z",
    "closed_at": None,
    "closed_because": "",
}


def begun(kind: Kind[Any]) -> dict[str, Any]:
    """An operation as the answer to what began it."""
    done = sum(step.do is recorded_by_service for step in kind.steps)
    return {
        "id": OPERATION_ID,
        "kind": kind.name,
        "state": "queued",
        "tenant": "TENANT-101",
        "subject": {"kind": "pod", "id": POD_ID, "name": "web"},
        "progress": {"done": done, "total": len(kind.steps)},
        "waits_for": "",
        "cancel_asked": False,
        "error": None,
        "asked_by": "mpanel",
        "request_id": REQUEST_ID,
        "created_at": "2026-11-23T09:30:04.119871Z",
        "started_at": None,
        "finished_at": None,
    }


def all_begun(kind: Kind[Any]) -> dict[str, Any]:
    """The answer to what concerns all of a tenant's pods, of which there is one."""
    return {"request_id": REQUEST_ID, "operations": [begun(kind)]}


def _step(position: int, name: str, *attempts: dict[str, Any]) -> dict[str, Any]:
    return {"position": position, "name": name, "state": "done", "attempts": list(attempts)}


def _attempt(begun: str, ended: str) -> dict[str, Any]:
    return {
        "direction": "do",
        "number": 1,
        "begun_at": f"2026-11-23T09:30:{begun}Z",
        "ended_at": f"2026-11-23T09:30:{ended}Z",
        "result": "done",
        "error_code": "",
        "error_message": "",
    }


DONE: dict[str, Any] = {
    **begun(CREATE),
    "state": "succeeded",
    "progress": {"done": len(CREATE.steps), "total": len(CREATE.steps)},
    "started_at": "2026-11-23T09:30:04.240118Z",
    "finished_at": "2026-11-23T09:30:19.870442Z",
}
DETAIL: dict[str, Any] = {
    **DONE,
    "explanation": {
        "asked": "mpanel asked to create pod web.",
        "happened": f"All {len(CREATE.steps)} steps are done.",
        "undone": "",
        "remains": "",
        "next": "",
    },
    "steps": [
        _step(1, "reserve"),
        _step(2, "clone", _attempt("04.251907", "12.733510")),
        _step(3, "configure", _attempt("12.741022", "13.190874")),
        _step(4, "start", _attempt("13.201455", "18.415907")),
        _step(5, "settle", _attempt("18.422316", "19.868120")),
    ],
}
