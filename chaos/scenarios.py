"""Scenarios: for each kind of operation how it is asked for, once so that all of it is done, once so that it is undone.

A new kind is one entry for each in the table at the end. `begin` makes the world that it begins in (alice's pod `web`
runs already, and so does charlie's `shop`); `ask` is the request; `spoil` lets something go wrong for good at the last
step that can be undone, so that every undo is walked (`spoil_at`: not before this step's call); `ends` are the states
in which the operation may end; `leaves` the checker's codes for what it says itself that it leaves when it has failed,
`keeps` the columns of a pod's row that stay changed even so.

Decides: that. Not: where it is killed, cancelled or disturbed meanwhile, nor the requests (requests.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaos import requests as ask
from chaos.requests import denied, failing, refused
from chaos.stage import Stage
from demo.handle import FakeHandle

SUCCEEDED = frozenset({"succeeded"})
FAILED = frozenset({"failed"})
FAILED_OR_LEFT = frozenset({"failed", "needs_attention"})


def as_it_is(stage: Stage) -> None:
    """Alice's pod runs."""


def well(plane: FakeHandle) -> None:
    """Nothing goes wrong."""


@dataclass(frozen=True)
class Scenario:
    """One way in which an operation of a kind goes. `outcome` is do or undo."""

    kind: str
    outcome: str
    ask: Callable[[Stage], object]
    begin: Callable[[Stage], object] = as_it_is
    spoil: Callable[[FakeHandle], None] = well
    spoil_at: tuple[str, str] | None = None
    ends: frozenset[str] = SUCCEEDED
    leaves: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    version: int = 1

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.version}-{self.outcome}"


def done(
    kind: str, ask: Callable[[Stage], object], begin: Callable[[Stage], object] = as_it_is, *, version: int = 1
) -> Scenario:
    """All goes well: it has to succeed, whatever befalls the workers."""
    return Scenario(kind, "do", ask, begin, version=version)


def undone(
    kind: str,
    ask: Callable[[Stage], object],
    spoil: Callable[[FakeHandle], None],
    begin: Callable[[Stage], object] = as_it_is,
    *,
    spoil_at: tuple[str, str] | None = None,
    ends: frozenset[str] = FAILED,
    leaves: frozenset[str] = frozenset(),
    keeps: frozenset[str] = frozenset(),
    version: int = 1,
) -> Scenario:
    """It fails for good, and nothing of it may be left."""
    return Scenario(kind, "undo", ask, begin, spoil, spoil_at, ends, leaves, keeps, version)


SCENARIOS = (
    done("create", ask.create),
    undone("create", ask.create, failing("start")),
    done("destroy", ask.destroy, version=2),
    undone("destroy", ask.destroy, failing("shutdown", "stop"), version=2),
    done("purge", ask.purge),
    undone("purge", ask.purge, denied("destroy"), ends=FAILED_OR_LEFT),
    done("restore", ask.restore, ask.deleted),
    undone("restore", ask.restore, failing("start"), ask.deleted),
    done("rebuild", ask.rebuild),
    undone("rebuild", ask.rebuild, refused("config", times=1), spoil_at=("onboot", "config")),
    done("suspend", ask.suspend),
    undone("suspend", ask.suspend, failing("shutdown", "stop")),
    done("resume", ask.resume, ask.suspended),
    undone("resume", ask.resume, failing("start"), ask.suspended),
    done("start", ask.start, ask.stopped),
    undone("start", ask.start, failing("start"), ask.stopped),
    done("stop", ask.stop),
    undone("stop", ask.stop, failing("shutdown", "stop")),
    done("reboot", ask.reboot),
    undone("reboot", ask.reboot, refused("start", times=1), spoil_at=("start", "start")),
    done("set_keys", ask.set_keys),
    undone("set_keys", ask.set_keys, refused("config")),
    Scenario("resize", "do", ask.resize, keeps=frozenset({"disk_gib"})),
    undone("resize", ask.resize, failing("resize"), keeps=frozenset({"disk_gib"})),
    done("rename", ask.rename),
    undone("rename", ask.rename, refused("config_get", times=1), spoil_at=("see", "config_get")),
    done("move", ask.move, ask.whole),
    undone("move", ask.move, refused("start", times=1), ask.whole, spoil_at=("start", "start")),
    done("snapshot", ask.take_snapshot),
    undone("snapshot", ask.take_snapshot, failing("snapshot")),
    done("delete_snapshot", ask.delete_snapshot, ask.with_a_snapshot),
    # Denied to whoever follows on one who was killed in the step from which there is no way back: a person is asked.
    undone(
        "delete_snapshot",
        ask.delete_snapshot,
        denied("delete_snapshot"),
        ask.with_a_snapshot,
        ends=FAILED_OR_LEFT,
    ),
    done("rollback", ask.roll_back, ask.with_a_snapshot),
    undone("rollback", ask.roll_back, denied("rollback"), ask.with_a_snapshot, ends=FAILED_OR_LEFT),
    done("destroy", ask.destroy_as_before, version=1),
    undone("destroy", ask.destroy_as_before, denied("destroy"), ends=FAILED_OR_LEFT, version=1),
)


def of_kinds(*kinds: str) -> list[Scenario]:
    """Those of the kinds that are named; all when none is."""
    return [scenario for scenario in SCENARIOS if not kinds or scenario.kind in kinds]
