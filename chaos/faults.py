"""The fault matrix: each of Proxmox's moods at each call of each scenario, once, three times and for ever.

What lasts for ever is lifted when the operation has ended or stands still; an operation that then needs attention is
retried by staff, and has to come to a good end.

Decides: which faults there are, and what may come of each. Not: what a mood is (moods.py), what is right (plan.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from chaos.checker import Violation
from chaos.kill import UNREACHED
from chaos.moods import FOR_EVER, MOODS, Call, Mood
from chaos.plan import Plan, spoiling
from chaos.points import Point, Watch
from operations.attention import retry
from operations.models import Operation
from pods.models import CloudPod

WORDS = {1: "once", 3: "three times", FOR_EVER: "for ever"}


class Fault(NamedTuple):
    mood: Mood
    point: Point  # just before the call at which it sets in
    times: int

    def __str__(self) -> str:
        return f"{self.mood.name}, {WORDS[self.times]}: {self.point}"


def faults_of(plan: Plan) -> Iterator[Fault]:
    """At each call."""
    for point in plan.points:
        if point.when != "before" or point.what == "commit":
            continue
        for mood in MOODS:
            if mood.fits(point.what):
                for times in mood.times:
                    yield Fault(mood, point, times)


def disturb(plan: Plan, fault: Fault) -> list[Violation]:
    """Play the scenario with the fault in it, in this process, and judge."""
    plan.begin()
    plan.stage.strangers.clear()
    call: Call | None = None
    spoil = spoiling(plan.scenario, plan.stage.plane)

    def strike(reached: Point) -> None:
        nonlocal call
        if reached == fault.point and call is None:
            call = Call(plan.stage.plane, reached, _vmid(plan), fault.times)
            fault.mood.arm(call)
            if fault.mood.makes_strangers:
                plan.stage.strangers[call.vmid] = plan.stage.plane.cts()[call.vmid]
        else:
            spoil(reached)

    watch = Watch(plan.scenario.kind, strike)
    with watch.watching():
        plan.scenario.ask(plan.stage)
        watch.outside()
        plan.stage.run_on()
        if call is None:
            return [Violation(UNREACHED, str(fault))]
        if fault.mood.lift:
            fault.mood.lift(call)
        if plan.stage.live():  # it stands still until the cluster is seen to be well again
            _calm(plan)
            plan.stage.work.observe()
            plan.stage.run_on()
        if fault.mood.shown:
            plan.stage.work.observe()
    leaves = fault.mood.leaves | (fault.mood.shown if _is_seen_where_it_is(plan) else frozenset())
    found = plan.judge(ends=ends(plan, fault), leaves=leaves, may_change=fault.mood.may_change)
    return found or _mended(plan, fault)


def _is_seen_where_it_is(plan: Plan) -> bool:
    """Whether each live pod's observed node is that of its container."""
    cts = plan.stage.plane.cts()
    pods = CloudPod.objects.live().exclude(observed_node="")
    return all(pod.observed_node == cts[pod.vmid]["node"] for pod in pods if pod.vmid in cts)


def _mended(plan: Plan, fault: Fault) -> list[Violation]:
    """What needs attention is tried again by staff, now that nothing is in its way: then it comes to its end."""
    left = Operation.objects.filter(state=Operation.State.NEEDS_ATTENTION)
    if fault.mood.alters or not left:
        return []
    _calm(plan)
    for operation in left:
        retry(by=plan.stage.olga.actor, operation=operation, reason="Proxmox is well again")
    plan.stage.run_on()
    return plan.judge(ends={"succeeded", "failed"})


def _calm(plan: Plan) -> None:
    """Nothing is armed any more."""
    plan.stage.plane.load(plan.stage.plane.save())


def ends(plan: Plan, fault: Fault) -> set[str]:
    """Which states the operation may end in."""
    mood, ends = fault.mood, set(plan.scenario.ends)
    if not mood.fatal and not mood.alters and fault.times != FOR_EVER:
        return ends | ({"succeeded"} if _disarms(plan, fault) else set())
    ends |= {"failed"} if plan.scenario.outcome == "do" else {"failed", "succeeded"}
    once_in_doing = fault.times == 1 and fault.point.direction == "do" and not mood.alters
    once_in_doing = once_in_doing and not plan.no_way_back(fault.point.step)  # there a person is asked at once
    return ends if once_in_doing and plan.scenario.outcome == "do" else ends | {"needs_attention"}


def _disarms(plan: Plan, fault: Fault) -> bool:
    """Whether it takes the place of what spoils the scenario: the fake knows one fault of a name."""
    return plan.scenario.outcome == "undo"


def _vmid(plan: Plan) -> int:
    """Of the container that the scenario is about: the pod of its newest operation, or alice's."""
    newest: Any = Operation.objects.order_by("-id").first()
    pod = CloudPod.objects.filter(pk=newest.subject_id).first() if newest else None
    return pod.vmid if pod else plan.stage.pod.vmid
