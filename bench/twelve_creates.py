"""Twelve creates at once: from the first request until all twelve run, against the floor of the clone lanes.

Decides: what is asked for, and what the floor is compared with. Not: how the floor is measured (lanes_floor.py).
"""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.figures import Figure
from bench.lanes_floor import seconds_to_make
from bench.stage import Stage, stage, tell

PODS = 12
CLONE, START = 2.5, 1.0  # seconds that a clone and a start take in the fake
TARGET = 1.25  # of twelve; hints, polling and start-up weigh more than with hundreds
PATIENCE = 120.0
TENANT = "TENANT-201"


def twelve_creates(*, quick: bool = False) -> list[Figure]:
    """On the demo's two nodes, so that six wait for each template. `quick` changes nothing: it is."""
    with stage(clone=CLONE, start=START) as on:
        on.mpanel.create_tenant(TENANT, "Bench", {"pods": PODS, "cores": 100, "memory_mib": 100_000, "disk_gib": 500})
        tell(f"{PODS} creates by the control plane")
        value = _create_all(on)
        lanes = _lanes(on.pve.cts())
        tell(f"the same clones asked for directly, a lane a template: {[len(vmids) for vmids in lanes.values()]}")
        on.pve.reset()
        on.pve.set_seconds(time_scale=1, clone=CLONE, start=START)
        baseline = seconds_to_make(on.pve.ready, lanes)
    return [Figure("twelve_creates_seconds", value, baseline, TARGET)]


def _create_all(on: Stage) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(PODS) as pool:
        asked = list(pool.map(lambda n: on.mpanel.create_pod(tenant=TENANT, hostname=f"bench-{n}"), range(PODS)))
    wanted = {operation["id"] for operation in asked}
    while True:
        ended = [one for one in on.mpanel.operations() if one["id"] in wanted and one["finished_at"]]
        took = time.perf_counter() - began
        if len(ended) == PODS:
            break
        if took > PATIENCE:
            raise TimeoutError(f"Only {len(ended)} of {PODS} creates had ended after {PATIENCE:g} s")
        time.sleep(0.1)
    if bad := [f"{one['subject']['name']}: {one['error']}" for one in ended if one["state"] != "succeeded"]:
        raise RuntimeError(f"Not every create succeeded: {bad}")
    return took


def _lanes(cts: dict[int, dict[str, Any]]) -> dict[tuple[str, int], list[int]]:
    """VMIDs by node and template, as the control plane has placed them."""
    templates = {ct["node"]: vmid for vmid, ct in cts.items() if ct["template"]}
    lanes: dict[tuple[str, int], list[int]] = defaultdict(list)
    for vmid, ct in cts.items():
        if not ct["template"]:
            lanes[ct["node"], templates[ct["node"]]].append(vmid)
    return dict(lanes)
