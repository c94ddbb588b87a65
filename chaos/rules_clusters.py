"""Rules that compare the clusters with the rows: whose each container is, and whether it is as its pod's row says.

Decides: what is right. Not: when it is asked (checker.py). Independent of the product's models, services and kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chaos import marks
from chaos.facts import Facts, Row
from chaos.violations import Violation, twice
from chaos.wanted import differences

WITH_A_CONTAINER = ("active", "deleted")
VMID_IN_NAME = re.compile(r"-(\d+)-disk-\d+")


# At every moment


def no_stranger_was_touched(facts: Facts) -> Iterator[Violation]:
    for seen in facts.clusters.values():
        for vmid, as_put in seen.strangers.items():
            if seen.cts.get(vmid) != as_put:
                yield Violation("stranger_touched", f"CT {vmid} is not ours, and it is not as it was")


def no_two_running_containers_have_an_address(facts: Facts) -> Iterator[Violation]:
    for seen in facts.clusters.values():
        running = [ct for ct in seen.ours().values() if ct["status"] == "running"]
        for address in twice(net0(ct).get("ip", ct["vmid"]) for ct in running):
            yield Violation("address_doubled", f"two running containers have the address {address}")


# When the world is at rest


def every_container_is_one_live_pod_s(facts: Facts) -> Iterator[Violation]:
    pods = facts.by_id("pods_cloudpod")
    tenants = facts.by_id("tenants_tenant")
    owners = {(hold["cluster"], hold["vmid"]): hold["pod"] for hold in facts.live_holds()}
    for cluster, seen in facts.clusters.items():
        for vmid, ct in seen.ours().items():
            owner = owners.get((cluster, vmid))
            mark = marks.read(str(ct["config"].get("description", "")), facts.mark_secrets)
            if owner is None:
                yield Violation("ct_without_row", f"CT {vmid} on node {ct['node']} belongs to no live pod")
            elif isinstance(mark, str):
                yield Violation("mark_wrong", f"CT {vmid}: {mark}")
            else:
                reference = tenants[pods[owner]["tenant_id"]]["reference"]
                expected = {"pod": str(owner), "cluster": str(cluster), "vmid": str(vmid), "tenant": reference}
                if wrong := [name for name, value in expected.items() if mark.get(name) != value]:
                    yield Violation("mark_wrong", f"CT {vmid}: its mark names another {', '.join(wrong)}")


def every_pod_has_its_container(facts: Facts) -> Iterator[Violation]:
    for pod, ct in _pods_at_rest(facts):
        if ct is None:
            yield Violation("row_without_ct", f"pod {pod['hostname']} is {pod['phase']} and has no CT {pod['vmid']}")


def every_container_is_as_its_row_says(facts: Facts) -> Iterator[Violation]:
    for pod, ct in _pods_at_rest(facts):
        if ct is not None:
            for code, words in differences(facts, pod, ct):
                yield Violation(code, f"pod {pod['hostname']}, CT {pod['vmid']}: {words}")


def no_lock_and_no_task_is_left(facts: Facts) -> Iterator[Violation]:
    for seen in facts.clusters.values():
        for vmid, ct in seen.cts.items():
            if ct["lock"] and vmid not in seen.strangers:
                yield Violation("lock_left", f"CT {vmid} is locked ({ct['lock']}) and nobody works on it")
        for task in seen.running:
            yield Violation("task_left", f"the task {task['upid']} still runs")


def every_volume_is_a_container_s(facts: Facts) -> Iterator[Violation]:
    for seen in facts.clusters.values():
        ours = seen.ours()
        for volume in seen.volumes:
            vmid, key, name = volume["vmid"], volume["key"], volume["volume"]
            if vmid not in ours and vmid in seen.cts:
                continue  # a template's or a stranger's
            named = VMID_IN_NAME.findall(name)
            if vmid not in ours or key.startswith("unused") or (named and int(named[-1]) != vmid):
                yield Violation("volume_orphaned", f"volume {name} at {key} of CT {vmid} is nobody's")


def no_two_containers_are_alike(facts: Facts) -> Iterator[Violation]:
    """A rebuild that needs a person has left two of one pod."""
    left = facts.left_to_a_person()
    of_those = {(hold["cluster"], hold["vmid"]) for hold in facts.live_holds() if hold["pod"] in left}
    for cluster, seen in facts.clusters.items():
        cards = [net0(ct) for vmid, ct in seen.ours().items() if (cluster, vmid) not in of_those]
        for address in twice(card["ip"] for card in cards if "ip" in card):
            yield Violation("address_doubled", f"two containers have the address {address}")
        for mac in twice(card["hwaddr"] for card in cards if "hwaddr" in card):
            yield Violation("mac_doubled", f"two containers have the MAC {mac}")


def snapshots_are_as_the_rows_say(facts: Facts) -> Iterator[Violation]:
    if not facts.has("pods_snapshot"):
        return
    rows: dict[Any, set[str]] = {}
    left = facts.left_to_a_person()
    for row in facts.rows("pods_snapshot"):
        rows.setdefault(row["pod_id"], set()).add(row["name"])
        if row["state"] != "ready" and row["pod_id"] not in left:
            yield Violation("snapshot_unfinished", f"snapshot {row['name']} is {row['state']}")
    for pod, ct in _pods_at_rest(facts):
        if ct is None:  # reported as such
            continue
        there = set(ct.get("snapshots") or ()) - {"current"}
        wanted = rows.get(pod["id"], set())
        for name in sorted(there - wanted):
            yield Violation("snapshot_left", f"CT {pod['vmid']} has the snapshot {name}, which no row names")
        for name in sorted(wanted - there):
            yield Violation("snapshot_missing", f"CT {pod['vmid']} lacks the snapshot {name}")


def _pods_at_rest(facts: Facts) -> Iterator[tuple[Row, Row | None]]:
    """Each pod that has to have a container, with what is at its VMID; without those that are left to a person."""
    left = facts.left_to_a_person()
    for pod in facts.live_pods():
        seen = facts.clusters.get(pod["cluster_id"])
        if seen is not None and pod["phase"] in WITH_A_CONTAINER and pod["id"] not in left:
            yield pod, seen.ours().get(pod["vmid"])


def net0(ct: Row) -> dict[str, str]:
    return dict(part.split("=", 1) for part in str(ct["config"].get("net0", "")).split(",") if "=" in part)


ALWAYS = (no_stranger_was_touched, no_two_running_containers_have_an_address)

AT_REST = (
    every_container_is_one_live_pod_s,
    every_pod_has_its_container,
    every_container_is_as_its_row_says,
    no_lock_and_no_task_is_left,
    every_volume_is_a_container_s,
    no_two_containers_are_alike,
    snapshots_are_as_the_rows_say,
)
