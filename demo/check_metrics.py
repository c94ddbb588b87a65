"""Whether what /metrics says is what the database says, counted here once more and in another way.

Decides: what has to agree. Not: what was played. Needs Django set up, and a world at rest.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from clusters.models import Cluster
from ipam.models import AddressRange, IPLease, Subnet
from operations.models import Lane, LanePlace, Operation
from pods.models import CloudPod

Labels = frozenset[tuple[str, str]]
Numbers = dict[str, dict[Labels, float]]


LOOKS = 3  # the controller's minute may fall between the scrape and our own count


def ask_and_compare(site: str, token: str) -> list[str]:
    """What is not as the database says, in the answer of a site that is at rest."""
    untrue: list[str] = []
    for _ in range(LOOKS):
        with requests.Session() as session:
            session.trust_env = False  # no proxy on the way to loopback
            answer = session.get(f"{site}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        untrue = compare(answer.text) if answer.ok else [f"/metrics answered {answer.status_code}: {answer.text[:200]}"]
        if not untrue:
            break
    return untrue


def compare(text: str) -> list[str]:
    """A sentence for each difference; `text` is the exposition."""
    told = read(text)
    if told.get("migracloud_database_up") != {frozenset(): 1.0}:
        return ["/metrics could not read the database"]
    untrue: list[str] = []
    for name, wanted in _wanted().items():
        untrue += _differences(name, wanted, told.get(name, {}))
    untrue += [
        f"{name} counts nothing"
        for name in ("migracloud_http_requests_total", "migracloud_proxmox_calls_total")
        if not sum(told.get(name, {}).values())
    ]
    return untrue


def read(text: str) -> Numbers:
    """By sample name, then by labels."""
    found: Numbers = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name][frozenset(sample.labels.items())] = sample.value
    return found


def _differences(name: str, wanted: dict[Labels, float], told: dict[Labels, float]) -> Iterator[str]:
    """What has no row may be told as zero."""
    for labels in sorted({*wanted, *told}, key=sorted):
        right, said = wanted.get(labels, 0.0), told.get(labels, 0.0)
        if abs(right - said) > 0.001:
            words = ", ".join(f"{key} {value}" for key, value in sorted(labels))
            yield f"{name} of {words} is {said:g}, the database says {right:g}"


def _wanted() -> Numbers:
    found: Numbers = defaultdict(dict)

    def count(name: str, number: float = 1.0, **labels: str) -> None:
        key: Labels = frozenset(labels.items())
        found[name][key] = found[name].get(key, 0.0) + number

    for operation in Operation.objects.all():
        count("migracloud_operations", kind=operation.kind, state=operation.state)
        if operation.finished_at is not None:
            ended = {"kind": operation.kind, "outcome": operation.state}
            took = (operation.finished_at - operation.created_at).total_seconds()
            count("migracloud_operation_seconds_count", **ended)
            count("migracloud_operation_seconds_sum", took, **ended)
    for pod in CloudPod.objects.all():
        count("migracloud_pods", phase=pod.phase)
        if pod.gone_at is None:
            count("migracloud_pods_observed", state=pod.observed_state)
    for place in LanePlace.objects.filter(taken_at=None).select_related("lane"):
        count("migracloud_lane_queue", lane=place.lane.name)
    for lane in Lane.objects.all():
        count("migracloud_lane_queue", 0.0, lane=lane.name)
    for cluster in Cluster.objects.exclude(observation=None).select_related("observation"):
        answered = cluster.observation.unreachable_since is None and cluster.observation.observed_at is not None
        count("migracloud_cluster_reachable", float(answered), cluster=cluster.name)
    _count_addresses(count)
    return found


def _count_addresses(count: Any) -> None:
    """One address after the other."""
    held = Counter(IPLease.objects.filter(released_at=None).values_list("subnet", flat=True))
    for subnet in Subnet.objects.select_related("network"):
        given: dict[str, set[int]] = {kind: set() for kind in AddressRange.Kind.values}
        for row in subnet.ranges.all():
            first, last = (int(ipaddress.IPv4Address(end)) for end in (row.first, row.last))
            given[row.kind] |= set(range(first, last + 1))
        edges = {int(subnet.cidr.network_address), int(subnet.cidr.broadcast_address)}
        gateway = {int(ipaddress.IPv4Address(subnet.gateway))} if subnet.gateway else set()
        usable = given[AddressRange.Kind.ALLOCATABLE] - given[AddressRange.Kind.EXCLUDED] - edges - gateway
        labels = {"network": subnet.network.name, "subnet": str(subnet.cidr)}
        count("migracloud_subnet_addresses_held", held[subnet.pk], **labels)
        count("migracloud_subnet_addresses_left", len(usable) - held[subnet.pk], **labels)
