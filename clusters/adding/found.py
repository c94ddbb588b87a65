"""Found: what a cluster says there is, and what follows from it for its declaration.

Decides: the proposals: roles of storages, which containers are template copies, free VMIDs. Not: what is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Interface

from clusters.dataplane.survey import Bridge, Container, Listed, State, Storage, Survey, Version
from clusters.declaration.cluster_rules import SNAPSHOTTING
from clusters.declaration.parse import CONTENTS, TYPES
from clusters.models import StorageTier

PODS = 900  # VMIDs that are proposed for pods


@dataclass(frozen=True)
class Copy:
    """A container that is a template, where it is."""

    node: str
    vmid: int
    container: Container


@dataclass(frozen=True)
class Found:
    version: Version
    state: State
    guests: list[Listed]
    storages: dict[str, list[Storage]]  # by node; of nodes that are online
    bridges: dict[str, list[Bridge]]
    templates: list[Copy]

    @property
    def nodes(self) -> list[str]:
        return [member.name for member in self.state.members]

    def address_of(self, node: str) -> IPv4Address | None:
        text = next((member.address for member in self.state.members if member.name == node), "")
        try:
            return IPv4Address(text)
        except AddressValueError:
            return None

    def hosts(self) -> dict[IPv4Address, str]:
        """Addresses that the nodes have: in the cluster's own network, and on their bridges."""
        found = {address: node for node in self.nodes if (address := self.address_of(node))}
        for node, bridges in self.bridges.items():
            for bridge in bridges:
                if interface := interface_of(bridge):
                    found.setdefault(interface.ip, node)
        return found


def look_around(survey: Survey) -> Found:
    """May raise any of dataplane/errors.py."""
    version, state, guests = survey.version(), survey.state(), survey.guests()
    online = [member.name for member in state.members if member.online]
    templates = []
    for node in online:
        for vmid in survey.templates(node):
            container = survey.container(node, vmid)
            if container is not None and container.template:
                templates.append(Copy(node, vmid, container))
    return Found(
        version=version,
        state=state,
        guests=guests,
        storages={node: survey.storages(node) for node in online},
        bridges={node: survey.bridges(node) for node in online},
        templates=sorted(templates, key=lambda copy: copy.vmid),
    )


def interface_of(bridge: Bridge) -> IPv4Interface | None:
    try:
        return IPv4Interface(bridge.cidr) if bridge.cidr else None
    except ValueError:
        return None


def copies_of(found: Found, hostname: str) -> list[Copy]:
    """One a node, the lowest VMID first: those of one name are taken for copies of one template."""
    copies: dict[str, Copy] = {}
    for copy in found.templates:
        if copy.container.hostname == hostname:
            copies.setdefault(copy.node, copy)
    return sorted(copies.values(), key=lambda copy: copy.vmid)


def tiers_of(found: Found, copies: Iterable[Copy]) -> list[dict[str, object]]:
    """The storages that pods need, with roles. What holds neither pods, backups nor templates is left out."""
    seen: dict[str, Storage] = {}
    on: dict[str, list[str]] = {}
    for node, storages in found.storages.items():
        for storage in storages:
            if storage.enabled and storage.type in TYPES:
                seen.setdefault(storage.name, storage)
                on.setdefault(storage.name, []).append(node)
    live = {copy.container.storage for copy in copies}
    if not live:  # no template yet: it may come to stand on any of them
        live = {storage.name for storage in seen.values() if "rootdir" in storage.content}
    backups = {s.name for s in seen.values() if "backup" in s.content and "vztmpl" not in s.content}
    tiers = []
    for storage in sorted(seen.values(), key=lambda one: one.name):
        role = _role(storage, live, bool(backups))
        if role is not None:
            everywhere = set(on[storage.name]) == set(found.storages)
            tiers.append(_tier(storage, role, [] if everywhere else on[storage.name]))
    return sorted(tiers, key=lambda tier: StorageTier.Role.values.index(str(tier["role"])))


def _role(storage: Storage, live: set[str], other_backups: bool) -> StorageTier.Role | None:
    """A storage has one role. The usual `local` takes templates and backups: it is for backups if nothing else is."""
    role = StorageTier.Role
    if storage.name in live and "rootdir" in storage.content:
        return role.PRIMARY
    templates = not storage.content.isdisjoint({"vztmpl", "iso"})
    if "backup" in storage.content and not (templates and other_backups):
        return role.BACKUP
    return role.TEMPLATE if templates else None


def _tier(storage: Storage, role: StorageTier.Role, nodes: list[str]) -> dict[str, object]:
    tier: dict[str, object] = {"name": storage.name, "role": str(role), "type": storage.type}
    tier["content"] = [content for content in CONTENTS if content in storage.content]
    if role == StorageTier.Role.PRIMARY:
        linked = storage.type in SNAPSHOTTING
        tier["clone_mode"] = str(StorageTier.CloneMode.LINKED if linked else StorageTier.CloneMode.FULL)
    if storage.shared:
        tier["shared"] = True
    if nodes:
        tier["nodes"] = nodes
    return tier


def template_vmids(copies: list[Copy], found: Found) -> tuple[int, int]:
    """The hundreds that hold all copies; without any, the first free hundred from 9000 on."""
    if copies:
        first, last = copies[0].vmid, copies[-1].vmid
        return max(100, first // 100 * 100), last // 100 * 100 + 99
    return _free(found, 100, behind=8999)


def pod_vmids(templates: tuple[int, int], found: Found) -> tuple[int, int]:
    """The first stretch behind the templates that no guest is in."""
    return _free(found, PODS, behind=templates[1])


def _free(found: Found, count: int, *, behind: int) -> tuple[int, int]:
    taken = {guest.vmid for guest in found.guests}
    first = behind + 1
    while inside := [vmid for vmid in taken if first <= vmid < first + count]:
        first = (max(inside) // 100 + 1) * 100
    return first, first + count - 1
