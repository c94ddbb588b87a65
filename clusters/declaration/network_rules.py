"""What makes the address plan of a declaration contradict itself.

Decides: subnets, ranges, exclusions, gateways. Not: what clusters have to do with them (cluster_rules.py).
"""

from __future__ import annotations

from ipaddress import IPv4Address

from clusters.declaration.problems import Problems
from clusters.declaration.shape import Declaration, Network, Span, Subnet

LONGEST_PREFIX = 30  # beyond it no address is left besides network and broadcast


def check_networks(declaration: Declaration, problems: Problems) -> None:
    """Every contradiction within the networks."""
    once([(network.key + ".name", network.name) for network in declaration.networks], "network", problems)
    for network in declaration.networks:
        _subnets_apart(network, problems)
        for subnet in network.subnets:
            if problems.sound(subnet.key):
                _check_subnet(subnet, problems)


def once(named: list[tuple[str, str]], what: str, problems: Problems) -> None:
    """Each name is there once; empty ones could not be read."""
    first_at: dict[str, str] = {}
    for key, name in named:
        if name and name in first_at:
            problems.add(key, f"The {what} {name} is stated already at {first_at[name]}.")
        first_at.setdefault(name, key)


def _subnets_apart(network: Network, problems: Problems) -> None:
    sound = [subnet for subnet in network.subnets if problems.sound(subnet.key)]
    for index, subnet in enumerate(sound):
        for other in sound[:index]:
            if subnet.cidr.overlaps(other.cidr):
                problems.add(f"{subnet.key}.cidr", f"{subnet.cidr} overlaps {other.cidr} of the same network.")


def _check_subnet(subnet: Subnet, problems: Problems) -> None:
    if subnet.cidr.prefixlen > LONGEST_PREFIX:
        problems.add(f"{subnet.key}.cidr", f"{subnet.cidr} is too small; the longest prefix is /{LONGEST_PREFIX}.")
        return
    for spans in (subnet.ranges, subnet.exclusions):
        sound = [span for span in spans if problems.sound(span.key) and _span_fits(span, subnet, problems)]
        _spans_apart(sound, problems)
    _check_allocatable_ends(subnet, problems)
    _check_gateway(subnet, problems)


def _span_fits(span: Span, subnet: Subnet, problems: Problems) -> bool:
    outside = dict.fromkeys(
        key for key, address in ((span.first_key, span.first), (span.last_key, span.last)) if address not in subnet.cidr
    )
    for key in outside:
        problems.add(key, f"{span} is not within the subnet {subnet.cidr}.")
    if span.first > span.last:
        problems.add(span.first_key, f"{span.first} comes after the last address, {span.last}.")
    if outside or span.first > span.last:
        problems.broken.add(span.key)  # what it covers is not known
        return False
    return True


def _spans_apart(spans: list[Span], problems: Problems) -> None:
    for index, span in enumerate(spans):
        for other in spans[:index]:
            if span.overlaps(other):
                problems.add(span.first_key, f"{span} overlaps {other}, stated at {other.key}.")


def _check_allocatable_ends(subnet: Subnet, problems: Problems) -> None:
    for span in subnet.ranges:
        if not problems.sound(span.key):
            continue
        if span.first == subnet.cidr.network_address:
            problems.add(span.first_key, f"{span.first} is the network's own address and can never be given out.")
        if span.last == subnet.cidr.broadcast_address:
            problems.add(span.last_key, f"{span.last} is the broadcast address and can never be given out.")


def _check_gateway(subnet: Subnet, problems: Problems) -> None:
    key, gateway = f"{subnet.key}.gateway", subnet.gateway
    if gateway is None:
        return
    if gateway not in subnet.cidr:
        problems.add(key, f"{gateway} is not in the subnet {subnet.cidr}.")
    elif gateway in (subnet.cidr.network_address, subnet.cidr.broadcast_address):
        problems.add(key, f"{gateway} is the network's or the broadcast address of {subnet.cidr}.")
    elif can_be_given_out(subnet, gateway, problems):
        problems.add(
            key, f"{gateway} is inside the allocatable part. Move the gateway or the range, or exclude the address."
        )


def can_be_given_out(subnet: Subnet, address: IPv4Address, problems: Problems) -> bool:
    """Whether the subnet would give the address out; not judged while one of its spans could not be read."""
    spans = (*subnet.ranges, *subnet.exclusions)
    lists = (f"{subnet.key}.ranges", f"{subnet.key}.exclusions")
    if not problems.sound(subnet.key, *lists, *(span.key for span in spans)):
        return False
    return subnet.may_give_out(address)
