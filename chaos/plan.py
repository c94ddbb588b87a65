"""Plan: a scenario's recorded run (points, effects, the rows that it began with), and how a disturbed run is judged.

Decides: what is expected of every run of a scenario. Not: what disturbs it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from chaos.checker import Facts, Violation, check
from chaos.child import play
from chaos.effects import Effects, effects
from chaos.points import Point, Watch
from chaos.saved import Saved
from chaos.scenarios import Scenario
from chaos.stage import Stage
from demo.handle import FakeHandle
from operations.kind import Kind, known_kinds, recorded_by_service

# Of a pod's row, what an operation that was undone need not have put back.
AS_LAST_SEEN = ("observed_", "last_seen_", "up_since", "memory_used_mib")


@dataclass(frozen=True)
class Plan:
    """What a run that nobody disturbs does."""

    stage: Stage = field(repr=False)
    saved: Saved = field(repr=False)
    scenario: Scenario
    points: tuple[Point, ...] = field(repr=False)
    budget: Effects = field(repr=False)
    before: Facts = field(repr=False)

    @property
    def kind(self) -> Kind[Any]:
        """With the table of its version."""
        asked = (self.scenario.kind, self.scenario.version)
        return next(kind for kind in known_kinds() if (kind.name, kind.version) == asked)

    def no_way_back(self, step: str) -> bool:
        """Whether the step is the one from which there is no way back, or comes after it."""
        names, pivots = [one.name for one in self.kind.steps], [one.name for one in self.kind.steps if one.pivot]
        return bool(pivots) and step in names and names.index(step) >= names.index(pivots[0])

    def begin(self) -> None:
        """The scenario's world, with what spoils it from the beginning armed."""
        self.saved.bring_back()
        if self.scenario.spoil_at is None:
            self.scenario.spoil(self.stage.plane)

    def run_on(self) -> None:
        """In this process: leases run out, and everything goes on to its end; what spoils it still does."""
        with Watch(self.scenario.kind, spoiling(self.scenario, self.stage.plane)).watching():
            self.stage.run_on()

    def judge(
        self,
        *,
        ends: Collection[str],
        budget: Effects | None = None,
        leaves: Collection[str] = (),
        may_lack: bool = False,
        may_change: Collection[str] = (),
    ) -> list[Violation]:
        """What is wrong with the world, now that all is at rest. `may_lack`: the request may have come to nothing;
        `may_change`: columns of a pod's row that somebody else's doing has changed for good.
        """
        facts = self.stage.facts()
        states = {row["state"] for row in self.asked(facts)}
        found = check(facts, budget=budget, leaves={*leaves, *self._leaves(states)})
        if not states and not may_lack:
            found.append(Violation("operation_lost", "the request was committed and nothing came of it"))
        for row in self.asked(facts):
            if row["state"] not in ends:
                why = f"{row['error_step']}: {row['error_message']}" if row["error_message"] else "without an error"
                found.append(Violation("wrong_end", f"{row['kind']} is {row['state']} ({why})"))
        if states <= {"failed", "cancelled"}:
            found += self._changed(facts, {*may_change, *self.scenario.keeps})
        return found

    def asked(self, facts: Facts) -> list[dict[str, Any]]:
        """The operations that this run has brought about."""
        known = self.before.by_id("operations_operation")
        return [row for row in facts.rows("operations_operation") if row["id"] not in known]

    def unwalked(self) -> list[str]:
        """Steps of the kind that the scenario is there to walk, and does not."""
        scenario, kind = self.scenario, self.kind
        walked = {point.step for point in self.points if point.direction == scenario.outcome}
        if scenario.outcome == "undo":
            return [step.name for step in kind.steps if step.undo is not None and step.name not in walked]
        by_request = {step.name for step in kind.steps if step.by_request or step.do is recorded_by_service}
        return [step.name for step in kind.steps if step.name not in walked | by_request]

    def _leaves(self, states: set[str]) -> frozenset[str]:
        return frozenset() if "succeeded" in states else self.scenario.leaves

    def _changed(self, facts: Facts, may_change: Collection[str]) -> list[Violation]:
        """Nothing came of it: the pods that were there are as they were."""
        now, found = facts.by_id("pods_cloudpod"), []
        for pod in self.before.rows("pods_cloudpod"):
            other = [
                name
                for name, value in pod.items()
                if now[pod["id"]][name] != value and name not in may_change and not name.startswith(AS_LAST_SEEN)
            ]
            if other:
                words = f"pod {pod['hostname']} is not as it was: {', '.join(other)}"
                found.append(Violation("not_put_back", words))
        return found


def record(stage: Stage, saved: Saved, scenario: Scenario) -> tuple[Plan, list[Violation]]:
    """Play it once undisturbed, in a process like those that will be struck; and what was wrong even so."""
    before = stage.facts()
    plan = Plan(stage, saved, scenario, (), Effects(), before)
    plan.begin()
    points: list[Point] = []
    code, told = play(lambda: run(stage, scenario, points.append) and points)
    assert code == 0, f"the recording of {scenario.name} ended with {code}"
    plan = replace(plan, points=tuple(dict.fromkeys(Point(*point) for point in told)), budget=effects(stage.facts()))
    return plan, plan.judge(ends=scenario.ends, budget=plan.budget)


def run(stage: Stage, scenario: Scenario, strike: Callable[[Point], None]) -> bool:
    """In a forked process: the request, and all that workers and controller then do."""
    there = stage.in_another_process()
    spoil = spoiling(scenario, there.plane)

    def both(point: Point) -> None:
        strike(point)
        spoil(point)  # whoever is struck just before the call does not make it

    watch = Watch(scenario.kind, both)
    with watch.watching():
        scenario.ask(there)
        watch.outside()
        there.work.until_idle()
    return True


def spoiling(scenario: Scenario, plane: FakeHandle) -> Callable[[Point], None]:
    """Arms what spoils the scenario whenever the call is about to be made that it is meant for."""

    def strike(point: Point) -> None:
        if (point.step, point.what) == scenario.spoil_at and (point.direction, point.when) == ("do", "before"):
            scenario.spoil(plane)

    return strike
