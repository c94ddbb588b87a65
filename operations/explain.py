"""explain(): one operation in words: asked, happened, undone, what remains, and what the reader may do now.

Decides: the one wording that API, admin and command line show. Not: how it is laid out there.
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.models import Operation, Step

State = Operation.State


@dataclass(frozen=True)
class Explanation:
    """Sentences for people; `next` says what the reader may do, empty when there is nothing to do."""

    asked: str
    happened: str
    undone: str
    remains: str
    next: str


def explain(operation: Operation) -> Explanation:
    """From the rows alone. `operation.steps` is read; prefetch it for lists."""
    steps = sorted(operation.steps.all(), key=lambda step: step.position)
    return Explanation(
        asked=f"{operation.actor_name} asked to {operation.kind} {operation.subject_kind} {operation.subject_name}.",
        happened=_happened(operation, steps),
        undone=_undone(operation, steps),
        remains=_remains(operation, steps),
        next=_next(operation),
    )


def progress(operation: Operation) -> tuple[int, int]:
    """How many of how many steps are done."""
    steps = list(operation.steps.all())
    return sum(step.state == Step.State.DONE for step in steps), len(steps)


def _happened(operation: Operation, steps: list[Step]) -> str:
    done, total = progress(operation)
    if operation.state == State.SUCCEEDED:
        return f"All {total} steps are done."
    if operation.error_message:
        return f"Step {operation.error_step} failed: {operation.error_message}"
    if operation.state == State.QUEUED:
        return "No worker has begun it yet."
    current = next((step.name for step in steps if step.state != Step.State.DONE), "the end")
    waits = f"; it waits for {operation.awaits}" if operation.awaits else ""
    return f"{done} of {total} steps are done; it is at step {current}{waits}."


def _undone(operation: Operation, steps: list[Step]) -> str:
    undone = [step.name for step in reversed(steps) if step.state == Step.State.UNDONE]
    return f"Undone: {', '.join(undone)}." if undone else ""


def _remains(operation: Operation, steps: list[Step]) -> str:
    if operation.direction == Operation.Direction.DO:
        return ""
    left = [step.name for step in reversed(steps) if step.state not in (Step.State.PENDING, Step.State.UNDONE)]
    if not left:
        return "Nothing is left of it."
    return f"Not undone yet: {', '.join(left)}."


def _next(operation: Operation) -> str:
    match operation.state:
        case State.FAILED:
            return "Mend what the message names and ask again."
        case State.NEEDS_ATTENTION:
            return "A person has to look: mend what the message names, then destroy the pod."
        case State.SUCCEEDED:
            return ""
        case _:
            return "Nothing; it goes on by itself."
