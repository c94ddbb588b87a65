"""The order in which a cluster is added: reach it, look around, ask for what cannot be known, make the document.

Decides: questions and their defaults. Not: the proposals (found.py), forms (judges.py), nor what is done with it.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from uuid import uuid4

from clusters.adding import judges
from clusters.adding.answers import Answers, NotAnswered
from clusters.adding.found import (
    Copy,
    Found,
    copies_of,
    interface_of,
    look_around,
    pod_vmids,
    template_vmids,
    tiers_of,
)
from clusters.check.access_rules import ENV_SINCE
from clusters.check.target import PATIENCE
from clusters.dataplane.access import Access
from clusters.dataplane.certificate import ServerCertificate, certificate_of
from clusters.dataplane.errors import TokenRefused, Unavailable
from clusters.dataplane.mark import MarkKey
from clusters.dataplane.survey import Survey
from clusters.declaration.parse import NAME, VARIABLE
from clusters.models import Cluster

NOTHING_SENT = "Nothing was sent to it."


@dataclass(frozen=True)
class Added:
    """The document of the declaration, how the cluster was reached, and whether the secret was typed."""

    document: dict[str, Any]
    access: Access
    secret_typed: bool


def add(answers: Answers) -> Added:
    """Ask the operator and the cluster. May raise NotAnswered, and any of dataplane/errors.py."""
    access, variable, typed = _reach(answers)
    try:
        found = look_around(Survey(access))
    except TokenRefused as error:
        whence = "typed" if typed else f"taken from {variable}, in the environment or in .env"
        raise NotAnswered(f"{error.message} The secret was {whence}.") from error
    answers.say(
        f"Proxmox VE {found.version.text}, nodes {', '.join(found.nodes)}, "
        f"{len(found.templates)} containers that are templates.\n"
    )
    name = answers.ask("name", "What the cluster is called here", judges.of_form(NAME), default=_slug(found.state.name))
    template, copies = _template(answers, found)
    network, attachment = _network(answers, found, copies, name)
    cluster = _cluster(answers, found, access, name) | {
        "token": {"id": access.token_id, "secret_env": variable},
        **_vmids(answers, found, copies),
        "nodes": [_node(found, node) for node in found.nodes],
        "tiers": tiers_of(found, copies),
        "template_copies": [
            {"template": template["name"], "node": copy.node, "tier": copy.container.storage, "vmid": copy.vmid}
            for copy in copies
        ],
        "attachments": [attachment],
    }
    if not copies:
        del cluster["template_copies"]
    document = {"networks": [network], "templates": [template] if copies else [], "clusters": [cluster]}
    return Added(document, access, typed)


# Reaching it


def _reach(answers: Answers) -> tuple[Access, str, bool]:
    question = "Endpoints of its API, best one a node, with spaces between, such as https://pve.example.net:8006"
    endpoints = answers.ask("endpoint", question, judges.endpoints)
    ca_file, fingerprint = _trust(answers, endpoints)
    token_id = answers.ask("token_id", "The API token's id (user@realm!name)", judges.token_id)
    question = "The environment variable that holds the token's secret"
    variable = answers.ask("token_env", question, judges.of_form(VARIABLE), default="PVE_TOKEN")
    secret = os.environ.get(variable, "")
    typed = not secret
    try:
        access = Access(
            cluster_id=uuid4(),
            name="to be added",
            endpoints=endpoints,
            token_id=token_id,
            token_secret=secret or answers.secret(variable),
            mark_keys=(MarkKey("add", secrets.token_bytes(32)),),  # nothing is marked
            ca_file=ca_file,
            fingerprint=fingerprint,
            connect_timeout=PATIENCE,
            read_timeout=PATIENCE,
        )
    except ValueError as error:
        raise NotAnswered(str(error)) from error
    return access, variable, typed


def _trust(answers: Answers, endpoints: tuple[str, ...]) -> tuple[str | None, str | None]:
    """A CA file, or the fingerprint that all endpoints show once it was confirmed."""
    if answers.given.get("ca_file"):
        return answers.ask("ca_file", "CA file", judges.ca_file), None
    shown = {endpoint: _certificate(endpoint).fingerprint for endpoint in endpoints}
    if len(set(shown.values())) > 1:
        answers.say(
            "The endpoints show different certificates; one fingerprint cannot stand for all of them. Copy the "
            "cluster's CA from a node (/etc/pve/pve-root-ca.pem) to this machine.\n"
        )
        return answers.ask("ca_file", "The file with the CA's certificate", judges.ca_file), None
    seen = next(iter(shown.values()))
    plain = judges.fingerprint(seen)
    if answers.given.get("fingerprint"):
        answers.ask("fingerprint", "fingerprint", _same_as(seen))
        return None, plain
    answers.say(f"{endpoints[0]} shows the certificate with the SHA-256 fingerprint\n  {seen}\n")
    answers.say(
        "Compare it on the node: openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem "
        "(or pveproxy-ssl.pem).\n"
    )
    answers.ask("fingerprint", "Is it the same? (yes or no)", _yes)
    return None, plain


def _certificate(endpoint: str) -> ServerCertificate:
    try:
        return certificate_of(endpoint, timeout=PATIENCE)
    except Unavailable as error:
        raise NotAnswered(f"{error.message} Is it up, and is its port open to this machine?") from error


def _same_as(seen: str) -> Callable[[str], str]:
    def judge(text: str) -> str:
        if judges.fingerprint(text) != judges.fingerprint(seen):
            raise ValueError(f"The endpoint shows {seen}, which is another one. {NOTHING_SENT}")
        return text

    return judge


def _yes(text: str) -> None:
    if text.lower() in ("no", "n"):
        raise NotAnswered(f"The certificate was not confirmed. {NOTHING_SENT}")
    if text.lower() not in ("yes", "y"):
        raise ValueError("Answer yes or no.")


# What is declared


def _cluster(answers: Answers, found: Found, access: Access, name: str) -> dict[str, Any]:
    ways = Cluster.KeyDelivery
    best = ways.ENV if found.version.parts >= ENV_SINCE else ways.NONE
    trust = {"ca_file": access.ca_file} if access.ca_file else {"fingerprint": access.fingerprint}
    return {
        "name": name,
        "endpoints": list(access.endpoints),
        **trust,
        "key_delivery": answers.given.get("key_delivery") or str(best),
    }


def _node(found: Found, name: str) -> dict[str, Any]:
    address = found.address_of(name)
    return {"name": name} | ({"address": str(address)} if address else {})


def _template(answers: Answers, found: Found) -> tuple[dict[str, Any], list[Copy]]:
    names = list(dict.fromkeys(copy.container.hostname for copy in found.templates))
    if not names:
        answers.say("No container is a template yet: no pod can be made until one is, and is declared.\n")
        return {}, []
    question = f"Which template pods are cloned from ({', '.join(names)})"
    hostname = answers.ask("template", question, judges.one_of(names), default=names[0] if len(names) == 1 else None)
    copies = copies_of(found, hostname)
    made = [copy.container for copy in copies]
    template = {
        "name": _slug(hostname) or "cloudpod",
        "appliance": "unknown",
        "cores": max(one.cores for one in made),
        "memory_mib": max(one.memory_mib for one in made),
        "swap_mib": max(one.swap_mib for one in made),
        "disk_gib": max(one.disk_gib for one in made),
    }
    return template, copies


def _vmids(answers: Answers, found: Found, copies: list[Copy]) -> dict[str, dict[str, int]]:
    proposed = "{}-{}".format(*template_vmids(copies, found))
    judge = _holding([copy.vmid for copy in copies])
    templates = answers.ask("template_vmids", "VMIDs for templates", judge, default=proposed)
    proposed = "{}-{}".format(*pod_vmids(templates, found))
    question = "VMIDs for pods, which nobody else uses"
    pods = answers.ask("pod_vmids", question, _apart_from(templates), default=proposed)
    spans = {"template_vmids": templates, "pod_vmids": pods}
    return {name: {"first": first, "last": last} for name, (first, last) in spans.items()}


def _holding(vmids: list[int]) -> Callable[[str], tuple[int, int]]:
    def judge(text: str) -> tuple[int, int]:
        first, last = judges.vmids(text)
        outside = [str(vmid) for vmid in vmids if not first <= vmid <= last]
        if outside:
            raise ValueError(f"{text} leaves out the template copies {', '.join(outside)}.")
        return first, last

    return judge


def _apart_from(templates: tuple[int, int]) -> Callable[[str], tuple[int, int]]:
    def judge(text: str) -> tuple[int, int]:
        first, last = judges.vmids(text)
        if first <= templates[1] and templates[0] <= last:
            raise ValueError(f"{text} overlaps {templates[0]}-{templates[1]}, the VMIDs for templates.")
        return first, last

    return judge


def _network(answers: Answers, found: Found, copies: list[Copy], cluster: str) -> tuple[dict[str, Any], dict[str, Any]]:
    nodes = [copy.node for copy in copies] or list(found.bridges)
    if not nodes:
        raise NotAnswered("No node of the cluster is online, so nobody says which bridges there are. Try again then.")
    bridges = [bridge for bridge in found.bridges[nodes[0]] if bridge.active and _on_all(found, nodes, bridge.name)]
    names = [bridge.name for bridge in bridges]
    own = next((copy.container.bridge for copy in copies if copy.container.bridge in names), None)
    question = f"The bridge that pods are connected to ({', '.join(names)})"
    default = own or (names[0] if len(names) == 1 else None)
    bridge = answers.ask("bridge", question, judges.one_of(names), default=default)
    name = answers.ask("network", "What its network is called here", judges.of_form(NAME), default=cluster)
    chosen = next(one for one in bridges if one.name == bridge)
    interface = interface_of(chosen)
    cidr = answers.ask(
        "cidr", "Its addresses (CIDR)", judges.network, default=str(interface.network) if interface else None
    )
    question = "The pods' gateway, or none"
    gateway = answers.ask("gateway", question, judges.gateway_in(cidr), default=chosen.gateway or None)
    attachment: dict[str, Any] = {"network": name, "bridge": bridge}
    if answers.given.get("vlan"):
        attachment["vlan"] = answers.given["vlan"]
    return {"name": name, "subnets": [_subnet(answers, found, cidr, gateway)]}, attachment


def _on_all(found: Found, nodes: list[str], bridge: str) -> bool:
    return all(any(one.name == bridge and one.active for one in found.bridges.get(node, [])) for node in nodes)


def _subnet(answers: Answers, found: Found, cidr: IPv4Network, gateway: IPv4Address | None) -> dict[str, Any]:
    first, last = answers.ask("range", "Addresses that pods are given (first-last)", judges.span_in(cidr))
    taken = {address: f"Proxmox node {node}" for address, node in found.hosts().items()}
    if gateway:
        taken[gateway] = "The gateway"
    kept = {address: why for address, why in sorted(taken.items()) if first <= address <= last}
    for address, why in kept.items():
        answers.say(f"{address} is left out: {why}.\n")
    question = "Other addresses among them that are in use, or none"
    others = answers.ask("exclude", question, _others(cidr, set(kept)), default=judges.NONE)
    exclusions: list[dict[str, Any]] = [{"address": str(address), "reason": why} for address, why in kept.items()]
    exclusions += [{"first": str(one), "last": str(two), "reason": "In use"} for one, two in others]
    subnet: dict[str, Any] = {"cidr": str(cidr)}
    if gateway:
        subnet["gateway"] = str(gateway)
    subnet["ranges"] = [{"first": str(first), "last": str(last)}]
    if exclusions:
        subnet["exclusions"] = exclusions
    return subnet


def _others(cidr: IPv4Network, kept: set[IPv4Address]) -> Callable[[str], list[judges.Span]]:
    def judge(text: str) -> list[judges.Span]:
        spans = judges.spans_in(cidr)(text)
        for first, last in spans:
            if twice := [address for address in kept if first <= address <= last]:
                raise ValueError(f"{min(twice)} is left out already; name the others without it.")
        return spans

    return judge


def _slug(text: str) -> str | None:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].rstrip("-")
    return slug or None
