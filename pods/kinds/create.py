"""Create a pod. Nothing is chosen here: services.create_pod reserved node, tier, VMID and address.

Decides: the order of the calls, and what each undoes. Not: how a container is made of a template (making.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.dataplane.port import Clone
from operations.kind import Kind, Parked, Step, recorded_by_service
from pods.holdings import let_go, needs_a_person, settle_as_running
from pods.kinds import making, power
from pods.kinds.context import PodRun, open_pod
from pods.kinds.discard import discard


@dataclass(frozen=True)
class Params:
    """What the pod's row does not hold."""

    full_clone: bool


Run = PodRun[Params]


def clone(op: Run) -> Parked | None:
    full = op.params.full_clone
    asked = Clone(
        template_vmid=op.pod.source.vmid,
        hostname=op.pod.hostname,
        operation=op.operation.pk,
        full=full,
        storage=op.pod.tier.name if full else None,
    )
    return making.clone(op, asked, to=op.ct, look=op.look)


def configure(op: Run) -> Parked | None:
    return making.configure(op, op.mine(), onboot=op.pod.should_run, look=op.mine)


def start(op: Run) -> Parked | None:
    mine = op.mine()
    making.check_disk(op, mine)
    return power.start(op, mine)


def settle(op: Run) -> None:
    """The start's task ended well: the container runs."""
    settle_as_running(op.pod)


def release(op: Run) -> None:
    """Nothing is left of it on the cluster: give back what was reserved."""
    let_go(op.pod, phase=op.pod.Phase.FAILED)


def lanes(op: Run) -> tuple[str, ...]:
    """One clone of a template copy at a time; a full one also moves a whole disk."""
    return (op.pod.source.lane, op.pod.node.io_lane) if op.params.full_clone else (op.pod.source.lane,)


CREATE: Kind[Run] = Kind(
    "create",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=20),
    attention=lambda op: needs_a_person(op.pod),
    steps=(
        Step("reserve", recorded_by_service, undo=release, undo_atomic=True),
        Step("clone", clone, undo=discard, lanes=lanes),
        Step("configure", configure),
        Step("start", start, undo=power.stop),
        Step("settle", settle, atomic=True),
    ),
)
