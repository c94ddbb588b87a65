"""What was asked of the fake and what it answered, and how every task ended.

Decides: what a request is called and what is kept of it. Not: what is answered.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any

from aiohttp import web

LIMIT = 100_000
LOCKED = "CT is locked"

_CT = r"/nodes/[^/]+/lxc/(?P<vmid>\d+)"
# (name, method, path under /api2/json); tests arm faults by these names.
_NAMES = [
    (name, method, re.compile(path))
    for name, method, path in (
        ("clone", "POST", _CT + "/clone"),
        ("config", "PUT", _CT + "/config"),
        ("config_get", "GET", _CT + "/config"),
        ("pending", "GET", _CT + "/pending"),
        ("status", "GET", _CT + "/status/current"),
        ("start", "POST", _CT + "/status/start"),
        ("stop", "POST", _CT + "/status/stop"),
        ("shutdown", "POST", _CT + "/status/shutdown"),
        ("reboot", "POST", _CT + "/status/reboot"),
        ("resize", "PUT", _CT + "/resize"),
        ("destroy", "DELETE", _CT),
        ("firewall", "PUT", _CT + "/firewall/options"),
        ("firewall_get", "GET", _CT + "/firewall/options"),
        ("snapshots", "GET", _CT + "/snapshot"),
        ("snapshot", "POST", _CT + "/snapshot"),
        ("delete_snapshot", "DELETE", _CT + "/snapshot/[^/]+"),
        ("rollback", "POST", _CT + "/snapshot/[^/]+/rollback"),
        ("migrate", "POST", _CT + "/migrate"),
        ("template", "POST", _CT + "/template"),
        ("create", "POST", "/nodes/[^/]+/lxc"),
        ("tasks", "GET", "/nodes/[^/]+/tasks"),
        ("task_status", "GET", "/nodes/[^/]+/tasks/[^/]+/status"),
        ("task_log", "GET", "/nodes/[^/]+/tasks/[^/]+/log"),
        ("resources", "GET", "/cluster/resources"),
        ("version", "GET", "/version"),
        ("permissions", "GET", "/access/permissions"),
    )
]
NAMES = frozenset(name for name, _, _ in _NAMES)
ALIASES = {"look": "config_get"}

# What a task is called by the request that began it.
TASKS = {
    "vzclone": "clone",
    "vzcreate": "create",
    "vzdestroy": "destroy",
    "vzstart": "start",
    "vzstop": "stop",
    "vzshutdown": "shutdown",
    "vzreboot": "reboot",
    "vztemplate": "template",
    "vzsnapshot": "snapshot",
    "vzdelsnapshot": "delete_snapshot",
    "vzrollback": "rollback",
    "vzmigrate": "migrate",
    "resize": "resize",
}


def canonical(name: str) -> str:
    """The request's name, its aliases resolved; an unknown one is a ValueError that lists what there is."""
    name = ALIASES.get(name, name)
    if name not in NAMES:
        raise ValueError(f"no request is called {name!r}; known: {', '.join(sorted(NAMES | set(ALIASES)))}")
    return name


def describe(method: str, path: str) -> tuple[str, int | None]:
    """(name, VMID or None) of a request; one without a name is called by its method and path."""
    for name, of_method, pattern in _NAMES:
        found = pattern.fullmatch(path) if method == of_method else None
        if found:
            vmid = found.groupdict().get("vmid")
            return name, int(vmid) if vmid else None
    return f"{method} {path}", None


class Record:
    """Requests with their answers, and the ends of tasks, oldest first."""

    def __init__(self) -> None:
        self.requests: deque[dict[str, Any]] = deque(maxlen=LIMIT)
        self.ends: deque[dict[str, Any]] = deque(maxlen=LIMIT)

    def clear(self) -> None:
        self.requests.clear()
        self.ends.clear()

    def begin(self, method: str, path: str, endpoint: str) -> dict[str, Any]:
        """Note a request as it arrives; `status` is None until it has been carried out."""
        name, vmid = describe(method, path)
        entry: dict[str, Any] = {"name": name, "method": method, "path": path, "vmid": vmid, "endpoint": endpoint}
        entry.update(params={}, status=None, message="", data=None, lost=False)
        self.requests.append(entry)
        return entry

    @staticmethod
    def end(entry: dict[str, Any], params: dict[str, Any], response: web.StreamResponse) -> None:
        """Add what was answered; of the data only a UPID is kept."""
        entry.update(params=params, status=response.status, message=response.reason or "")
        if not isinstance(response, web.Response) or response.content_type != "application/json":
            return
        body = json.loads(response.text or "{}")
        if response.status >= 400:
            entry["message"] = str(body.get("message", "")).rstrip("\n")
        if body.get("errors"):
            entry["errors"] = body["errors"]
        if isinstance(body.get("data"), str) and body["data"].startswith("UPID:"):
            entry["data"] = body["data"]

    def task_ended(self, task: dict[str, Any]) -> None:
        """Note the end of a task."""
        self.ends.append(
            {
                "upid": task["upid"],
                "node": task["node"],
                "name": TASKS.get(task["type"], task["type"]),
                "id": task["id"],
                "user": task["user"],
                "exitstatus": task["exitstatus"],
            }
        )

    def locked(self) -> list[dict[str, Any]]:
        """Every `CT is locked`: as an answer, or as the end of a task."""
        answers = [entry for entry in self.requests if LOCKED in entry["message"]]
        return answers + [end for end in self.ends if LOCKED in end["exitstatus"]]
