"""The declaration as values: networks, templates, clusters. Each knows the key where the file states it.

Decides: what a declaration holds. Not: how it is read (parse.py) or whether it contradicts itself (the rules).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True)
class Span:
    """A run of addresses: allocatable, or excluded with its reason. `single`: stated as `address`."""

    key: str
    first: IPv4Address
    last: IPv4Address
    reason: str = ""
    single: bool = False

    @property
    def first_key(self) -> str:
        return f"{self.key}.{'address' if self.single else 'first'}"

    @property
    def last_key(self) -> str:
        return f"{self.key}.{'address' if self.single else 'last'}"

    def __contains__(self, address: IPv4Address) -> bool:
        return self.first <= address <= self.last

    def overlaps(self, other: Span) -> bool:
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True)
class Subnet:
    key: str
    cidr: IPv4Network
    gateway: IPv4Address | None
    ranges: tuple[Span, ...]
    exclusions: tuple[Span, ...]

    def may_give_out(self, address: IPv4Address) -> bool:
        """Whether the address is in an allocatable range and in no exclusion."""
        return any(address in span for span in self.ranges) and not any(address in span for span in self.exclusions)


@dataclass(frozen=True)
class Network:
    key: str
    name: str
    description: str
    subnets: tuple[Subnet, ...]


@dataclass(frozen=True)
class Template:
    """`build_address` is only checked: it has to be kept out of allocation while the template is built."""

    key: str
    name: str
    appliance: str
    cores: int
    memory_mib: int
    swap_mib: int
    disk_gib: int
    build_address: IPv4Address | None


@dataclass(frozen=True)
class Token:
    """`secret` is the variable's value now, read only when it is to be stored."""

    key: str
    id: str
    secret_env: str
    store: bool
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Vmids:
    key: str
    first: int
    last: int

    def __contains__(self, vmid: int) -> bool:
        return self.first <= vmid <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True)
class Node:
    key: str
    name: str
    address: IPv4Address | None
    memory_mib: int | None


@dataclass(frozen=True)
class Tier:
    """`nodes` empty: the storage is on every node."""

    key: str
    name: str
    role: str
    type: str
    content: tuple[str, ...]
    clone_mode: str
    shared: bool
    nodes: tuple[str, ...]
    keep_last: int | None

    def is_on(self, node: str) -> bool:
        return not self.nodes or node in self.nodes


@dataclass(frozen=True)
class TemplateCopy:
    key: str
    template: str
    node: str
    tier: str
    vmid: int


@dataclass(frozen=True)
class Attachment:
    key: str
    network: str
    bridge: str
    vlan: int | None

    @property
    def wire(self) -> str:
        return self.bridge if self.vlan is None else f"{self.bridge} with VLAN {self.vlan}"


@dataclass(frozen=True)
class Cluster:
    key: str
    name: str
    endpoints: tuple[str, ...]
    ca_file: str
    fingerprint: str
    token: Token
    pod_vmids: Vmids
    template_vmids: Vmids
    nodes: tuple[Node, ...]
    tiers: tuple[Tier, ...]
    template_copies: tuple[TemplateCopy, ...]
    attachments: tuple[Attachment, ...]
    key_delivery: str


@dataclass(frozen=True)
class Declaration:
    networks: tuple[Network, ...]
    templates: tuple[Template, ...]
    clusters: tuple[Cluster, ...]
