"""write_off_node(), declare_wiped(): a node that is lost for good is given up, without reaching it.

Decides: what becomes of its pods, of what is being done with them, and of what they held. Not: how it is found that one
of its containers has come back (noticing.py).
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.services import SYSTEM, Actor, Resource, record
from clusters.findings import Code, about_ct, about_node, close_finding, open_findings
from clusters.models import Cluster, Node, NodeObservation, TemplateCopy
from core.clock import control_now
from core.errors import Invalid, Refused
from ipam import services as ipam
from ipam.models import IPLease
from operations import attention
from operations.models import Operation
from pods import vmids
from pods.holdings import lose
from pods.models import CloudPod, VmidHold
from tenants.services import platform_tenant

CODE = "node_written_off"


class NodeNotLost(Refused):
    """The node is there: what is lost for good is not seen online."""

    code = "node_not_lost"


class NodeWrittenOff(Refused):
    """The node is written off already, and nothing is left on it."""

    code = "node_written_off"


class NodeNotWrittenOff(Refused):
    """There is nothing to declare: the node was not written off."""

    code = "node_not_written_off"


class ContainersReturned(Refused):
    """Containers of the node have come back, and hold what would be given to others."""

    code = "containers_returned"


class _AskedMeanwhile(Exception):
    """A new operation has come between: its row has to be held before the pod's."""


def pods_on(node: Node) -> QuerySet[CloudPod]:
    """The pods that are lost with the node: those that were last seen on it, or that are to be there and were seen
    nowhere.
    """
    seen_here, to_be_here = Q(observed_node=node.name), Q(observed_node="", node=node)
    found: QuerySet[CloudPod] = CloudPod.objects.live().filter(seen_here | to_be_here, cluster=node.cluster_id)
    return found.select_related("tenant").order_by("pk")


def check_can_be_written_off(node: Node, reason: str) -> None:
    """Refused: Invalid, NodeNotLost, NodeWrittenOff."""
    if not reason.strip():
        raise Invalid("Say why, for those who read it later.", field="reason")
    seen = NodeObservation.objects.filter(node=node).first()
    if seen is not None and seen.state == NodeObservation.State.ONLINE:
        raise NodeNotLost(f"Node {node} was seen online at {seen.observed_at:%Y-%m-%d %H:%M} UTC; it is not lost.")
    if node.written_off_at is not None and not pods_on(node).exists():
        raise NodeWrittenOff(f"Node {node} is written off already.")


def write_off_node(*, by: Actor, node: Node, reason: str) -> list[CloudPod]:
    """Give the node up, with all pods on it: what is being done with them ends without a call, their quota and names
    are free, their addresses and VMIDs are held back until the node is declared wiped. Returns the pods that are lost.

    First the node, so that nothing more is put on it, then each pod in a transaction of its own. Cut short, it goes on
    when it is asked for again. Refused: Invalid, NodeNotLost, NodeWrittenOff.
    """
    with transaction.atomic():
        # Creates take turns on the cluster's row: one that has chosen the node comes before this, or sees it.
        Cluster.objects.select_for_update(no_key=True).get(pk=node.cluster_id)
        row = Node.objects.select_for_update(no_key=True, of=("self",)).select_related("cluster").get(pk=node.pk)
        check_can_be_written_off(row, reason)
        row.written_off_at, row.enabled = row.written_off_at or control_now(), False
        row.save(update_fields=["written_off_at", "enabled"])
        TemplateCopy.objects.filter(node=row).update(enabled=False)
        close_finding(
            cluster=row.cluster, code=Code.NODE_OFFLINE, about=about_node(row.name), because="the node is written off"
        )
        pods = list(pods_on(row).values_list("pk", flat=True))
        _record(by, row, "node.write_off", reason, pods=len(pods))
    _follow_those_elsewhere(by, row)
    return [pod for pk in pods if (pod := _lose(by, row, pk, reason)) is not None]


