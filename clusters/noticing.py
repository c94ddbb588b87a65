"""What a look at a cluster shows that needs a person, and what it shows to be over.

Decides: findings about the cluster, its nodes, storages and template copies. Not: about pods (pods/noticing.py).
"""

from __future__ import annotations

from datetime import timedelta

from clusters.dataplane.port import Resources, Storage
from clusters.findings import (
    Code,
    about_ct,
    about_node,
    about_storage,
    close_finding,
    open_finding,
    open_findings,
)
from clusters.halting import HALTS, halt, lift
from clusters.looks import Look
from clusters.models import Node, NodeObservation, TemplateCopy
from operations.errors import StepError

# How late the list may be: what was found after that, it does not know of.
LAG = timedelta(seconds=15)

# Nobody can ask a storage whether the next disk will fit: it is believed to have room again when its list shows some
# and nobody has met it full for this long.
FULL_FOR = timedelta(minutes=10)
ROOM = 0.05  # of its size

ONLINE, OFFLINE = NodeObservation.State.ONLINE, NodeObservation.State.OFFLINE


def notice(look: Look, *, offline_before: frozenset[str]) -> None:
    """In the transaction that records the look. `offline_before`: nodes that the look before this one saw offline."""
    match look.result:
        case Resources() as resources:
            lift(look.cluster, as_of=look.began)
            _quorum(look)
            _nodes(look, resources, offline_before)
            _templates(look, resources)
            _storages(look, resources)
        case StepError() as error if error.code in HALTS:
            halt(look.cluster, error.code, error.message)


def _quorum(look: Look) -> None:
    if look.quorate:
        close_finding(cluster=look.cluster, code=Code.NO_QUORUM, because="it has its quorum again", as_of=look.began)


def _nodes(look: Look, resources: Resources, offline_before: frozenset[str]) -> None:
    """One that is offline in two looks in a row; a written off one is expected to be."""
    states = {machine.name: machine.status for machine in resources.nodes}
    declared = Node.objects.filter(cluster=look.cluster, written_off_at=None).values_list("name", flat=True)
    for name in declared.order_by("name"):
        if states.get(name) == OFFLINE and name in offline_before:
            open_finding(cluster=look.cluster, code=Code.NODE_OFFLINE, about=about_node(name), node=name)
    for finding in open_findings(look.cluster).filter(code=Code.NODE_OFFLINE):
        if any(finding.about == about_node(name) and state == ONLINE for name, state in states.items()):
            _close(look, finding.code, finding.about, "it is online again")


def _templates(look: Look, resources: Resources) -> None:
    """A copy that nobody works on and that is locked all the same cannot be cloned: placement passes it over."""
    guests = {guest.vmid: guest for guest in resources.guests}
    copies = TemplateCopy.objects.filter(cluster=look.cluster).order_by("vmid").values_list("vmid", flat=True)
    for vmid in copies:
        if vmid in look.stuck:
            guest, about = guests[vmid], about_ct(vmid)
            detail = f"It is locked ({guest.lock}), and no task works on it."
            open_finding(
                cluster=look.cluster, code=Code.TEMPLATE_LOCKED, about=about, detail=detail, vmid=vmid, node=guest.node
            )
    if resources.unread:
        return
    locked = {about_ct(guest.vmid) for guest in resources.guests if guest.lock}
    for finding in open_findings(look.cluster).filter(code=Code.TEMPLATE_LOCKED):
        if finding.about not in locked:
            _close(look, finding.code, finding.about, "it is not locked any more")


def _storages(look: Look, resources: Resources) -> None:
    full = open_findings(look.cluster).filter(code=Code.STORAGE_FULL, seen_at__lte=look.began - FULL_FOR)
    with_room = {about_storage(one.name, node=one.node) for one in resources.storages if _has_room(one)}
    for about in full.values_list("about", flat=True):
        if about in with_room:
            _close(look, Code.STORAGE_FULL, about, "it has room again")


def _has_room(storage: Storage) -> bool:
    if not storage.available or not storage.total_gib or storage.used_gib is None:
        return False
    return storage.used_gib <= storage.total_gib * (1 - ROOM)


def _close(look: Look, code: str, about: str, because: str) -> None:
    close_finding(cluster=look.cluster, code=code, about=about, because=because, as_of=look.began - LAG)
