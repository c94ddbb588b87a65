"""The floor that clone lanes set, measured: the same clones asked for directly, back to back, one at a time a template.

Decides: what the least possible is. A template can be cloned once at a time, so nobody makes N pods on it sooner than N
clones and one start take. No database, no record, no marks, no recovery: what the control plane adds is the difference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import requests

from demo.handle import Ready

POLL = 0.02  # seconds between two looks at a task


def seconds_to_make(ready: Ready, vmids_by_template: Mapping[tuple[str, int], Sequence[int]]) -> float:
    """Wall time until all of them run. The keys are node and template's VMID; the values, VMIDs to be made there."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(vmids_by_template)) as lanes, ThreadPoolExecutor(16) as starts:
        started: list[Future[None]] = []
        for done in [lanes.submit(_lane, ready, *key, vmids, starts) for key, vmids in vmids_by_template.items()]:
            started += done.result()
        for one in started:
            one.result()
    return time.perf_counter() - began


def _lane(
    ready: Ready, node: str, template: int, vmids: Sequence[int], starts: ThreadPoolExecutor
) -> list[Future[None]]:
    """Clone after clone; each is started beside the next clone."""
    pve = _Pve(ready)
    started = []
    for vmid in vmids:
        pve.task("POST", f"nodes/{node}/lxc/{template}/clone", newid=vmid, hostname=f"floor-{vmid}")
        started.append(starts.submit(_start, ready, node, vmid))
    return started


def _start(ready: Ready, node: str, vmid: int) -> None:
    _Pve(ready).task("POST", f"nodes/{node}/lxc/{vmid}/status/start")


class _Pve:
    """Proxmox's API, spoken as plainly as can be."""

    def __init__(self, ready: Ready) -> None:
        self._url = f"{ready.url}/api2/json"
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy on the way to loopback
        self._session.verify = ready.ca_file
        self._session.headers["Authorization"] = f"PVEAPIToken={ready.token_id}={ready.token_secret}"

    def task(self, method: str, path: str, **params: str | int) -> None:
        """Ask for it and return when its task has ended well."""
        upid = self._call(method, path, params)
        node = str(upid).split(":")[1]
        while True:
            task = self._call("GET", f"nodes/{node}/tasks/{upid}/status", {})
            assert isinstance(task, dict)
            if task["status"] == "stopped":
                break
            time.sleep(POLL)
        if task["exitstatus"] != "OK":
            raise RuntimeError(f"{method} {path}: {task['exitstatus']}")

    def _call(self, method: str, path: str, params: Mapping[str, str | int]) -> object:
        answer = self._session.request(method, f"{self._url}/{path}", data=params or None, timeout=30)
        answer.raise_for_status()
        data: object = answer.json()["data"]
        return data
