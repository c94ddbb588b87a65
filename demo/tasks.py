"""Tasks as the recordings show them: their lists, their views, their ends.

Decides: when a task runs, fails or ends, and how it is listed. Not: what a task does (fakepve, pve.py).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from fakepve import FakeCt, FakePve, PveError, TaskError
from fakepve import server as fakepve_server
from fakepve.lxc import parse_mount

from demo.faults import Faults, Killed
from demo.record import TASKS, Record

# Storages on which a template's volume cannot go while linked clones stand on it.
KEEPS_BASE = ("zfspool", "rbd")
# Their requests are accepted while the container is locked: it is the task that fails, and at once.
AT_ONCE_IF_LOCKED = ("start", "stop", "shutdown")


# They write nothing into the cluster's configuration: without a quorum they go on.
WRITE_NOTHING = ("start", "stop", "shutdown", "reboot")


@dataclass(frozen=True)
class Parts:
    """A task as Proxmox divides it. `begin` checks and sets its lock; then it takes its time; `finish` is its effect.

    When its work fails, `give_up` is what Proxmox takes back (no more than that: other locks stay), and `worded` makes
    the exit status of what went wrong.
    """

    begin: Callable[[FakeCt], None]
    finish: Callable[[FakeCt], None]
    give_up: Callable[[FakeCt], None] = lambda ct: None
    worded: Callable[[str], str] = str


class Tasks(FakePve):
    """fakepve with tasks that can be held, failed and killed, and that are listed as Proxmox lists them."""

    record: Record
    faults: Faults
    seconds: dict[str, float]  # by name of the task
    linked: dict[int, int]  # VMID of a linked clone: VMID of its template
    _working: set[asyncio.Task[None]]

    async def task(
        self,
        node: str,
        ttype: str,
        tid: str | int,
        user: str,
        body: Callable[[], Awaitable[str | None]],
        vm: FakeCt | None = None,
        lock: bool = True,
        log: Iterable[str] = (),
        parts: Parts | None = None,
    ) -> str:
        """Begin a task; with a time scale of 0 and nothing held, it has ended when the UPID is answered."""
        upid, pid, start = self._upid(node, ttype, tid, user)
        task = {"upid": upid, "node": node, "pid": pid, "pstart": pid * 7, "starttime": start, "type": ttype}
        task |= {"id": str(tid), "user": user, "status": "running"}
        task["log"] = log if isinstance(log, list) else list(log)  # a task in parts writes on into its own
        self.tasks[upid] = task
        self.tasklog.append(task)
        self.faults.note_change()
        work = asyncio.ensure_future(self._work(task, body, vm, lock and parts is None, parts))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        if not self.time_scale and not self.faults.tasks_held:
            await work
        return str(upid)

    async def _work(
        self,
        task: dict[str, Any],
        body: Callable[[], Awaitable[str | None]],
        vm: FakeCt | None,
        lock: bool,
        parts: Parts | None,
    ) -> None:
        name = TASKS.get(task["type"], task["type"])
        status = "OK"
        try:
            if vm is not None and lock:
                await self.acquire(vm, task["upid"])
            try:
                if parts is not None:
                    await self._do_in_parts(name, task, vm, parts)
                else:
                    await self._do(name, task, body, vm)
            finally:
                if vm is not None and lock:
                    self.release(vm, task["upid"])
            if self.faults.take_warning(name):
                status = "WARNINGS: 1"
                task["log"].append("WARN: made to warn")
        except TaskError as error:
            status = str(error)
        except Killed:
            status = "unexpected status"
        self._end(task, status)

    def _end(self, task: dict[str, Any], status: str) -> None:
        well = status == "OK" or status.startswith("WARNINGS")
        if status != "unexpected status":
            task["log"].append(f"TASK {status}" if well else f"TASK ERROR: {status}")
        task |= {"status": "stopped", "exitstatus": status, "endtime": int(time.time())}
        self.record.task_ended(task)
        self.faults.note_change()

    async def _do(
        self, name: str, task: dict[str, Any], body: Callable[[], Awaitable[str | None]], vm: FakeCt | None
    ) -> None:
        failure = self.faults.take_task_failure(name)
        if name in AT_ONCE_IF_LOCKED and vm is not None:
            self._task_lock(vm, allow=("mounted",))
        await self._take_its_time(name)
        self._refuse_unwritable(name, task)
        problem = failure.message if failure else self._no_room(name, vm)
        if problem:
            self._clean_up(name, task, vm)
            raise TaskError(problem)
        if name == "destroy" and vm is not None:
            self._refuse_used_base(vm)
        note = await body()
        task["log"] += [note] if note else []

    async def _do_in_parts(self, name: str, task: dict[str, Any], vm: FakeCt | None, parts: Parts) -> None:
        failure = self.faults.take_task_failure(name)
        if vm is None:
            raise TaskError(f"Configuration file 'nodes/{task['node']}/lxc/{task['id']}.conf' does not exist")
        if failure and not failure.late:
            await self._take_its_time(name)
            raise TaskError(failure.message)
        self._refuse_unwritable(name, task)
        parts.begin(vm)
        await self._take_its_time(name)
        self._refuse_unwritable(name, task)
        problem = failure.message if failure else self._no_room(name, vm)
        if problem:
            parts.give_up(vm)
            raise TaskError(parts.worded(problem))
        parts.finish(vm)

    async def _take_its_time(self, name: str) -> None:
        await self.faults.wait_out_task_hold()
        await self.pause(self.seconds.get(name, 0))

    def _refuse_unwritable(self, name: str, task: dict[str, Any]) -> None:
        """Without a quorum the configuration of all nodes is read-only: no lock is set, nor taken away."""
        if not self.quorate and name not in WRITE_NOTHING:
            file = f"/etc/pve/nodes/{task['node']}/lxc/{task['id']}.conf.tmp.{task['pid']}"
            raise TaskError(f"unable to open file '{file}' - Permission denied")

    def _no_room(self, name: str, ct: FakeCt | None) -> str | None:
        """What the task fails with, if it needs room on a storage that has none."""
        return None

    def _clean_up(self, name: str, task: dict[str, Any], vm: FakeCt | None) -> None:
        """What Proxmox takes back itself: a failed clone's half-made target and its source's lock."""
        if name != "clone":
            return
        if vm is not None:
            self._drop(vm)
        source = self.ct(int(task["id"]))
        if source is not None and source.lock == "disk":
            source.lock = None

    def _refuse_used_base(self, ct: FakeCt) -> None:
        if ct.vmid not in self.linked.values():
            return
        storage, _, volume = parse_mount(ct.config["rootfs"])["volume"].partition(":")
        if self.storages[storage]["type"] in KEEPS_BASE:
            raise TaskError(f"base volume '{volume}' is still in use by linked clones")

    async def _task_list(self, request: web.Request) -> web.Response:
        """`source`, `since`, `until`, `typefilter`, `vmid`, `start` and `limit`, as Proxmox takes them."""
        values = self._verify(request, await fakepve_server.params(request))
        user, node = request[fakepve_server.USER], request.match_info["node"]
        auditor = self.allowed(user, f"/nodes/{node}", "Sys.Audit")

        def wanted(task: dict[str, Any]) -> bool:
            started = task["starttime"]
            return bool(
                task["node"] == node
                and (auditor or self._task_owner(user, task))
                and values.get("since", started) <= started <= values.get("until", started)
                and values.get("typefilter", task["type"]) == task["type"]
                and str(values.get("vmid", task["id"])) == task["id"]
            )

        chosen = [task for task in reversed(self.tasklog) if wanted(task)]
        source = values.get("source", "archive")
        active = [task for task in chosen if "exitstatus" not in task and source in ("active", "all")]
        ended = [task for task in chosen if "exitstatus" in task and source in ("archive", "all")]
        ended.sort(key=lambda task: -task["endtime"])
        rows = [self._task_view(task, True) for task in active + ended]
        start = values.get("start", 0)
        page = rows[start : start + values.get("limit", 50)]
        return web.json_response({"data": page, "total": len(rows)})

    def _task_view(self, task: dict[str, Any], listing: bool = False) -> dict[str, Any]:
        """The list says RUNNING and the token in the user's name; everything else splits user and token."""
        view = {key: value for key, value in task.items() if key != "log"}
        if listing and "exitstatus" not in task:
            return view | {"status": "RUNNING", "saved": "0"}
        user, separator, token = task["user"].partition("!")
        view["user"] = user
        if separator:
            view["tokenid"] = token
        if listing:
            view["status"] = view.pop("exitstatus")
        else:
            view.pop("endtime", None)
        return view

    def _get_task(self, request: web.Request) -> Any:
        upid = request.match_info["upid"]
        if upid not in self.tasks:
            known_form = re.fullmatch(r"UPID:[^:]+(:[0-9A-Fa-f]{8,9}){3}:[^:]+:[^:]*:[^:]+:", upid)
            reason = "no such task" if known_form else "unable to parse worker upid"
            raise PveError(400, "Parameter verification failed.", {"upid": reason})
        return super()._get_task(request)

    async def _task_log(self, request: web.Request) -> web.Response:
        values = self._verify(request, await fakepve_server.params(request))
        lines = [{"n": n, "t": text} for n, text in enumerate(self._get_task(request)["log"], 1)]
        start = values.get("start", 0)
        page = lines[start : start + values.get("limit", 50)]
        return web.json_response({"data": page, "total": len(lines)})
