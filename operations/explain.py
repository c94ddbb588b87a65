"""explain(): one operation in words: asked, happened, undone, what remains, and what the reader may do now.

Decides: the one wording that API, admin and command line show. Not: how it is laid out there.
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.models import Attempt, Operation, Step

State = Operation.State

# Kinds whose name alone is no verb.
IN_WORDS = {"set_keys": "replace the SSH keys of"}


@dataclass(frozen=True)
class Explanation:
    """Sentences for people; `next` says what the reader may do, empty when there is nothing to do."""

    asked: str
    happened: str
    undone: str
    remains: str
    next: str


def explain(operation: Operation, *, inside: bool = True) -> Explanation:
    """From the rows alone. `operation.steps` and their attempts are read; prefetch them for lists.

    `inside`: for staff and the platform's programs. To tenants our clusters' endpoints, files and other guests are not
    told; they get the step and the code.
    """
    steps = sorted(operation.steps.all(), key=lambda step: step.position)
    return Explanation(
        asked=f"{operation.actor_name} asked to {_asked(operation)}.",
        happened=_happened(operation, steps, inside),
        undone=_undone(operation, steps),
        remains=_remains(operation, steps),
        next=_next(operation) if inside else _next_outside(operation),
    )


def _asked(operation: Operation) -> str:
    words = IN_WORDS.get(operation.kind, operation.kind)
    return f"{words} {operation.subject_kind} {operation.subject_name}"


def progress(operation: Operation) -> tuple[int, int]:
    """How many of how many steps are done."""
    steps = list(operation.steps.all())
    return sum(step.state == Step.State.DONE for step in steps), len(steps)


def error_words(operation: Operation, *, inside: bool) -> str:
    """What made it fail, in words."""
    return operation.error_message if inside else f"The platform could not do it ({operation.error_code})."


def waiting_words(operation: Operation, *, inside: bool) -> str:
    """What it waits for now; empty when it waits for nothing."""
    return operation.awaits if inside or not operation.awaits else "the platform"


def _happened(operation: Operation, steps: list[Step], inside: bool) -> str:
    done, total = progress(operation)
    if operation.state == State.SUCCEEDED:
        return f"All {total} steps are done.{_tried_again(steps, inside)}{_made_up_for(steps, inside)}"
    if operation.error_message:
        return f"Step {operation.error_step} failed: {error_words(operation, inside=inside).rstrip('.')}."
    if operation.state == State.QUEUED:
        return "No worker has begun it yet." if inside else "It waits for its turn."
    current = next((step.name for step in steps if step.state != Step.State.DONE), "the end")
    waiting = waiting_words(operation, inside=inside)
    waits = f"; it waits for {waiting}" if waiting else ""
    return f"{done} of {total} steps are done; it is at step {current}{waits}."


def _tried_again(steps: list[Step], inside: bool) -> str:
    """What was met on the way and did not hinder it in the end: a container that had moved, say."""
    told = ""
    for step in steps:
        tries = [attempt for attempt in step.attempts.all() if attempt.result == Attempt.Result.RETRY]
        met = dict.fromkeys(attempt.error_message if inside else f"({attempt.error_code})." for attempt in tries)
        if met:
            told += f" Step {step.name} was tried again: {' '.join(met)}"
    return told


def _made_up_for(steps: list[Step], inside: bool) -> str:
    """Steps whose task failed and might: a shutdown that took too long, which a hard stop followed."""
    told = ""
    for step in steps:
        for attempt in step.attempts.all():
            if attempt.result == Attempt.Result.FAILED:
                met = attempt.error_message if inside else f"({attempt.error_code})."
                told += f" Step {step.name} did not succeed, the next one made up for it: {met}"
    return told


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
            then = "destroy the pod" if operation.kind in ("create", "destroy") else "ask again"
            return f"A person has to look: mend what the message names, then {then}."
        case State.SUCCEEDED:
            return ""
        case _:
            return "Nothing; it goes on by itself."


def _next_outside(operation: Operation) -> str:
    match operation.state:
        case State.FAILED:
            return "Ask again later; if it fails again, tell support the operation's id."
        case State.NEEDS_ATTENTION:
            return "Nothing: the platform's staff have to look at it."
        case _:
            return _next(operation)
