"""move_pod(): begins the operation that brings a pod to another node of its cluster.

Decides: where to, and what cannot be moved. Not: how the pod comes there (kinds/move.py).
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor
from clusters.models import Cluster, Node
from operations.models import Operation
from operations.ordering import same_going_on
from pods import refusals
from pods.kinds.move import MOVE
from pods.kinds.move import Params as MoveParams
from pods.kinds.power import USUAL_TIMEOUT_S
from pods.models import CloudPod
from pods.queries import memory_free
from pods.services.ask import ask
from pods.services.lock import lock
from pods.services.power import check_timeout
from pods.services.record import recording_refusals

SENDS_SNAPSHOTS = ("zfspool", "btrfs")  # storages whose snapshots Proxmox takes along to another node


def move_pod(
    *, by: Actor, pod: CloudPod, node: str | None = None, timeout_s: int = USUAL_TIMEOUT_S, reason: str = ""
) -> Operation:
    """Begin the operation that brings a pod to this node, or to the one with the fewest pods that can take it.

    It is stopped for that as `stop_pod` does, and started there if it should run. A second request for the same is
    the first. Refused: Invalid, UnknownChoice, CannotMove, PodGone, PodDeleted, PodNeedsAttention, OperationInProgress,
    Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.move"), transaction.atomic():
        check_timeout(timeout_s)
        locked = lock(pod)
        if node is None or same_going_on(MOVE, locked.pk, {"node": node}) is None:
            node = _target(locked, node)
        params, before = MoveParams(node=node, timeout_s=timeout_s), {"node": locked.node.name}
        return ask(MOVE, by=by, pod=locked, params=params, reason=reason, before=before)


def _target(pod: CloudPod, name: str | None) -> str:
    Cluster.objects.select_for_update(no_key=True).get(pk=pod.cluster_id)
    nodes = Node.objects.select_related("cluster").filter(cluster=pod.cluster_id).order_by("name")
    node = None if name is None else nodes.filter(name=name).first()
    if name is not None and node is None:
        raise refusals.UnknownChoice(f"Cluster {pod.cluster} has no node {name[:80]!r}.", field="node")
    if why := _stays(pod):
        raise refusals.CannotMove(f"The pod {pod} cannot leave node {pod.node}: {why}.")
    if node is None:
        fitting = [node for node in nodes if not _takes_none(node, pod)]
        if not fitting:
            raise refusals.CannotMove(f"No other node of cluster {pod.cluster} can take {pod}.", field="node")
        return min(fitting, key=lambda node: (node.pods.filter(gone_at=None).count(), node.name)).name
    if why := _takes_none(node, pod):
        raise refusals.CannotMove(f"The pod {pod} cannot be brought to node {node}: {why}.", field="node")
    return node.name


def _stays(pod: CloudPod) -> str:
    """Why Proxmox would not let it leave its node; empty if it would."""
    tier = pod.tier
    if tier.shared:
        return ""
    if tier.clone_mode == tier.CloneMode.LINKED:
        return f"its disk on {tier} is a linked clone of the template there, and no other node sees that storage"
    if tier.storage_type not in SENDS_SNAPSHOTS and pod.snapshots.exists():
        return f"its snapshots cannot leave {tier}, a storage of type {tier.storage_type}; delete them first"
    return ""


def _takes_none(node: Node, pod: CloudPod) -> str:
    """Why the node cannot take the pod; empty if it can."""
    if node.pk == pod.node_id:
        return "it is there already"
    if node.written_off_at is not None:
        return "that node was written off"
    if not node.enabled:
        return "that node is not enabled"
    tier = pod.tier
    if not tier.shared and tier.nodes.exists() and not tier.nodes.filter(pk=node.pk).exists():
        return f"that node does not have the storage {tier}"
    free = memory_free(node)
    if free is not None and free < pod.memory_mib:
        return f"it has {max(free, 0)} MiB of memory left for pods, and {pod} has {pod.memory_mib}"
    return ""
