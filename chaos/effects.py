"""Which calls had an effect, how often, and whether one was made twice.

A request that was refused, and a task that failed, had none. What is repeated and finds nothing to do (a container
that runs already) begins no task, or one that fails. So an effect is a task that ended well, and a call was made twice
with effect when one step of one operation, in one direction, has two tasks of a name that ended well; or when there
are more of them than an undisturbed run of the same request makes (`budget`).

Decides: that. Not: which runs are compared (kill.py, cancel.py, faults.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from chaos.facts import Facts, Row, Seen
from chaos.violations import Violation

Effects = Counter[tuple[int, str]]  # (VMID, name of the task): how often


def ended_well(end: Row) -> bool:
    return end["exitstatus"] == "OK" or str(end["exitstatus"]).startswith("WARNINGS")


def effects(facts: Facts) -> Effects:
    """How often each kind of task took effect, by the container that it was about."""
    counted: Effects = Counter()
    for seen in facts.clusters.values():
        about = _targets(seen)
        for end in seen.ends:
            if ended_well(end) and end["id"].isdigit():
                counted[about.get(end["upid"], int(end["id"])), end["name"]] += 1
    return counted


def more_than(budget: Mapping[tuple[int, str], int], facts: Facts) -> Iterator[Violation]:
    """What took effect more often than in an undisturbed run."""
    for (vmid, name), count in effects(facts).items():
        if count > budget.get((vmid, name), 0):
            allowed = budget.get((vmid, name), 0)
            yield Violation("effect_twice", f"{name} of CT {vmid} took effect {count} times, not {allowed}")


def no_step_took_effect_twice(facts: Facts) -> Iterator[Violation]:
    steps = facts.by_id("operations_step")
    ends = {end["upid"]: end for seen in facts.clusters.values() for end in seen.ends if ended_well(end)}
    tasks = {
        (attempt["step_id"], attempt["direction"], upid)
        for attempt in facts.rows("operations_attempt")
        if (upid := _upid(attempt)) in ends
    }
    for (step, direction, name), count in Counter((s, d, ends[upid]["name"]) for s, d, upid in tasks).items():
        if count > 1:
            what = f"step {steps[step]['name']} ({direction})"
            yield Violation("effect_twice", f"{what}: {name} took effect {count} times")


def every_effect_was_asked_for(facts: Facts) -> Iterator[Violation]:
    """A task that no attempt waited for was asked for by one that got no answer: there are no more of them."""
    known = {_upid(attempt) for attempt in facts.rows("operations_attempt")}
    without = [attempt for attempt in facts.rows("operations_attempt") if not attempt["wait_key"]]
    silent = sum(1 for attempt in without if attempt["result"] != "done")
    unknown = [
        end
        for seen in facts.clusters.values()
        for end in seen.ends
        if ended_well(end) and end["upid"] not in known and not end["user"].startswith("root@")
    ]
    if len(unknown) > silent:
        names = ", ".join(sorted(f"{end['name']} {end['id']}" for end in unknown))
        yield Violation("effect_unasked", f"tasks that no attempt explains: {names}")


def _upid(attempt: Row) -> str:
    """The key that an attempt waits for ends with the task's id."""
    key = attempt["wait_key"] or ""
    return key[key.find("UPID:") :] if "UPID:" in key else ""


def _targets(seen: Seen) -> dict[str, int]:
    """A clone's task names its source: the request has the container that came of it."""
    return {
        request["data"]: int(request["params"]["newid"])
        for request in seen.requests
        if request["name"] == "clone" and request["data"] and "newid" in request["params"]
    }


AT_REST = (no_step_took_effect_twice, every_effect_was_asked_for)
