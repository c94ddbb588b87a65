"""A thousand operations that wait for tasks: what worker and controller together use of a core meanwhile.

Decides: what is parked, and how long the processors are watched. Not: whose time counts (processes.py).

One create is really parked. The rows of the others are copies of its rows, each with the id of a task of its own, which
the fake runs and lists: to the controller they are what a thousand creates are, at a fraction of the time to make them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from bench.creating import ask_for, make_tenant, wait_until, wait_until_ended
from bench.figures import Figure
from bench.plain_pve import PlainPve
from bench.processes import Meter
from bench.stage import FOUR_NODES, Stage, stage, tell
from demo.handle import FakeHandle

if TYPE_CHECKING:  # models can be imported once the stage has set Django up
    from django.db.models import Model

    from operations.models import Attempt

    M = TypeVar("M", bound=Model)

LONG = 3600.0  # seconds that starts take in the fake: longer than all of this
SHORT = 0.1
SHARE = 0.10  # of one core
SETTLE = 3.0  # seconds after all is parked
PATIENCE = 60.0
FIRST_VMID = 20_000  # of the containers whose starts are waited for; no pod gets one of these


@dataclass(frozen=True)
class Size:
    """`seconds`: how long the processors are watched."""

    name: str
    operations: int
    seconds: float


FULL = Size("thousand_parked", operations=1000, seconds=30.0)
QUICK = Size("hundred_parked", operations=100, seconds=10.0)


def parked(*, quick: bool = False) -> list[Figure]:
    """All of them are creates whose containers take an hour to start."""
    size = QUICK if quick else FULL
    with stage(FOUR_NODES, clone=SHORT, start=LONG) as on:
        make_tenant(on, pods=2)
        _park(on, size.operations)
        share = _share(on, size)
        _one_more(on)
    return [Figure(f"{size.name}_cpu_share", share, SHARE, 1.0)]


def _park(on: Stage, wanted: int) -> None:
    tell(f"{wanted} operations, each parked on a task that runs")
    ask_for(on, ["bench"])
    wait_until(lambda: len(_waiting()) == 1, "a create that waits for its start", patience=PATIENCE)
    copy_parked(_waiting()[0], begin_starts(on.pve, wanted - 1))
    on.pve.wait_running(count=wanted)
    time.sleep(SETTLE)


def begin_starts(fake: FakeHandle, wanted: int) -> list[str]:
    """Start so many containers, evenly over the nodes. Returns the tasks' ids."""
    pve, nodes = PlainPve(fake.ready, poll=SHORT), list(fake.layout.nodes)
    upids = []
    for number in range(wanted):
        node, vmid = nodes[number % len(nodes)], FIRST_VMID + number
        fake.put_ct(node, vmid, hostname=f"bench-{number}")
        upids.append(str(pve.ask("POST", f"nodes/{node}/lxc/{vmid}/status/start")))
    return upids


def copy_parked(attempt: Attempt, upids: list[str]) -> None:
    """For each of these tasks an operation like the attempt's own, at the same step, of another subject."""
    from clusters.dataplane.port import Upid
    from clusters.waits import AwaitedTask

    original = attempt.step.operation
    cluster = AwaitedTask.of(str(attempt.wait_key)).cluster_id
    operations, steps, attempts = [], [], []
    for upid in upids:
        operation = _copy(original, subject_id=uuid4())
        of_operation = [_copy(step, operation=operation) for step in original.steps.all()]
        step = next(step for step in of_operation if step.name == attempt.step.name)
        operations.append(operation)
        steps += of_operation
        attempts.append(_copy(attempt, step=step, wait_key=AwaitedTask(cluster, Upid(upid)).key))
    type(original).objects.bulk_create(operations)
    type(attempt.step).objects.bulk_create(steps)
    type(attempt).objects.bulk_create(attempts)


def _copy(row: M, **other: Any) -> M:
    """The same row again under a new id, but for what is other in it."""
    same = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}
    copied = type(row)(**same)
    for name, value in other.items():
        setattr(copied, name, value)
    return copied


def _share(on: Stage, size: Size) -> float:
    """Processor seconds of worker and controller a second. RuntimeError: they were not watched at their real work."""
    on.pve.clear_record()
    meter = Meter({name: on.sessions[name] for name in ("worker", "controller")})
    began = time.perf_counter()
    time.sleep(size.seconds)
    took = time.perf_counter() - began
    shares = {name: used / took for name, used in meter.used().items()}
    looks = len(on.pve.record("tasks"))
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    tell(f"of one core, over {took:.0f} s: {told}; lists of tasks asked for: {looks}")
    if (still := len(_waiting())) != size.operations or not looks:
        raise RuntimeError(f"{still} of {size.operations} were parked at the end, and {looks} lists were asked for")
    return sum(shares.values())


def _one_more(on: Stage) -> None:
    """Who saves by not looking would not see this one's tasks end."""
    on.pve.set_seconds(clone=SHORT, start=SHORT)
    began = time.monotonic()
    wait_until_ended(ask_for(on, ["one-more"]), patience=60.0)
    tell(f"one more create beside them, its tasks {2 * SHORT:g} s together: {time.monotonic() - began:.1f} s")


def _waiting() -> list[Attempt]:
    """The attempts that wait for the task of a container's start."""
    from operations.models import Attempt

    waiting = Attempt.objects.filter(step__name="start", ended_at=None, step__operation__state="parked")
    return list(waiting.select_related("step__operation"))
