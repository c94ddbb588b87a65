"""Two hundred creates over four nodes: wall time against the floor of evenly used lanes, calls, and the first call.

Decides: what is asked for, and what each figure is compared with. Not: how the naive baseline works (naive.py).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import naive
from bench.calls import own
from bench.creating import ask_for, make_tenant, wait_until_ended
from bench.figures import Figure
from bench.processes import Meter
from bench.stage import FOUR_NODES, Stage, stage, tell

NODES = 4
CLONE, START = 3.0, 1.0  # seconds that a clone and a start take in the fake
SINGLE_CLONE, SINGLE_START = 0.2, 0.1  # of the single creates: what is measured ends when their clones begin
SLOWEST = 1.15  # of the floor
CALLS = 6  # to Proxmox a create: clone, look, configure, firewall, look, start
FIRST_CALL = 0.5  # seconds from the request
PATIENCE = 3.0  # times the floor
SINGLE_PATIENCE = 30.0


@dataclass(frozen=True)
class Size:
    """`singles`: the creates one after the other on an idle fleet."""

    name: str
    pods: int
    singles: int

    @property
    def floor(self) -> float:
        """Seconds that evenly used lanes take, whatever placement chose: a template is cloned once at a time."""
        return self.pods / NODES * CLONE + START


FULL = Size("two_hundred_creates", pods=200, singles=15)
QUICK = Size("forty_creates", pods=40, singles=5)


def two_hundred_creates(*, quick: bool = False) -> list[Figure]:
    size = QUICK if quick else FULL
    with stage(FOUR_NODES, clone=SINGLE_CLONE, start=SINGLE_START) as on:
        make_tenant(on, pods=size.pods + size.singles)
        first_call = _first_call(on, size.singles)
        on.pve.clear_record()
        on.pve.set_seconds(clone=CLONE, start=START)
        singles = on.pve.vmids()
        tell(f"{size.pods} creates by the control plane; the floor is {size.floor:g} s")
        seconds = _create_all(on, size)
        record = on.pve.record()
        calls = own(record)
        tell(f"calls that are no shared polling: {dict(calls)}; shared: {len(record) - calls.total()}")
        lanes = lanes_of(on.pve.cts(), without=singles)
        tell(f"the same by a thread a pod; a template each: {[len(vmids) for vmids in lanes.values()]}")
        on.pve.reset()
        on.pve.set_seconds(time_scale=1, clone=CLONE, start=START)
        naive_seconds = naive.seconds_to_create(on.pve.ready, lanes)
        naive_calls = len(on.pve.record())
    return [
        Figure("request_to_first_call_median_seconds", first_call, FIRST_CALL, 1.0),
        Figure(f"{size.name}_seconds", seconds, size.floor, SLOWEST),
        Figure(f"{size.name}_against_naive_seconds", seconds, naive_seconds, SLOWEST),
        Figure(f"{size.name}_calls", calls.total() / size.pods, CALLS, 1.0),
        Figure(f"{size.name}_against_naive_calls", len(record) / size.pods, naive_calls / size.pods, 1.0),
    ]


def _first_call(on: Stage, singles: int) -> float:
    """The median time from a request until Proxmox has begun the task that it asks for first, one after the other."""
    taken = []
    for number in range(singles):
        with ThreadPoolExecutor(1) as watcher:
            running = watcher.submit(_seen_running, on)
            began = time.perf_counter()
            asked = ask_for(on, [f"single-{number}"])
            taken.append(running.result() - began)
        wait_until_ended(asked, patience=SINGLE_PATIENCE)
        on.pve.wait_idle()
    tell(f"seconds from request to first call, idle: {' '.join(f'{one:.3f}' for one in sorted(taken))}")
    return median(taken)


def _seen_running(on: Stage) -> float:
    on.pve.wait_running(SINGLE_PATIENCE)
    return time.perf_counter()


def _create_all(on: Stage, size: Size) -> float:
    """Wall time from the first request until all of them run."""
    meter = Meter(on.sessions)
    began = time.perf_counter()
    asked = ask_for(on, [f"bench-{number}" for number in range(size.pods)])
    tell(f"all are asked for after {time.perf_counter() - began:.1f} s")
    wait_until_ended(asked, patience=PATIENCE * size.floor)
    took = time.perf_counter() - began
    told = ", ".join(f"{name} {used / size.pods:.3f}" for name, used in meter.used().items())
    tell(f"processor seconds a create: {told}")
    return took


def lanes_of(cts: Mapping[int, Mapping[str, Any]], *, without: set[int]) -> dict[tuple[str, int], list[int]]:
    """VMIDs by node and template, as the control plane has placed them."""
    templates = {ct["node"]: vmid for vmid, ct in cts.items() if ct["template"]}
    lanes: dict[tuple[str, int], list[int]] = defaultdict(list)
    for vmid, ct in cts.items():
        if not ct["template"] and vmid not in without:
            lanes[ct["node"], templates[ct["node"]]].append(vmid)
    return dict(lanes)
