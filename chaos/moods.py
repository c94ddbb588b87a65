"""Proxmox's moods: what befalls a call, how it is brought about on the fake, and what may come of it.

A mood is mended when a try that meets it no more goes on as if nothing had been: then a scenario ends as it does
undisturbed. It is fatal when one meeting is enough to give up. `alters`: somebody changes the world by hand, and the
operation may stop and say so; `leaves` are the checker's codes for what is then as that person left it.

Decides: that. Not: at which calls they are tried (faults.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaos.points import Point
from demo.handle import FakeHandle

FOR_EVER = 0
TIMES = (1, 3, FOR_EVER)
ONCE = (1,)
LASTING = (FOR_EVER,)
MANY = 10_000  # of what the fake cannot do for ever

READS = frozenset({"config_get", "status", "pending", "snapshots", "tasks", "task_log", "task_status", "resources"})
TASKS = frozenset(
    {"clone", "start", "stop", "shutdown", "destroy", "resize", "snapshot", "delete_snapshot", "rollback", "migrate"}
)
ROOM = frozenset({"clone", "resize", "snapshot", "rollback", "migrate"})
LOCKED = "CT is locked (backup)"
# With these Proxmox takes no word of what we saw a moment before (a digest, a VMID that has to be free): from that look
# on nobody can tell another container. At which moments a stranger is safe even so: chaos/strangers.py.
UNGUARDED = frozenset(
    {"start", "stop", "shutdown", "destroy", "migrate", "snapshot", "delete_snapshot", "rollback", "firewall"}
)


@dataclass(frozen=True)
class Call:
    """Where a mood sets in: the point just before a call, the container that it is about, and its node."""

    plane: FakeHandle
    point: Point
    vmid: int
    times: int

    @property
    def name(self) -> str:
        return self.point.what

    @property
    def often(self) -> int | None:
        return self.times or None

    def ct(self) -> dict[str, Any] | None:
        return self.plane.cts().get(self.vmid)

    def node(self) -> str:
        ct = self.ct()
        return str(ct["node"]) if ct else next(iter(self.plane.layout.nodes))


@dataclass(frozen=True)
class Mood:
    """`arm` brings it about; `lift` ends what would last (what is armed for calls to come is disarmed anyhow)."""

    name: str
    arm: Callable[[Call], None]
    fits: Callable[[str], bool]
    times: tuple[int, ...] = TIMES
    lift: Callable[[Call], None] | None = None
    fatal: bool = False
    alters: bool = False
    makes_strangers: bool = False
    leaves: frozenset[str] = frozenset()
    may_change: frozenset[str] = frozenset()  # of a pod's row, for good
    shown: frozenset[str] = frozenset()  # codes of what is only seen, a minute later, if no call meets it any more


def any_call(name: str) -> bool:
    return True


def writes(name: str) -> bool:
    return name not in READS


def begins_a_task(name: str) -> bool:
    return name in TASKS


def needs_room(name: str) -> bool:
    return name in ROOM


def of_a_container(name: str) -> bool:
    return name not in ("tasks", "task_log", "task_status", "resources", "clone")


def guarded(name: str) -> bool:
    return name not in UNGUARDED


def answers(status: int, words: str) -> Callable[[Call], None]:
    return lambda call: call.plane.fail(call.name, status, words, times=call.often)


def task_ends(words: str) -> Callable[[Call], None]:
    return lambda call: call.plane.fail_task(call.name, words, times=call.often)


def lose(call: Call) -> None:
    call.plane.lose_answer(call.name, times=call.times or MANY)


def lock(call: Call) -> None:
    if call.ct() is not None:
        call.plane.set_lock(call.vmid, "backup")


def unlock(call: Call) -> None:
    ct = call.ct()
    if ct is not None and ct["lock"] == "backup":
        call.plane.set_lock(call.vmid, None)


def no_quorum(call: Call) -> None:
    call.plane.set_quorum(False)


def quorum(call: Call) -> None:
    call.plane.set_quorum(True)


def offline(call: Call) -> None:
    call.plane.node_offline(call.node())


def online(call: Call) -> None:
    for node in call.plane.layout.nodes:
        call.plane.node_offline(node, False)


def unreachable(call: Call) -> None:
    call.plane.unreachable()


def reachable(call: Call) -> None:
    call.plane.unreachable(False)


def refuse(call: Call) -> None:
    call.plane.refuse_token()


def accept(call: Call) -> None:
    call.plane.refuse_token(False)


def full(call: Call) -> None:
    call.plane.fill_storage(call.plane.layout.pods_on)


def room(call: Call) -> None:
    """A rollback that failed leaves its lock behind: whoever makes room types `pct unlock` too, as a finding says."""
    call.plane.fill_storage(call.plane.layout.pods_on, full=False)
    ct = call.ct()
    if ct is not None and ct["lock"] == "rollback":
        call.plane.set_lock(call.vmid, None)


def gone(call: Call) -> None:
    if call.ct() is not None:
        call.plane.remove_ct(call.vmid)


def moved(call: Call) -> None:
    if call.ct() is not None:
        call.plane.move(call.vmid, next(node for node in call.plane.layout.nodes if node != call.node()))


def changed(call: Call) -> None:
    """Its digest is another one: whoever has read it before has to read it again."""
    ct = call.ct()
    if ct is not None:
        text = str(ct["config"].get("description", "")).rstrip("\n")
        call.plane.edit_ct(call.vmid, description=f"{text}\nseen by hand, {len(text)}")


def replaced(call: Call) -> None:
    """Before it was made: somebody was quicker to take the VMID."""
    if call.ct() is not None:
        call.plane.replace_ct(call.vmid)
    else:
        call.plane.put_ct(call.node(), call.vmid, status="running", hostname="somebodys", description="by hand")


MOODS = (
    Mood("busy lock", answers(500, LOCKED), writes),
    Mood("busy lock, the task says", task_ends(LOCKED), begins_a_task),
    Mood("stuck lock", lock, of_a_container, LASTING, unlock),
    Mood("595", answers(595, "no route to host"), any_call),
    Mood("time-out", answers(504, "gateway time-out"), any_call),
    Mood("lost answer", lose, any_call),
    Mood("no quorum", answers(500, "cluster not ready - no quorum?"), any_call),
    Mood("no quorum at all", no_quorum, any_call, LASTING, quorum),
    Mood("node offline", offline, any_call, LASTING, online),
    Mood("unreachable", unreachable, any_call, LASTING, reachable),
    Mood("token refused", answers(401, "authentication failure"), any_call, fatal=True),
    Mood("token refused everywhere", refuse, any_call, LASTING, accept, fatal=True),
    Mood("storage full", full, needs_room, LASTING, room, fatal=True),
    Mood("warnings", lambda call: call.plane.warn_task(call.name, times=call.times or MANY), begins_a_task),
    Mood("task failure", task_ends("it broke"), begins_a_task, fatal=True),
    Mood("refusal", answers(500, "it broke"), any_call, fatal=True),
    Mood("CT gone", gone, of_a_container, ONCE, alters=True, leaves=frozenset({"row_without_ct"})),
    Mood("CT moved", moved, of_a_container, ONCE, may_change=frozenset({"node_id"}), shown=frozenset({"wrong_node"})),
    Mood("CT changed", changed, of_a_container, ONCE),
    Mood(
        "stranger at the VMID",
        replaced,
        guarded,
        ONCE,
        alters=True,
        makes_strangers=True,
        leaves=frozenset({"row_without_ct"}),
    ),
)
