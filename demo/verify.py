"""Whether the demo was true: each cluster's own state against the database, container by container.

Decides: what has to agree, and how many calls a create may cost. Not: what was played. Needs Django set up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clusters.dataplane.port import Ct, Mine
from clusters.planes import plane_of
from demo.handle import FakeHandle
from demo.scenario import Story
from operations.errors import StepError
from pods.models import CloudPod, InterfaceAddress, VmidHold

# What may be given to pods, by the first three parts of an address.
FIRST, LAST = 50, 250
NETWORKS = ("10.1.10", "10.2.0")
KEPT_FREE = ("10.1.10.70", "10.1.10.90")  # the node, and the template while it is built
MOST_CALLS, MOST_CALLS_GROWING = 6, 8  # to Proxmox for one create; the shared polling of tasks is nobody's


@dataclass(frozen=True)
class World:
    """One cluster as its fake tells of it."""

    pve: FakeHandle
    record: list[dict[str, Any]]
    cts: dict[int, dict[str, Any]]


@dataclass
class Findings:
    """`untrue` is empty if all was as it should be; `facts` are for people."""

    untrue: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


def verify(story: Story, pves: Mapping[str, FakeHandle]) -> Findings:
    """`pves` by the clusters' names. The records first: what is looked at here is recorded too."""
    worlds = worlds_of(pves)
    locked = [entry for pve in pves.values() for entry in pve.locked_answers()]
    findings = Findings()
    pods = _live_pods()
    findings.untrue += _addresses(story)
    for cluster, world in worlds.items():
        findings.untrue += _calls(story, cluster, world, findings)
        findings.untrue += _confusions(cluster, world.record)
    findings.untrue += compare(story, worlds)
    findings.untrue += (f"Proxmox answered 'CT is locked': {entry}" for entry in locked)
    if len(pves) > 1:
        findings.untrue += _same_vmids(findings)
    if story.silenced:
        findings.untrue += _went_on(story.silenced, worlds, findings)
    findings.facts += [
        ("Containers compared with the database", str(len(pods))),
        ("Answers 'CT is locked'", str(len(locked))),
    ]
    return findings


def worlds_of(pves: Mapping[str, FakeHandle]) -> dict[str, World]:
    return {cluster: World(pve, pve.record(), pve.cts()) for cluster, pve in pves.items()}


def compare(story: Story, worlds: Mapping[str, World], *, strangers: Collection[tuple[str, int]] = ()) -> list[str]:
    """Each cluster's containers, and their marks, against the database. `strangers` are left out: by cluster and VMID,
    where somebody else's container is known to stand in place of a pod's.
    """
    pods = [pod for pod in _live_pods() if (pod.cluster.name, pod.vmid) not in strangers]
    untrue: list[str] = []
    for cluster, world in worlds.items():
        cts = {vmid: ct for vmid, ct in world.cts.items() if (cluster, vmid) not in strangers}
        of_cluster = [pod for pod in pods if pod.cluster.name == cluster]
        untrue += _differing(of_cluster, cluster, replace(world, cts=cts), story)
    return [*untrue, *_marks(pods)]


def _live_pods() -> list[CloudPod]:
    return list(CloudPod.objects.live().select_related("tenant", "cluster", "node", "tier", "source"))


def _addresses(story: Story) -> Iterator[str]:
    given = [str(ordered.pod.get("address")) for ordered in story.orders]
    for address, times in Counter(given).items():
        network, _, last = address.rpartition(".")
        if times > 1:
            yield f"Address {address} was given to {times} pods"
        if address in KEPT_FREE or network not in NETWORKS or not FIRST <= int(last) <= LAST:
            yield f"Address {address} is reserved or outside of what pods may have"


# What it cost


def _calls(story: Story, cluster: str, world: World, findings: Findings) -> Iterator[str]:
    """Of pods that no killed worker had in hand: its successor looks twice, as it should. Nor of a cluster that lost
    an endpoint: a call that it cut is made again; nor of a rebuilt pod, whose container is not its create's.
    """
    counts: dict[str, int] = {}
    for ordered in story.orders:
        if ordered.pod["cluster"] != cluster or story.silenced in world.pve.urls:
            continue
        if story.rebuilt is ordered:
            continue
        if story.killed and ordered.operation["id"] == story.killed.operation:
            continue
        names = _names_of_calls(world.record, ordered.pod["vmid"])
        grows = int(ordered.pod["disk_gib"]) > int(_size_of_template(world)) and "resize" in names
        most = MOST_CALLS_GROWING if grows else MOST_CALLS
        counts[f"{ordered.pod['vmid']}{' (disk grown)' if grows else ''}"] = len(names)
        if len(names) > most:
            yield f"Creating CT {ordered.pod['vmid']} took {len(names)} calls, more than {most}: {', '.join(names)}"
    if counts:
        told = ", ".join(f"{vmid}: {n}" for vmid, n in counts.items())
        findings.facts.append((f"Calls a create on {cluster}, by VMID", told))
    polls = sum(entry["name"] == "tasks" for entry in world.record)
    findings.facts.append((f"Looks at the tasks of {cluster}'s nodes, for all", str(polls)))


