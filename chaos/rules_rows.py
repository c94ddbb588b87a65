"""Rules that the database alone can tell: one owner for each VMID and address, quota, lanes, operations, audit.

Decides: what is right. Not: when it is asked (checker.py). Independent of the product's models and services.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chaos.facts import Facts, Row
from chaos.violations import Violation, twice

UNFINISHED = ("creating", "destroying")  # phases that only a live operation explains


# At every moment


def a_vmid_has_one_owner(facts: Facts) -> Iterator[Violation]:
    pods = ((pod["cluster_id"], pod["vmid"]) for pod in facts.live_pods())
    holds = ((hold["cluster"], hold["vmid"]) for hold in facts.live_holds())
    for doubled in {*twice(pods), *twice(holds)}:
        yield Violation("vmid_doubled", f"VMID {doubled} belongs to more than one live pod")


def an_address_has_one_owner(facts: Facts) -> Iterator[Violation]:
    leases = facts.live_leases()
    for doubled in twice((lease["network_id"], str(lease["address"])) for lease in leases):
        yield Violation("address_doubled", f"address {doubled} is leased more than once")
    for doubled in twice(bearer["lease_id"] for bearer in facts.rows("pods_interfaceaddress")):
        yield Violation("address_doubled", f"lease {doubled} is borne by more than one interface")


def nobody_has_more_than_the_quota(facts: Facts) -> Iterator[Violation]:
    names = {tenant["id"]: tenant["reference"] for tenant in facts.rows("tenants_tenant")}
    held: dict[Any, Counter[str]] = {tenant: Counter() for tenant in names}
    for pod in facts.live_pods():
        held[pod["tenant_id"]].update({"pods": 1, **{name: pod[name] for name in ("cores", "memory_mib", "disk_gib")}})
    for quota in facts.rows("tenants_quota"):
        for name, amount in held[quota["tenant_id"]].items():
            if amount > quota[name]:
                tenant = names[quota["tenant_id"]]
                yield Violation("quota_exceeded", f"{tenant} holds {amount} {name} where {quota[name]} are allowed")


def a_lane_has_no_more_than_its_room(facts: Facts) -> Iterator[Violation]:
    lanes = facts.by_id("operations_lane")
    inside = Counter(place["lane_id"] for place in facts.rows("operations_laneplace") if place["taken_at"] is not None)
    for lane, taken in inside.items():
        if taken > lanes[lane]["capacity"]:
            yield Violation("lane_too_full", f"lane {lanes[lane]['name']} holds {taken}")


def a_place_in_a_lane_is_a_live_operation_s(facts: Facts) -> Iterator[Violation]:
    lanes, live = facts.by_id("operations_lane"), {operation["id"] for operation in facts.operations(live=True)}
    for place in facts.rows("operations_laneplace"):
        if place["operation_id"] not in live:
            lane = lanes[place["lane_id"]]["name"]
            yield Violation("lane_place_left", f"operation {place['operation_id']} has ended and is in lane {lane}")


def one_operation_a_pod_goes_on(facts: Facts) -> Iterator[Violation]:
    going_on = [row for row in facts.operations(live=True) if row["state"] != "blocked"]
    for doubled in twice((row["subject_kind"], row["subject_id"]) for row in going_on):
        yield Violation("operations_at_once", f"more than one operation goes on with {doubled}")


# When the world is at rest


def every_lease_is_a_live_pod_s(facts: Facts) -> Iterator[Violation]:
    pods, interfaces = facts.by_id("pods_cloudpod"), facts.by_id("pods_interface")
    bearers = {bearer["lease_id"]: bearer for bearer in facts.rows("pods_interfaceaddress")}
    for lease in facts.live_leases():
        bearer = bearers.get(lease["id"])
        pod = pods[interfaces[bearer["interface_id"]]["pod_id"]] if bearer else None
        if pod is None or pod["gone_at"] is not None:
            yield Violation("lease_without_pod", f"address {lease['address']} is leased for no live pod")
        elif pod["tenant_id"] != lease["tenant_id"]:
            yield Violation("lease_of_another", f"address {lease['address']} is another tenant's than its pod")


def every_live_pod_has_its_lease(facts: Facts) -> Iterator[Violation]:
    live = {lease["id"] for lease in facts.live_leases()}
    interfaces = facts.by_id("pods_interface")
    primary = {
        interfaces[bearer["interface_id"]]["pod_id"]
        for bearer in facts.rows("pods_interfaceaddress")
        if bearer["primary"] and bearer["lease_id"] in live
    }
    for pod in facts.live_pods():
        if pod["id"] not in primary:
            yield Violation("pod_without_lease", f"pod {pod['hostname']} is live and has no address")


def every_live_address_is_one_that_may_be_given(facts: Facts) -> Iterator[Violation]:
    subnets = facts.by_id("ipam_subnet")
    for lease in facts.live_leases():
        address = ipaddress.ip_address(str(lease["address"]))
        if why := _why_never(address, subnets[lease["subnet_id"]], facts):
            yield Violation("address_reserved", f"address {address} is leased and {why}")


def _why_never(address: Any, subnet: Row, facts: Facts) -> str:
    network = ipaddress.ip_network(str(subnet["cidr"]))
    if address not in network or address in (network.network_address, network.broadcast_address):
        return f"no host's in {network}"
    if subnet["gateway"] is not None and str(subnet["gateway"]) == str(address):
        return "the gateway's"
    kinds = {
        run["kind"]
        for run in facts.rows("ipam_addressrange")
        if run["subnet_id"] == subnet["id"]
        and ipaddress.ip_address(str(run["first"])) <= address <= ipaddress.ip_address(str(run["last"]))
    }
    return "" if kinds == {"allocatable"} else "excluded" if "excluded" in kinds else "outside the ranges"


def every_live_pod_holds_its_vmid(facts: Facts) -> Iterator[Violation]:
    live = {pod["id"] for pod in facts.live_pods()}
    held = {(hold["pod"], hold["cluster"], hold["vmid"]) for hold in facts.live_holds()}
    for pod in facts.live_pods():
        if (pod["id"], pod["cluster_id"], pod["vmid"]) not in held:
            yield Violation("pod_without_vmid", f"pod {pod['hostname']} is live and does not hold VMID {pod['vmid']}")
    settled = live - facts.left_to_a_person()
    for pod_id in twice(pod for pod, _, _ in held if pod in settled):
        yield Violation("vmid_left", f"pod {pod_id} holds more than one VMID")
    for pod_id, _, vmid in held:
        if pod_id not in live:
            yield Violation("vmid_left", f"VMID {vmid} is held for no live pod")


def no_operation_goes_on(facts: Facts) -> Iterator[Violation]:
    for operation in facts.operations(live=True):
        what = f"{operation['kind']} {operation['subject_name']}"
        yield Violation("operation_live", f"{what} is {operation['state']}: {operation['waits_for']}")


def what_has_ended_is_driven_by_nobody(facts: Facts) -> Iterator[Violation]:
    for operation in facts.operations(live=False):
        if operation["finished_at"] is None or operation["lease_until"] is not None or operation["due_at"] is not None:
            yield Violation(
                "operation_half_ended", f"{operation['kind']} {operation['subject_name']} has ended in part"
            )


def no_phase_is_left_in_the_middle(facts: Facts) -> Iterator[Violation]:
    for pod in facts.live_pods():
        if pod["phase"] in UNFINISHED:
            yield Violation("phase_unfinished", f"pod {pod['hostname']} is {pod['phase']} and nothing is being done")


def every_end_is_in_the_audit_trail_once(facts: Facts) -> Iterator[Violation]:
    """One that was tried again by staff has ended once more."""
    ended, again = Counter[Any](), Counter[Any]()
    for event in facts.ended_events:
        (ended if event["action"].endswith(".ended") else again)[event["operation_id"]] += 1
    for operation in facts.operations(live=False):
        count, due = ended[operation["id"]], 1 + again[operation["id"]]
        if count != due:
            what = f"{operation['kind']} {operation['subject_name']}"
            yield Violation("end_not_audited", f"the end of {what} is {count} times in the audit trail, not {due}")


ALWAYS = (
    a_vmid_has_one_owner,
    an_address_has_one_owner,
    nobody_has_more_than_the_quota,
    a_lane_has_no_more_than_its_room,
    a_place_in_a_lane_is_a_live_operation_s,
    one_operation_a_pod_goes_on,
)

AT_REST = (
    every_lease_is_a_live_pod_s,
    every_live_pod_has_its_lease,
    every_live_address_is_one_that_may_be_given,
    every_live_pod_holds_its_vmid,
    no_operation_goes_on,
    what_has_ended_is_driven_by_nobody,
    no_phase_is_left_in_the_middle,
    every_end_is_in_the_audit_trail_once,
)
