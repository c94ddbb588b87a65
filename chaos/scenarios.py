"""Scenarios: for each kind of operation how it is asked for, once so that all of it is done, once so that it is undone.

A new kind is one entry for each. `begin` makes the world that it begins in (alice's pod `web` runs already); `ask` is
the request; `spoil` lets something go wrong for good at the last step that can be undone, so that every undo is walked;
`ends` are the states that the operation may end in; `leaves` the checker's codes for what it then says it has left.

Decides: that. Not: where it is killed, cancelled or disturbed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaos.stage import Stage
from demo.handle import FakeHandle
from operations.models import Operation
from pods.services import Size, create_pod, destroy_pod, reboot_pod, replace_ssh_keys, start_pod, stop_pod

# Two keys that tests made from fixed seeds: what is in the rows has to be the same whenever a world is brought back.
KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEz11M9iIoZnLTGdYCuPcKR2mzEhZKRY3T54lUsxXYVB alice@laptop",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiv2H2jxKpqfsiVTyxBDBBm9k3kEDLYLLvwDHkEvO0 alice@desk",
)
BROKEN = "made to fail by hand"


@dataclass(frozen=True)
class Scenario:
    """One way in which an operation of a kind goes."""

    kind: str
    outcome: str  # do, or undo
    ask: Callable[[Stage], Operation]
    ends: frozenset[str]
    begin: Callable[[Stage], object] = lambda stage: None
    spoil: Callable[[FakeHandle], None] = lambda plane: None
    leaves: frozenset[str] = frozenset()
    version: int = 1

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.outcome}" if self.version == 1 else f"{self.kind}{self.version}-{self.outcome}"

    def leaves_when(self, states: set[str]) -> frozenset[str]:
        """What it may leave, when it has come to nothing."""
        return frozenset() if "succeeded" in states else self.leaves


def done(
    kind: str, ask: Callable[[Stage], Operation], begin: Callable[[Stage], object] = lambda stage: None
) -> Scenario:
    """All goes well: it has to succeed, whatever befalls the workers."""
    return Scenario(kind, "do", ask, frozenset({"succeeded"}), begin)


def undone(
    kind: str,
    ask: Callable[[Stage], Operation],
    spoil: Callable[[FakeHandle], None],
    begin: Callable[[Stage], object] = lambda stage: None,
    *,
    ends: frozenset[str] = frozenset({"failed"}),
    leaves: frozenset[str] = frozenset(),
) -> Scenario:
    """It fails for good, and nothing of it may be left."""
    return Scenario(kind, "undo", ask, ends, begin, spoil, leaves)


# How the world begins


def stopped(stage: Stage) -> None:
    """Alice's pod is stopped, as it should be."""
    stop_pod(by=stage.alice.actor, pod=stage.pod)
    stage.work.until_idle()


# What is asked for


def create(stage: Stage) -> Operation:
    """A second pod of alice's, larger than the template, with a key."""
    size = Size(cores=1, memory_mib=2048, disk_gib=9)
    alice = stage.alice
    return create_pod(by=alice.actor, tenant=alice.tenant, hostname="db", size=size, ssh_keys=KEYS[:1])


def destroy(stage: Stage) -> Operation:
    return destroy_pod(by=stage.alice.actor, pod=stage.pod)


def start(stage: Stage) -> Operation:
    return start_pod(by=stage.alice.actor, pod=stage.pod)


def stop(stage: Stage) -> Operation:
    return stop_pod(by=stage.alice.actor, pod=stage.pod)


def reboot(stage: Stage) -> Operation:
    return reboot_pod(by=stage.alice.actor, pod=stage.pod)


def set_keys(stage: Stage) -> Operation:
    return replace_ssh_keys(by=stage.alice.actor, pod=stage.pod, keys=KEYS)


# What goes wrong


def failing(*tasks: str) -> Callable[[FakeHandle], None]:
    """These tasks fail, as often as they are begun."""

    def spoil(plane: FakeHandle) -> None:
        for task in tasks:
            plane.fail_task(task, BROKEN, times=None)

    return spoil


def refused(call: str, times: int | None = None) -> Callable[[FakeHandle], None]:
    """This call is answered with an error that nothing can mend."""
    return lambda plane: plane.fail(call, 500, BROKEN, times=times)


SCENARIOS = (
    done("create", create),
    undone("create", create, failing("start")),
    done("destroy", destroy),
    undone("destroy", destroy, failing("destroy")),
    done("start", start, stopped),
    undone("start", start, failing("start"), stopped),
    done("stop", stop),
    undone("stop", stop, failing("shutdown", "stop")),
    done("reboot", reboot),
    # Refused once: whoever was killed before noting the refusal is followed by one who meets none.
    undone("reboot", reboot, refused("start", times=1), ends=frozenset({"failed", "succeeded"})),
    done("set_keys", set_keys),
    undone("set_keys", set_keys, refused("config")),
)


def of_kinds(*kinds: str) -> list[Scenario]:
    """Those of the kinds that are named; all when none is."""
    return [scenario for scenario in SCENARIOS if not kinds or scenario.kind in kinds]