def _names_of_calls(record: list[dict[str, Any]], vmid: int) -> list[str]:
    """Up to the start: what comes after that is the destruction's."""
    names: list[str] = []
    for entry in record:
        of_clone = entry["name"] == "clone" and int(entry["params"].get("newid", 0)) == vmid
        if of_clone or (entry["vmid"] == vmid and entry["name"] != "clone" and "start" not in names):
            names.append(entry["name"])
    return names


def _size_of_template(world: World) -> float:
    return min(_disk_gib(world.cts[vmid]["config"]["rootfs"]) for vmid in world.pve.layout.template_copies)


# What is there


def _differing(pods: list[CloudPod], cluster: str, world: World, story: Story) -> Iterator[str]:
    """Nothing there without a row, no row without its container, and each container as its row says."""
    there = {vmid: ct for vmid, ct in world.cts.items() if not ct["template"]}
    rows = {pod.vmid: pod for pod in pods}
    for vmid in sorted(set(there) - set(rows)):
        yield f"CT {vmid} is on node {there[vmid]['node']} of {cluster}, and no row explains it"
    for vmid in sorted(set(rows) - set(there)):
        yield f"Pod {rows[vmid]} has VMID {vmid}, and no container is there"
    for vmid in sorted(set(rows) & set(there)):
        yield from _differences(rows[vmid], there[vmid])
    if set(world.cts) - set(there) != set(world.pve.layout.template_copies):
        yield f"The templates of {cluster} are {sorted(set(world.cts) - set(there))}"
    gone = story.destroyed.pod if story.destroyed else {}
    if gone.get("cluster") == cluster and gone["vmid"] in there:
        yield f"CT {gone['vmid']} is still there, though its pod was destroyed"


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
        "onboot": int(pod.should_run),
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


# Two clusters with the same VMIDs


def _confusions(cluster: str, record: list[dict[str, Any]]) -> Iterator[str]:
    """Every clone was made for a pod of this very cluster; nothing but its pods and their templates was touched."""
    pods = CloudPod.objects.filter(cluster__name=cluster).select_related("source")
    held = VmidHold.objects.filter(cluster__name=cluster).values_list("vmid", "pod__hostname")
    expected = set(held)
    known = {vmid for vmid, _ in held} | {pod.source.vmid for pod in pods}
    for entry in record:
        asked = entry["params"]
        clone = (int(asked["newid"]), asked["hostname"]) if entry["name"] == "clone" else None
        if (clone and clone not in expected) or (entry["vmid"] and entry["vmid"] not in known):
            yield f"Cluster {cluster} was asked for what is none of its own: {entry['method']} {entry['path']} {asked}"


def _same_vmids(findings: Findings) -> Iterator[str]:
    """Without one that has been there twice, the demo would not show that they are told apart."""
    clusters: dict[int, set[str]] = {}
    for vmid, cluster in VmidHold.objects.values_list("vmid", "cluster__name"):
        clusters.setdefault(vmid, set()).add(cluster)
    twice = sorted(vmid for vmid, names in clusters.items() if len(names) > 1)
    findings.facts.append(("VMIDs that have been on both clusters", ", ".join(map(str, twice))))
    if not twice:
        yield "No VMID has been on both clusters"


def _went_on(silenced: str, worlds: Mapping[str, World], findings: Findings) -> Iterator[str]:
    """After the last request that the stopped endpoint took, the other one took some."""
    endpoints = next(
        [entry["endpoint"] for entry in world.record] for world in worlds.values() if silenced in world.pve.urls
    )
    before = max((number for number, endpoint in enumerate(endpoints, 1) if endpoint == silenced), default=0)
    findings.facts.append(
        ("Requests by the stopped endpoint, then by the other", f"{before}, {len(endpoints) - before}")
    )
    if not 0 < before < len(endpoints):
        yield f"The endpoint {silenced} was not stopped in the middle: {before} of {len(endpoints)} requests went by it"


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
