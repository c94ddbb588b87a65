"""A thousand operations that wait for tasks: what worker and controller together use of a core meanwhile.

Decides: what is parked, and how long the processors are watched. Not: whose time counts (processes.py).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.creating import ask_for, make_tenant, wait_until, wait_until_ended
from bench.figures import Figure
from bench.processes import cpu_seconds
from bench.stage import FOUR_NODES, Stage, stage, tell

LONG = 3600.0  # seconds that their starts take in the fake: longer than all of this
SHORT = 0.1
SHARE = 0.10  # of one core
SETTLE = 3.0  # seconds after the last one has parked
PATIENCE = 900.0
ROOM = 10_000  # in a lane: what is measured is waiting for tasks, not for lanes


@dataclass(frozen=True)
class Size:
    """`seconds`: how long the processors are watched."""

    name: str
    operations: int
    seconds: float


FULL = Size("thousand_parked", operations=1000, seconds=30.0)
QUICK = Size("hundred_parked", operations=100, seconds=10.0)


def parked(*, quick: bool = False) -> list[Figure]:
    """Creates whose containers take an hour to start: each is parked on a task of its own, which its node lists."""
    size = QUICK if quick else FULL
    with stage(FOUR_NODES, clone=0, start=LONG) as on:
        make_tenant(on, pods=size.operations + 1)
        _park(on, size.operations)
        share = _share(on, size)
        _one_more(on)
    return [Figure(f"{size.name}_cpu_share", share, SHARE, 1.0)]


def _park(on: Stage, wanted: int) -> None:
    from operations.models import Lane

    began = time.monotonic()
    tell(f"{wanted} creates, until all of them wait for their starts")
    ask_for(on, [f"bench-{number}" for number in range(wanted)])

    def all_wait() -> bool:
        Lane.objects.exclude(capacity=ROOM).update(capacity=ROOM)
        return _waiting() == wanted

    wait_until(all_wait, f"{wanted} parked operations", patience=PATIENCE)
    on.pve.wait_running(count=wanted)
    tell(f"they do after {time.monotonic() - began:.0f} s")
    time.sleep(SETTLE)


def _share(on: Stage, size: Size) -> float:
    """Processor seconds of worker and controller a second. RuntimeError: they were not watched at their real work."""
    watched = {name: on.sessions[name] for name in ("worker", "controller")}
    on.pve.clear_record()
    before = {name: cpu_seconds([session]) for name, session in watched.items()}
    began = time.perf_counter()
    time.sleep(size.seconds)
    took = time.perf_counter() - began
    shares = {name: (cpu_seconds([session]) - before[name]) / took for name, session in watched.items()}
    looks = len(on.pve.record("tasks"))
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    tell(f"of one core, over {took:.0f} s: {told}; lists of tasks asked for: {looks}")
    if _waiting() != size.operations or not looks:
        raise RuntimeError(f"{_waiting()} of {size.operations} were parked at the end, and {looks} lists were asked for")
    return sum(shares.values())


def _one_more(on: Stage) -> None:
    """Who saves by not looking would not see this one's tasks end."""
    on.pve.set_seconds(clone=SHORT, start=SHORT)
    began = time.monotonic()
    wait_until_ended(ask_for(on, ["one-more"]), patience=60.0)
    tell(f"one more create beside them, its tasks {2 * SHORT:g} s together: {time.monotonic() - began:.1f} s")


def _waiting() -> int:
    """The operations that wait for their container's start, as the controller finds them."""
    from clusters.waits import PREFIX
    from operations.wake import awaited

    return sum(attempt.step.name == "start" for attempt in awaited(PREFIX))
