"""Move a pod to another node of its cluster: it is taken down, its volumes are copied, it is started there.

Until it was seen there, the pod's row names the node that it leaves; undone, it is brought back.

Decides: the order of the calls, and what is undone. Not: where to, nor what can be moved (services/move.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.dataplane.errors import Busy, NotFound
from clusters.dataplane.port import Mine, Stranger
from clusters.models import Node
from operations.kind import Kind, Parked, Step
from pods.holdings import is_dealt_with, is_well_again, needs_a_person
from pods.kinds import power
from pods.kinds.context import PodRun, not_ours, open_pod
from pods.models import CloudPod

WORDS = "the move"


@dataclass(frozen=True)
class Params:
    """Where to; and how long it may take to shut down (0: stop it at once)."""

    node: str
    timeout_s: int


Run = PodRun[Params]


def declare(op: Run) -> None:
    op.remember(node=op.pod.node.name, should_run=op.pod.should_run)


def migrate(op: Run) -> Parked | None:
    """One that is there already was brought there by a request whose answer was lost, or by hand."""
    mine = _wherever(op)
    if mine.ct.node == op.params.node:
        return None
    return op.taken_up(mine, "vzmigrate", WORDS) or op.parked(op.plane.migrate(mine, to_node=op.params.node), WORDS)


def bring_back(op: Run) -> Parked | None:
    """To the node that it was on, if this took it away. What is not the pod's was not moved either."""
    if not (op.history.by_task or op.history.in_doubt):
        return None
    late = op.late_effect("vzmigrate")
    match op.look_at(op.ct):
        case Mine() as mine if mine.ct.node == op.params.node:
            return op.parked(op.plane.migrate(mine, to_node=op.before["node"]), "the move back")
        case Mine() if late:
            raise Busy(late)
        case Mine() | Stranger() | None:
            return None


def follow(op: Run) -> None:
    _say(op, op.params.node)


def stop(op: Run) -> Parked | None:
    """It was started on the other node, which it has to leave again."""
    return power.stop_again(op, before=CloudPod.Desired.STOPPED)


def lanes(op: Run) -> tuple[str, ...]:
    """It reads a whole disk on one node, and writes it on the other."""
    nodes = Node.objects.select_related("cluster").filter(cluster=op.pod.cluster_id)
    return tuple(node.io_lane for node in nodes.filter(name__in=(op.before["node"], op.params.node)))


def _wherever(op: Run) -> Mine:
    """The pod's container, on whichever node. The row does not follow it yet: what comes may have to be undone."""
    match op.look_at(op.ct):
        case Mine() as mine:
            return mine
        case Stranger() as stranger:
            raise not_ours(stranger)
        case None:
            raise NotFound(f"There is no container {op.pod.vmid} on cluster {op.pod.cluster}.")


def _say(op: Run, node: str) -> None:
    op.pod.node = Node.objects.select_related("cluster").get(cluster=op.pod.cluster_id, name=node)
    op.pod.save(update_fields=["node"])


MOVE: Kind[Run] = Kind(
    "move",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=power.DEADLINE + timedelta(hours=12),  # whole disks go over the network
    attention=lambda op: needs_a_person(op.pod),
    resolved=lambda op: is_dealt_with(op.pod),
    joins=("node",),
    steps=(
        Step(
            "declare",
            declare,
            undo=lambda op: is_well_again(op.pod),
            atomic=True,
            undo_atomic=True,
            by_request=True,
        ),
        *power.down(timeout_s=lambda op: op.params.timeout_s),
        Step("migrate", migrate, undo=bring_back, lanes=lanes),
        Step("follow", follow, undo=lambda op: _say(op, op.before["node"]), atomic=True, undo_atomic=True),
        Step("start", power.up, undo=stop),
        Step("settle", power.settle_up_or_down, atomic=True),
    ),
)