def declare_wiped(*, by: Actor, node: Node, reason: str) -> int:
    """Nothing of what the node held can come back: its pods' addresses and VMIDs rest from now on and are then given
    again, and the node can be taken into use again (it stays disabled until somebody enables it). Returns how many
    addresses there were. Refused: Invalid, NodeNotWrittenOff, ContainersReturned.
    """
    if not reason.strip():
        raise Invalid("Say why, for those who read it later.", field="reason")
    with transaction.atomic():
        cluster = Cluster.objects.select_for_update(no_key=True).get(pk=node.cluster_id)
        row = Node.objects.select_for_update(no_key=True, of=("self",)).select_related("cluster").get(pk=node.pk)
        holds = VmidHold.objects.filter(pod__node=row, pod__phase=CloudPod.Phase.LOST, held_back=True)
        if row.written_off_at is None and not holds.exists():
            raise NodeNotWrittenOff(f"Node {row} is not written off.")
        abouts = [about_ct(vmid) for vmid in holds.values_list("vmid", flat=True)]
        returned = open_findings(cluster).filter(code=Code.RETURNED, about__in=abouts).order_by("about")
        if there := ", ".join(returned.values_list("about", flat=True)):
            raise ContainersReturned(
                f"Containers of node {row} have come back: {there}. Destroy them by hand first; once the cluster lists "
                "them no more, ask again."
            )
        leases = IPLease.objects.filter(
            interface_address__interface__pod__node=row, interface_address__interface__pod__phase=CloudPod.Phase.LOST
        )
        addresses = ipam.let_go_of_held_back(leases)
        numbers = vmids.let_go_of_held_back(holds)
        row.written_off_at = None
        row.save(update_fields=["written_off_at"])
        _record(by, row, "node.declare_wiped", reason, addresses=addresses, vmids=numbers)
        return addresses


def hold_back_again(hold: VmidHold, *, because: str) -> None:
    """A container of a node that was declared wiped is there after all: what it holds is given to nobody, until its
    node is declared wiped once more. In the transaction that records what was seen.
    """
    if hold.held_back:
        return
    VmidHold.objects.filter(pk=hold.pk).update(held_back=True)
    ipam.hold_back(IPLease.objects.filter(interface_address__interface__pod=hold.pod_id))
    _record_of_pod(SYSTEM, hold.pod, "pod.returned", because, hold.pod.node.name)


def _follow_those_elsewhere(by: Actor, node: Node) -> None:
    """Pods that were moved away by hand are not lost. Their next operation would ask the node that is gone."""
    moved = (
        CloudPod.objects.live().filter(node=node).exclude(observed_node__in=("", node.name)).select_related("tenant")
    )
    nodes = {other.name: other for other in Node.objects.filter(cluster=node.cluster_id)}
    for pod in moved.order_by("pk"):
        if other := nodes.get(pod.observed_node):
            CloudPod.objects.filter(pk=pod.pk, node=node, observed_node=other.name).update(node=other)
            _record_of_pod(by, pod, "pod.moved", "its node was written off; it was last seen on another", other.name)


def _lose(by: Actor, node: Node, pod_id: UUID, reason: str) -> CloudPod | None:
    while True:
        try:
            with transaction.atomic():
                return _lose_once(by, node, pod_id, reason)
        except _AskedMeanwhile:
            continue


def _lose_once(by: Actor, node: Node, pod_id: UUID, reason: str) -> CloudPod | None:
    """Workers hold an operation's row and then want the pod's: so here too. None: it has gone meanwhile."""
    operations = attention.hold_all(subject_kind="pod", subject_id=pod_id)
    rows = CloudPod.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant")
    pod: CloudPod = rows.get(pk=pod_id)
    held = {operation.pk for operation in operations}
    if Operation.objects.filter(subject_kind="pod", subject_id=pod_id, state__in=Operation.OPEN).exclude(pk__in=held):
        raise _AskedMeanwhile
    if pod.gone_at is not None:
        return None
    message = f"Its node {node} was written off: nothing more was done, nor undone."
    for operation in operations:
        attention.give_up(operation, by=by, code=CODE, message=message, reason=reason)
    before = pod.phase
    pod.node = node
    lose(pod)
    _record_of_pod(by, pod, "pod.lost", reason, node.name, phase=before)
    return pod


def _record_of_pod(by: Actor, pod: CloudPod, action: str, reason: str, node: str, **before: str) -> None:
    record(
        by=by,
        tenant=pod.tenant,
        action=action,
        resource=Resource("pod", pod.pk, pod.hostname),
        reason=reason,
        before=before,
        after={"node": node, "vmid": pod.vmid},
    )


def _record(by: Actor, node: Node, action: str, reason: str, **after: int) -> None:
    record(
        by=by,
        tenant=platform_tenant(),
        action=action,
        resource=Resource("node", node.pk, f"{node.cluster}/{node}"),
        reason=reason,
        after=dict(after),
    )
