"""The floor that clone lanes set, measured: the same clones asked for directly, back to back, one at a time a template.

Decides: what the least possible is. A template can be cloned once at a time, so nobody makes N pods on it sooner than N
clones and one start take. No database, no record, no marks, no recovery: what the control plane adds is the difference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from bench.plain_pve import PlainPve
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
    pve = PlainPve(ready, poll=POLL)
    started = []
    for vmid in vmids:
        pve.task("POST", f"nodes/{node}/lxc/{template}/clone", newid=vmid, hostname=f"floor-{vmid}")
        started.append(starts.submit(_start, ready, node, vmid))
    return started


def _start(ready: Ready, node: str, vmid: int) -> None:
    PlainPve(ready, poll=POLL).task("POST", f"nodes/{node}/lxc/{vmid}/status/start")
