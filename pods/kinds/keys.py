"""Replace a pod's SSH keys: its record says at once what should be, its container's environment is made so.

Decides: what is written, and put back if it cannot be. Not: which keys are taken (ssh_keys.py), or who may ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.dataplane.errors import Busy
from clusters.dataplane.port import Mine
from operations.kind import Kind, Step, recorded_by_service
from pods.kinds.context import PodRun, open_pod
from pods.ssh_keys import environment_with


@dataclass(frozen=True)
class Params:
    """The keys before, should they have to stay, and the new ones."""

    old: list[str]
    new: list[str]


Run = PodRun[Params]


def write(op: Run) -> None:
    """A write whose answer was lost is seen by what it left; one that still arrives after ours has a stale digest."""
    mine = op.mine()
    env = environment_with(op.params.new, mine.env)
    if env != mine.env:
        op.plane.set_env(mine, env)


def write_back(op: Run) -> None:
    """The old keys, if the pod's container is there at all. What is not ours is left alone. A write that comes late is
    let come first: written back, the configuration has its old digest again, which that write carries.
    """
    late = op.late_effect()
    found = op.look()
    if not isinstance(found, Mine):
        return
    if late:
        raise Busy(late)
    env = environment_with(op.params.old, found.env)
    if env != found.env:
        op.plane.set_env(found, env)


def take_back(op: Run) -> None:
    """The keys could not be replaced: the pod keeps those it had."""
    op.pod.ssh_keys = op.params.old
    op.pod.save(update_fields=["ssh_keys"])


# A write that could not be undone leaves the pod as it is: it runs, and asking again puts its keys right.
SET_KEYS: Kind[Run] = Kind(
    "set_keys",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod,
    deadline=timedelta(minutes=10),
    steps=(
        Step("declare", recorded_by_service, undo=take_back, undo_atomic=True),
        Step("write", write, undo=write_back),
    ),
)
