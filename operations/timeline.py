"""An operation as a page shows it: explanation, steps, and each try with what came of it.

Decides: which rows are read (a constant number of queries) and in which words. Not: the explanation (explain.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from operations.explain import Explanation, explain, progress
from operations.models import Attempt, Operation, Step


@dataclass(frozen=True)
class TimelineStep:
    step: Step
    attempts: list[Attempt]
    is_current: bool

    @property
    def last_line(self) -> str:
        """The end of what Proxmox said at the last try; empty if it said nothing."""
        lines = self.attempts[-1].detail.strip().splitlines() if self.attempts else []
        return lines[-1].strip() if lines else ""


@dataclass(frozen=True)
class Timeline:
    """What the template draws."""

    operation: Operation
    explanation: Explanation
    done: int
    total: int
    steps: list[TimelineStep]


def with_steps(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    attempts = Prefetch("attempts", Attempt.objects.order_by("id"))
    steps = Prefetch("steps", Step.objects.order_by("position").prefetch_related(attempts))
    return operations.select_related("tenant", "cancellation").prefetch_related(steps)


def timeline(operation: Operation) -> Timeline:
    """Of an operation that was read by `with_steps`."""
    done, total = progress(operation)
    steps = list(operation.steps.all())
    current = _current(operation, steps) if operation.is_live else None
    return Timeline(
        operation=operation,
        explanation=explain(operation),
        done=done,
        total=total,
        steps=[TimelineStep(step, list(step.attempts.all()), step is current) for step in steps],
    )


def _current(operation: Operation, steps: list[Step]) -> Step | None:
    if operation.direction == Operation.Direction.DO:
        return next((step for step in steps if step.state != Step.State.DONE), None)
    over = (Step.State.PENDING, Step.State.UNDONE)
    return next((step for step in reversed(steps) if step.state not in over), None)
