"""From a TOML document to a Declaration: which keys there are, and what each value has to look like by itself.

Decides: keys and forms of values. Not: whether the values fit each other (the rules).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from clusters.dataplane.access import host_of, plain_fingerprint
from clusters.declaration.problems import Problems
from clusters.declaration.shape import (
    Attachment,
    Cluster,
    Declaration,
    Network,
    Node,
    Span,
    Subnet,
    Template,
    TemplateCopy,
    Tier,
    Token,
    Vmids,
)
from clusters.declaration.table import Form, Table
from clusters.models import Cluster as ClusterRow
from clusters.models import StorageTier

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
NAME = Form(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'")
HOST = Form(_LABEL, "a host name: 1 to 63 letters, digits and '-', neither first nor last a '-'")
STORAGE = Form(r"[A-Za-z][A-Za-z0-9._-]{0,61}[A-Za-z0-9]", "the id of a Proxmox storage, such as clients-main")
BRIDGE = Form(r"[A-Za-z][A-Za-z0-9_.-]{0,14}", "the name of a bridge, such as vmbr0")
TOKEN = Form(r"[^\s@!:/=]+@[^\s@!:/=]+![^\s@!:/=]+", "of the form user@realm!name")
VARIABLE = Form(
    r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable (the name alone: neither ${...} nor the secret)"
)
FINGERPRINT = Form(r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}", "a SHA-256 fingerprint: 64 hexadecimal digits")
TYPES = (
    "btrfs",
    "cephfs",
    "cifs",
    "dir",
    "esxi",
    "glusterfs",
    "iscsi",
    "iscsidirect",
    "lvm",
    "lvmthin",
    "nfs",
    "pbs",
    "rbd",
    "zfs",
    "zfspool",
)
CONTENTS = ("backup", "images", "import", "iso", "rootdir", "snippets", "vztmpl")
SMALL = 32_767  # of a small whole number in the database
LAST_VMID = 999_999_999


def parse(document: Mapping[str, object], environ: Mapping[str, str], problems: Problems) -> Declaration:
    """Every table of the document, with stand-ins where something could not be read."""
    root = Table(document, "", problems, environ)
    declaration = Declaration(
        networks=root.each("networks", _network),
        templates=root.each("templates", _template),
        clusters=root.each("clusters", _cluster),
    )
    root.close()
    if not document:
        problems.add("networks", "The file declares nothing: no networks, no templates, no clusters.")
    return declaration


def _network(table: Table) -> Network:
    return Network(
        key=table.key,
        name=table.text("name", NAME),
        description=table.maybe_text("description", most=200),
        subnets=table.each("subnets", _subnet),
    )


def _subnet(table: Table) -> Subnet:
    return Subnet(
        key=table.key,
        cidr=table.cidr("cidr"),
        gateway=table.maybe_address("gateway"),
        ranges=table.each("ranges", _range),
        exclusions=table.each("exclusions", _exclusion),
    )


def _range(table: Table) -> Span:
    return Span(table.key, table.address("first"), table.address("last"))


def _exclusion(table: Table) -> Span:
    reason = table.text("reason", most=200)
    if not table.has("address"):
        return Span(table.key, table.address("first"), table.address("last"), reason)
    address = table.address("address")
    for name in ("first", "last"):
        if table.maybe_address(name) is not None:
            table.problem(name, "This stands beside `address`. Keep `address`, or `first` and `last`.")
    return Span(table.key, address, address, reason, single=True)


def _template(table: Table) -> Template:
    return Template(
        key=table.key,
        name=table.text("name", NAME),
        appliance=table.text("appliance"),
        cores=table.whole("cores", least=1, most=8192),
        memory_mib=table.whole("memory_mib", least=16),
        swap_mib=table.whole("swap_mib", least=0),
        disk_gib=table.whole("disk_gib", least=1),
        build_address=table.maybe_address("build_address"),
    )


def _cluster(table: Table) -> Cluster:
    return Cluster(
        key=table.key,
        name=table.text("name", NAME),
        endpoints=_endpoints(table),
        ca_file=_ca_file(table),
        fingerprint=plain_fingerprint(table.maybe_text("fingerprint", FINGERPRINT)),
        token=table.one("token", _token),
        pod_vmids=table.one("pod_vmids", _vmids),
        template_vmids=table.one("template_vmids", _vmids),
        nodes=table.each("nodes", _node),
        tiers=table.each("tiers", _tier),
        template_copies=table.each("template_copies", _copy),
        attachments=table.each("attachments", _attachment),
        key_delivery=table.choice("key_delivery", tuple(ClusterRow.KeyDelivery.values), ClusterRow.KeyDelivery.NONE),
    )


def _endpoints(table: Table) -> tuple[str, ...]:
    endpoints = tuple(text.rstrip("/") for text in table.texts("endpoints", most=200, empty=False))
    for index, endpoint in enumerate(endpoints):
        if endpoint and not _is_endpoint(endpoint):
            table.problem(f"endpoints[{index}]", "This is not an endpoint such as https://pve.example.net:8006.")
    return endpoints


def _is_endpoint(endpoint: str) -> bool:
    try:
        host_of(endpoint)
        host = urlsplit(endpoint).hostname or ""
    except ValueError:
        return False
    if ":" in host or re.fullmatch(r"[0-9.]+", host):  # digits and dots are never a name
        return _is_address(host)
    return len(host) <= 253 and bool(re.fullmatch(rf"({_LABEL}\.)*{_LABEL}", host, re.ASCII))


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _ca_file(table: Table) -> str:
    path = table.maybe_text("ca_file")
    if not path:
        return ""
    if not Path(path).is_absolute():
        table.problem("ca_file", f"{path} is not an absolute path; site and workers run in folders of their own.")
    elif not Path(path).is_file():
        table.problem("ca_file", f"There is no file {path}.")
    else:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except (ssl.SSLError, OSError):
            table.problem("ca_file", f"{path} cannot be read as certificates in PEM form.")
    return path


def _token(table: Table) -> Token:
    identity = table.text("id", TOKEN, most=128)
    if identity.startswith("root@pam!"):
        table.problem("id", "A token of root@pam may do everything. Make a user with the least privileges.")
    variable = table.text("secret_env", VARIABLE, most=64, substitute=False)
    store = table.truth("store")
    secret = table.environ.get(variable, "") if store else ""
    if secret and not re.fullmatch(r"[!-~]+", secret):
        table.problem("secret_env", f"The value of {variable} has characters that no token's secret has.")
    return Token(table.key, identity, variable, store, secret)


def _vmids(table: Table) -> Vmids:
    return Vmids(
        key=table.key,
        first=table.whole("first", least=100, most=LAST_VMID),
        last=table.whole("last", least=100, most=LAST_VMID),
    )


def _node(table: Table) -> Node:
    return Node(
        key=table.key,
        name=table.text("name", HOST),
        address=table.maybe_address("address"),
        memory_mib=table.maybe_whole("memory_mib", least=1),
    )


def _tier(table: Table) -> Tier:
    return Tier(
        key=table.key,
        name=table.text("name", STORAGE),
        role=table.choice("role", tuple(StorageTier.Role.values)),
        type=table.choice("type", TYPES),
        content=table.texts("content", Form("|".join(CONTENTS), f"one of {', '.join(CONTENTS)}")),
        clone_mode=table.choice("clone_mode", tuple(StorageTier.CloneMode.values), StorageTier.CloneMode.FULL),
        shared=table.truth("shared"),
        nodes=table.maybe_texts("nodes", HOST),
        keep_last=table.maybe_whole("keep_last", least=1, most=SMALL),
    )


def _copy(table: Table) -> TemplateCopy:
    return TemplateCopy(
        key=table.key,
        template=table.text("template", NAME),
        node=table.text("node", HOST),
        tier=table.text("tier", STORAGE),
        vmid=table.whole("vmid", least=100, most=LAST_VMID),
    )


def _attachment(table: Table) -> Attachment:
    return Attachment(
        key=table.key,
        network=table.text("network", NAME),
        bridge=table.text("bridge", BRIDGE),
        vlan=table.maybe_whole("vlan", least=1, most=4094),
    )
