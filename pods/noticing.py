"""What a cluster's list shows about containers that needs a person, and what it shows to be over.

Decides: a lock that nobody holds, what has come back from a node that was written off. Not: about the cluster itself
(clusters/noticing.py), nor what operations meet (meeting.py).
"""

from __future__ import annotations

from clusters.dataplane.port import Guest, Resources
from clusters.findings import Code, about_ct, close_finding, open_finding, open_findings
from clusters.looks import Look
from clusters.models import Node, NodeObservation
from clusters.noticing import LAG
from ipam.models import IPLease
from pods.models import VmidHold
from pods.vmids import last_held
from pods.writing_off import hold_back_again

CODES = (Code.STUCK_LOCK, Code.STRANGER, Code.MOVED_TO_UNKNOWN_NODE, Code.RETURNED)


def notice(look: Look, resources: Resources) -> None:
    """In the transaction that records the look."""
    guests = {guest.vmid: guest for guest in resources.guests}
    _stuck(look, guests)
    _returned(look, resources, guests)
    if not resources.unread:
        _over(look, guests)


def _stuck(look: Look, guests: dict[int, Guest]) -> None:
    """Locked, and no task works on it: in two looks, half a minute apart or more."""
    if not look.stuck:
        return
    held = VmidHold.objects.filter(cluster=look.cluster, released_at=None, vmid__in=look.stuck).order_by("vmid")
    for hold in held.select_related("pod", "tenant"):
        guest = guests[hold.vmid]
        open_finding(
            cluster=look.cluster,
            code=Code.STUCK_LOCK,
            about=about_ct(hold.vmid),
            detail=f"Pod {hold.pod} of {hold.tenant}: it is locked ({guest.lock}), and no task works on it.",
            node=guest.node,
            commands=f"pct unlock {hold.vmid}",
        )


def _returned(look: Look, resources: Resources, guests: dict[int, Guest]) -> None:
    """What is listed at the VMID of a pod that is lost, and not on a node that is away: those are listed for ever.
    Somebody may have declared the node wiped, and been wrong.
    """
    online = {node.name for node in resources.nodes if node.status == NodeObservation.State.ONLINE}
    there = [vmid for vmid, guest in guests.items() if guest.node in online]
    for hold in last_held(look.cluster, there).select_related("pod__node", "pod__tenant", "tenant").order_by("vmid"):
        guest = guests[hold.vmid]
        hold_back_again(hold, because=f"a container with its VMID is {guest.status} on node {guest.node}")
        addresses = IPLease.objects.filter(interface_address__interface__pod=hold.pod).values_list("address", flat=True)
        open_finding(
            cluster=look.cluster,
            code=Code.RETURNED,
            about=about_ct(hold.vmid),
            detail=f"Pod {hold.pod} of {hold.tenant} was given up with node {hold.pod.node}; a container with its VMID "
            f"is {guest.status} on node {guest.node}.",
            address=", ".join(map(str, addresses)) or "none",
            node=f"{look.cluster}/{hold.pod.node}",
        )


def _over(look: Look, guests: dict[int, Guest]) -> None:
    declared: set[str] | None = None
    listed = {about_ct(vmid): guest for vmid, guest in guests.items()}
    for finding in open_findings(look.cluster).filter(code__in=CODES, seen_at__lte=look.began - LAG):
        guest, because = listed.get(finding.about), ""
        if guest is None:
            because = "nothing is there any more"
        elif finding.code == Code.STUCK_LOCK and not guest.lock:
            because = "it is not locked any more"
        elif finding.code == Code.MOVED_TO_UNKNOWN_NODE:
            declared = declared or set(Node.objects.filter(cluster=look.cluster).values_list("name", flat=True))
            because = "it is on a node that is declared" if guest.node in declared else ""
        if because:
            close_finding(
                cluster=look.cluster, code=finding.code, about=finding.about, because=because, as_of=look.began - LAG
            )
