"""Whether the demo was true: the data plane's own state against the database, container by container.

Decides: what has to agree, and how many calls a create may cost. Not: what was played. Needs Django set up.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.dataplane.port import Ct, Mine
from clusters.planes import plane_of
from demo import layout
from demo.handle import FakeHandle
from demo.scenario import Story
from operations.errors import StepError
from pods.models import CloudPod, InterfaceAddress

FIRST, LAST = (ipaddress.IPv4Address(address) for address in ("10.1.10.50", "10.1.10.250"))
KEPT_FREE = ("10.1.10.70", "10.1.10.90")  # the node, and the template while it is built
MOST_CALLS, MOST_CALLS_GROWING = 6, 7  # to Proxmox for one create; the shared polling of tasks is nobody's


@dataclass
class Findings:
    """`untrue` is empty if all was as it should be; `facts` are for people."""

    untrue: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


def verify(story: Story, pve: FakeHandle) -> Findings:
    """The record first: what is looked at here is recorded too."""
    record, locked = pve.record(), pve.locked_answers()
    findings = Findings()
    pods = list(CloudPod.objects.live().select_related("tenant", "cluster", "node", "tier", "source"))
    for check in (
        _addresses(story),
        _calls(story, record, findings),
        (f"Proxmox answered 'CT is locked': {entry}" for entry in locked),
        _worlds(pods, pve.cts(), story),
        _marks(pods),
    ):
        findings.untrue += check
    findings.facts += [
        ("Containers compared with the database", str(len(pods))),
        ("Answers 'CT is locked'", str(len(locked))),
    ]
    return findings


def _addresses(story: Story) -> Iterator[str]:
    given = [str(ordered.pod.get("address")) for ordered in story.orders]
    for address, times in Counter(given).items():
        if times > 1:
            yield f"Address {address} was given to {times} pods"
        if address in KEPT_FREE or not FIRST <= ipaddress.IPv4Address(address) <= LAST:
            yield f"Address {address} is reserved or outside of {FIRST}-{LAST}"


# What it cost


def _calls(story: Story, record: list[dict[str, Any]], findings: Findings) -> Iterator[str]:
    """Of pods that no killed worker had in hand: its successor looks twice, as it should."""
    counts: dict[str, int] = {}
    for ordered in story.orders:
        if story.killed and ordered.operation["id"] == story.killed.operation:
            continue
        grows = int(ordered.pod["disk_gib"]) > int(_size_of_template())
        most = MOST_CALLS_GROWING if grows else MOST_CALLS
        names = _names_of_calls(record, ordered.pod["vmid"])
        counts[f"{ordered.pod['vmid']}{' (disk grown)' if grows else ''}"] = len(names)
        if len(names) > most:
            yield f"Creating CT {ordered.pod['vmid']} took {len(names)} calls, more than {most}: {', '.join(names)}"
    findings.facts.append(("Calls a create, by VMID", ", ".join(f"{vmid}: {n}" for vmid, n in counts.items())))
    polls = sum(entry["name"] == "tasks" for entry in record)
    findings.facts.append(("Looks at the nodes' tasks, for all", str(polls)))


def _names_of_calls(record: list[dict[str, Any]], vmid: int) -> list[str]:
    """Up to the start: what comes after that is the destruction's."""
    names: list[str] = []
    for entry in record:
        of_clone = entry["name"] == "clone" and int(entry["params"].get("newid", 0)) == vmid
        if of_clone or (entry["vmid"] == vmid and entry["name"] != "clone" and "start" not in names):
            names.append(entry["name"])
    return names


def _size_of_template() -> float:
    sizes = {_disk_gib(layout.template_config(vmid)["rootfs"]) for vmid in layout.TEMPLATES}
    return min(sizes)


# What is there


def _worlds(pods: list[CloudPod], cts: dict[int, dict[str, Any]], story: Story) -> Iterator[str]:
    """Nothing there without a row, no row without its container, and each container as its row says."""
    there = {vmid: ct for vmid, ct in cts.items() if not ct["template"]}
    rows = {pod.vmid: pod for pod in pods}
    for vmid in sorted(set(there) - set(rows)):
        yield f"CT {vmid} is on node {there[vmid]['node']}, and no row explains it"
    for vmid in sorted(set(rows) - set(there)):
        yield f"Pod {rows[vmid]} has VMID {vmid}, and no container is there"
    for vmid in sorted(set(rows) & set(there)):
        yield from _differences(rows[vmid], there[vmid])
    if set(cts) - set(there) != set(layout.TEMPLATES):
        yield f"The templates are {sorted(set(cts) - set(there))}"
    if story.destroyed and story.destroyed.pod["vmid"] in there:
        yield f"CT {story.destroyed.pod['vmid']} is still there, though its pod was destroyed"


def _differences(pod: CloudPod, ct: Mapping[str, Any]) -> Iterator[str]:
    wanted, found = _wanted(pod), _found(ct)
    for name in wanted:
        if wanted[name] != found.get(name):
            yield f"CT {pod.vmid}: {name} is {found.get(name)!r}, the database says {wanted[name]!r}"


def _wanted(pod: CloudPod) -> dict[str, Any]:
    held = InterfaceAddress.objects.select_related("interface", "lease__subnet").get(interface__pod=pod)
    subnet = held.lease.subnet
    return {
        "node": pod.node.name,
        "status": pod.observed_state,
        "lock": None,
        "hostname": pod.hostname,
        "cores": pod.cores,
        "memory": pod.memory_mib,
        "swap": pod.swap_mib,
        "onboot": 1,
        "disk": float(pod.disk_gib),
        "storage": pod.tier.name,
        "tags": {"cloudpod", pod.tenant.reference.lower()},
        "net0": {
            "name": "eth0",
            "bridge": held.interface.bridge,
            "hwaddr": held.interface.mac,
            "ip": f"{held.lease.address}/{subnet.cidr.prefixlen}",
            "gw": str(subnet.gateway),
            "firewall": "1",
            "type": "veth",
        },
        "firewall": {"enable": 1, "ipfilter": 1, "macfilter": 1, "policy_in": "ACCEPT"},
    }


def _found(ct: Mapping[str, Any]) -> dict[str, Any]:
    config = ct["config"]
    firewall = {name: int(value) if str(value).isdigit() else value for name, value in ct["firewall"].items()}
    return {
        "node": ct["node"],
        "status": ct["status"],
        "lock": ct["lock"],
        "hostname": config["hostname"],
        **{name: int(config.get(name, 0)) for name in ("cores", "memory", "swap", "onboot")},
        "disk": _disk_gib(config["rootfs"]),
        "storage": config["rootfs"].partition(":")[0],
        "tags": set(config.get("tags", "").split(";")),
        "net0": dict(part.split("=", 1) for part in config["net0"].split(",")),
        "firewall": firewall,
    }


def _disk_gib(rootfs: str) -> float:
    size = next(part.removeprefix("size=") for part in rootfs.split(",") if part.startswith("size="))
    assert size.endswith("G")
    return float(size[:-1])


def _marks(pods: list[CloudPod]) -> Iterator[str]:
    """The mark is judged by the product itself: it is signed with a key that only the database has."""
    for pod in pods:
        ct = Ct(node=pod.node.name, vmid=pod.vmid, pod=pod.pk, tenant=pod.tenant.reference, source=pod.source.vmid)
        try:
            found = plane_of(pod.cluster).look(ct)
        except StepError as error:
            yield error.message
        else:
            if not isinstance(found, Mine):
                yield f"CT {pod.vmid} does not bear the mark of pod {pod}: {found}"
