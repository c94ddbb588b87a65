"""The naive baseline: a thread a pod that does one call after the other and sleeps on each task.

Decides: what somebody writes in an afternoon, and does not do without. No record, no marks, no queue, no recovery: when
Proxmox says that the template is locked, it asks again a second later. What the control plane costs is the difference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.plain_pve import PlainPve, is_locked
from demo.handle import Ready

POLL = 1.0  # seconds that it sleeps between two looks, and before it asks a locked template again


def seconds_to_create(ready: Ready, vmids_by_template: Mapping[tuple[str, int], Sequence[int]]) -> float:
    """Wall time until all of them run. The keys are node and template's VMID; the values, VMIDs to be made there.

    They begin spread over one POLL, as requests arrive: in step, all would ask just before a clone ends, each time.
    """
    wanted = [(node, template, vmid) for (node, template), vmids in vmids_by_template.items() for vmid in vmids]
    began = time.perf_counter()
    with ThreadPoolExecutor(len(wanted)) as pods:
        made = [
            pods.submit(_create, ready, *pod, after=POLL * number / len(wanted)) for number, pod in enumerate(wanted)
        ]
        for one in made:
            one.result()
    return time.perf_counter() - began


def _create(ready: Ready, node: str, template: int, vmid: int, *, after: float) -> None:
    time.sleep(after)
    pve, ct = PlainPve(ready, poll=POLL), f"nodes/{node}/lxc/{vmid}"
    _clone(pve, node, template, vmid)
    pve.ask("PUT", f"{ct}/config", {"cores": 2, "memory": 2048, "swap": 512, "onboot": 1})
    pve.ask("PUT", f"{ct}/firewall/options", {"enable": 1, "ipfilter": 1, "macfilter": 1, "policy_in": "ACCEPT"})
    pve.task("POST", f"{ct}/status/start")


def _clone(pve: PlainPve, node: str, template: int, vmid: int) -> None:
    while True:
        try:
            pve.task("POST", f"nodes/{node}/lxc/{template}/clone", newid=vmid, hostname=f"naive-{vmid}", full=0)
            return
        except requests.HTTPError as refusal:
            if not is_locked(refusal):
                raise
            time.sleep(POLL)
