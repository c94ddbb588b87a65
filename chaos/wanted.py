"""What a container has to be by its pod's row, worked out from the row alone.

Decides: which differences count. Not: which pods are compared (rules_clusters.py).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from chaos.facts import Facts, Row

KEY = re.compile(r"CLOUDPOD_SSH_KEY_\d+=(.*)", re.DOTALL)
FIREWALL = {"enable": 1, "ipfilter": 1, "macfilter": 1}
SIZES = {"K": 2.0**-20, "M": 2.0**-10, "G": 1.0, "T": 2.0**10}

Difference = tuple[str, str]  # code, words


def differences(facts: Facts, pod: Row, ct: Row) -> Iterator[Difference]:
    """What waits for the next boot counts as written."""
    config = ct["config"] | {key: value for key, value in ct["pending"].items() if value is not None}
    for key, value in ct["pending"].items():
        if value is None:
            config.pop(key, None)
    yield from _place(facts, pod, ct, config)
    yield from _size(pod, config)
    yield from _card(facts, pod, config)
    yield from _rest(facts, pod, ct, config)


def should_run(pod: Row) -> bool:
    suspended = pod.get("suspended_at") is not None or bool(pod.get("tenant_suspended"))
    return bool(pod["desired_state"] == "running" and pod["phase"] == "active" and not suspended)


def _place(facts: Facts, pod: Row, ct: Row, config: Row) -> Iterator[Difference]:
    node = facts.by_id("clusters_node")[pod["node_id"]]["name"]
    if ct["node"] != node:
        yield "wrong_node", f"it is on node {ct['node']} where its row says {node}"
    runs = should_run(pod)
    if (ct["status"] == "running") != runs:
        yield "wrong_state", f"it is {ct['status']} where it should {'run' if runs else 'be stopped'}"
    if bool(int(config.get("onboot", 0))) != runs:
        yield "wrong_config", f"its onboot is {config.get('onboot', 0)} where it should {'run' if runs else 'not run'}"


def _size(pod: Row, config: Row) -> Iterator[Difference]:
    found = re.search(r"size=(\d+(?:\.\d+)?)([KMGT])", str(config.get("rootfs", "")))
    disk = float(found[1]) * SIZES[found[2]] if found else 0.0
    has = {"cores": config.get("cores"), "memory_mib": config.get("memory"), "swap_mib": config.get("swap")}
    for name, value in {**has, "disk_gib": disk}.items():
        if value is None or float(value) != pod[name]:
            yield "wrong_size", f"its {name} is {value} where its row says {pod[name]}"


def _card(facts: Facts, pod: Row, config: Row) -> Iterator[Difference]:
    has = dict(part.split("=", 1) for part in str(config.get("net0", "")).split(",") if "=" in part)
    leases, subnets = facts.by_id("ipam_iplease"), facts.by_id("ipam_subnet")
    for interface in facts.rows("pods_interface"):
        if interface["pod_id"] != pod["id"] or interface["index"] != 0:
            continue
        wanted = {"hwaddr": interface["mac"], "bridge": interface["bridge"], "firewall": "1"}
        if interface["vlan"] is not None:
            wanted["tag"] = str(interface["vlan"])
        for bearer in facts.rows("pods_interfaceaddress"):
            if bearer["interface_id"] == interface["id"] and bearer["primary"]:
                lease = leases[bearer["lease_id"]]
                subnet = subnets[lease["subnet_id"]]
                length = ipaddress.ip_network(str(subnet["cidr"])).prefixlen
                wanted["ip"] = f"{lease['address']}/{length}"
                if subnet["gateway"] is not None:
                    wanted["gw"] = str(subnet["gateway"])
        for name, value in wanted.items():
            if has.get(name) != value:
                yield "wrong_config", f"its net0 has {name} {has.get(name)} where {value} is due"


def _rest(facts: Facts, pod: Row, ct: Row, config: Row) -> Iterator[Difference]:
    if config.get("hostname") != pod["hostname"]:
        yield "wrong_config", f"its host name is {config.get('hostname')}"
    reference = facts.by_id("tenants_tenant")[pod["tenant_id"]]["reference"]
    if missing := {"cloudpod", reference.lower()} - set(re.split(r"[;,\s]+", str(config.get("tags", "")).lower())):
        yield "wrong_config", f"it lacks the tags {', '.join(sorted(missing))}"
    keys = [found[1] for pair in str(config.get("env", "")).split("\0") if (found := KEY.fullmatch(pair))]
    if keys != list(pod["ssh_keys"]):
        yield "wrong_keys", f"it has {len(keys)} SSH keys, which are not the {len(pod['ssh_keys'])} of its row"
    if wrong := [name for name, value in FIREWALL.items() if int(ct["firewall"].get(name, 0)) != value]:
        yield "wrong_config", f"its firewall has not {', '.join(wrong)}"
