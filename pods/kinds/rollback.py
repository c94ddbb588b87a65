"""Take a pod back to one of its snapshots: it is taken down, its disk is what it was, it is started again.

Its configuration comes back too; what the pod has by now (its size, name, network card, keys) is written over it.

Decides: the order of the calls, and that nothing is undone once the disk may be another. Not: to which snapshots one
can go back (services/snapshots.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from clusters.dataplane.errors import NotFound
from clusters.dataplane.port import Change
from operations.kind import Kind, Parked, Step
from operations.models import Step as StepRow
from pods.holdings import is_dealt_with, is_well_again, needs_a_person
from pods.kinds import disk, making, power, snapshots
from pods.kinds.context import PodRun, open_pod
from pods.wanted import wanted_env, wanted_settings


@dataclass(frozen=True)
class Params:
    """The snapshot's name; and how long the pod may take to shut down (0: stop it at once)."""

    name: str
    timeout_s: int


Run = PodRun[Params]


def begin(op: Run) -> None:
    op.remember(should_run=op.pod.should_run)


def roll_back(op: Run) -> Parked | None:
    """That it was done cannot be seen of the container: the task of a request whose answer was lost tells."""
    mine = op.mine()
    words = f"the way back to snapshot {op.params.name}"
    if done := op.taken_up(mine, "vzrollback", words, ended_too=True):
        return done
    if snapshots.ours(op, mine, op.params.name) is None:
        raise NotFound(f"CT {op.pod.vmid} has no snapshot {op.params.name} any more.")
    again = op.mine()  # nothing comes between a look and its write
    return op.parked(op.plane.roll_back(again, name=op.params.name), words)


def configure(op: Run) -> None:
    """What the pod has now, in place of what it had then."""
    mine = op.mine()
    settings = wanted_settings(op.pod)
    env = wanted_env(op.pod, mine.env)
    parts = {name: getattr(settings, name) for name in asdict(settings)}
    op.plane.change(mine, Change(hostname=op.pod.hostname, **{**parts, "env": env}))
    op.plane.set_firewall(mine)


def start(op: Run) -> Parked | None:
    making.check_disk(op, op.mine())
    return power.up(op)


def settle(op: Run) -> None:
    """Nothing waits for a boot: all was written while it stood still."""
    op.pod.pending = []
    op.pod.save(update_fields=["pending"])
    power.settle_up_or_down(op)


def attention(op: Run) -> None:
    """One that only does not start is as it should be: its owner can start it, or go back to another snapshot."""
    if op.operation.steps.get(name="grow").state != StepRow.State.DONE:
        needs_a_person(op.pod)


ROLLBACK: Kind[Run] = Kind(
    "rollback",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=power.DEADLINE + timedelta(hours=1),
    attention=attention,
    resolved=lambda op: is_dealt_with(op.pod),
    joins=("name",),
    steps=(
        Step("begin", begin, undo=lambda op: is_well_again(op.pod), atomic=True, undo_atomic=True, by_request=True),
        *power.down(timeout_s=lambda op: op.params.timeout_s),
        Step("rollback", roll_back, lanes=lambda op: (op.pod.node.io_lane,), pivot=True),
        Step("configure", configure),
        Step("grow", disk.grow),
        Step("start", start),
        Step("settle", settle, atomic=True),
    ),
)
