"""explain(): one operation in words: asked, happened, undone, what remains, and what the reader may do now.

Decides: the one wording that API, admin, portal and command line show. Not: how it is laid out there, nor what kinds
and steps are called (words.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.errors import Cancelled
from operations.kind import kind_of
from operations.models import Attempt, Cancellation, Operation, Step
from operations.words import containers, deed, named

State = Operation.State
MADE_UP_FOR = "did not succeed, the next one made up for it"
OVER = (Step.State.PENDING, Step.State.UNDONE)  # while it undoes, there is nothing to do about these


@dataclass(frozen=True)
class Explanation:
    """Sentences for people; `next` says what the reader may do, empty when there is nothing to do."""

    asked: str
    happened: str
    undone: str
    remains: str
    next: str


def explain(operation: Operation, *, inside: bool = True) -> Explanation:
    """From the rows alone. `operation.steps`, their attempts and `operation.cancellation` are read; prefetch them.

    `inside`: for staff and the platform's programs. To tenants our clusters' endpoints, files and other guests are not
    told; they get the step and the code.
    """
    steps = sorted(operation.steps.all(), key=lambda step: step.position)
    it = f"{operation.subject_kind} {operation.subject_name}"
    return Explanation(
        asked=f"{operation.actor_name} asked to {deed(operation, it)}.",
        happened=_happened(operation, steps, inside) + _cancel_asked(operation, steps, inside),
        undone=_undone(steps),
        remains=_remains(operation, steps, inside),
        next=_next(operation, steps) if inside else _next_outside(operation, steps),
    )


def progress(operation: Operation) -> tuple[int, int]:
    """How many of how many steps are done."""
    steps = list(operation.steps.all())
    return sum(step.state == Step.State.DONE for step in steps), len(steps)


def error_words(operation: Operation, *, inside: bool) -> str:
    """What made it fail, in words. A tenant is told of a cancellation what it said itself."""
    if inside:
        return operation.error_message
    if operation.error_code == Cancelled.code:
        own = operation.error_message.startswith(f"{operation.actor_name} cancelled it")
        return operation.error_message if own else "It was cancelled."
    return f"The platform could not do it ({operation.error_code})."


def waiting_words(operation: Operation, *, inside: bool) -> str:
    """What it waits for now; empty when it waits for nothing. What stands before it, and a freeze, all are told."""
    for_all = operation.state == State.BLOCKED or operation.stopped_since is not None
    return operation.awaits if inside or for_all or not operation.awaits else "the platform"


def cancellation_of(operation: Operation) -> Cancellation | None:
    return getattr(operation, "cancellation", None)


def can_be_cancelled(operation: Operation) -> bool:
    """Whether asking for it would change anything: it goes on, forwards, and nobody has asked yet."""
    if not operation.is_live or operation.undoing or cancellation_of(operation) is not None:
        return False
    return _pivot_begun(operation, list(operation.steps.all())) is None


def _pivot_begun(operation: Operation, steps: list[Step]) -> str | None:
    """The step from which there is no way back, once it has begun."""
    kind = kind_of(operation)
    pivots = {step.name for step in kind.steps if step.pivot} if kind else set()
    return next((step.name for step in steps if step.name in pivots and step.state != Step.State.PENDING), None)


def _happened(operation: Operation, steps: list[Step], inside: bool) -> str:
    done, total = progress(operation)
    if operation.state == State.SUCCEEDED:
        return f"All {total} steps are done.{_tried_again(steps, inside)}{_made_up_for(steps, inside)}"
    if operation.error_message:
        return _went_wrong(operation, inside)
    if operation.state == State.BLOCKED:
        return f"Nothing of it is done yet: it stands behind {operation.awaits or 'another operation'}."
    if operation.state == State.QUEUED:
        return "No worker has begun it yet." if inside else "It waits for its turn."
    current = next((step.name for step in steps if step.state != Step.State.DONE), "")
    where = f"; it is at step {named(current)}" if current else ""
    return f"{done} of {total} steps are done{where}{_waits(operation, inside)}."


def _went_wrong(operation: Operation, inside: bool) -> str:
    """What it failed at, and what it does about that now, or who has."""
    words = error_words(operation, inside=inside).rstrip(".")
    cancelled = operation.error_code == Cancelled.code
    what = f"{words}." if cancelled or not operation.error_step else f"Step {operation.error_step} failed: {words}."
    if operation.state == State.RESOLVED:
        return f"{what} A person has dealt with what was left."
    if not operation.is_live:
        return what
    if operation.undoing:
        return f"{what} What it had done is being undone{_waits(operation, inside)}."
    return f"{what} It was told to go on{_waits(operation, inside)}."


def _waits(operation: Operation, inside: bool) -> str:
    waiting = waiting_words(operation, inside=inside).rstrip(".")
    return f"; it waits for {waiting}" if waiting else ""


def _cancel_asked(operation: Operation, steps: list[Step], inside: bool) -> str:
    asked = cancellation_of(operation)
    if asked is None or operation.undoing or not (operation.is_live or operation.state == State.SUCCEEDED):
        return ""
    why = f" ({asked.reason})" if asked.reason and inside else ""
    told = f" {asked.actor_name} asked to cancel it{why}"
    if operation.state == State.SUCCEEDED:
        return f"{told}, too late: its last step had begun."
    if past := _pivot_begun(operation, steps):
        return f"{told}, too late: step {past} has begun, it goes on to its end."
    return f"{told}; it is taken back as soon as its step is at an end."


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
    """Steps whose task failed and might: a shutdown that took too long, which a hard stop followed. And those that a
    person has done by hand.
    """
    told = ""
    for step in steps:
        for attempt in step.attempts.all():
            met = attempt.error_message if inside else f"({attempt.error_code})."
            if attempt.result == Attempt.Result.FAILED and attempt.direction == Operation.Direction.DO:
                how = (
                    "failed, and was done when it was told to try again" if _done_since(step, attempt) else MADE_UP_FOR
                )
                told += f" Step {step.name} {how}: {met}"
            if attempt.result == Attempt.Result.SKIPPED:
                told += f" Step {step.name} was skipped{f': {met}' if inside else ' by our staff'}".rstrip(".") + "."
    return told


def _done_since(step: Step, attempt: Attempt) -> bool:
    later = (one for one in step.attempts.all() if one.direction == attempt.direction and one.number > attempt.number)
    return any(one.result == Attempt.Result.DONE for one in later)


def _undone(steps: list[Step]) -> str:
    undone = [step.name for step in reversed(steps) if step.state == Step.State.UNDONE]
    return f"Undone: {', '.join(undone)}." if undone else ""


def _remains(operation: Operation, steps: list[Step], inside: bool) -> str:
    """What is left, exactly; of one that goes on forwards or is done there is nothing to say."""
    if operation.state == State.RESOLVED or (operation.state != State.NEEDS_ATTENTION and not operation.undoing):
        return ""
    if not operation.undoing:
        left = [step.name for step in steps if step.state != Step.State.DONE]
        past = _pivot_begun(operation, steps)
        words = f"There is no way back from step {past}. " if past else ""
        return f"{words}Not done yet: {_listed(left, inside)}.{_which(operation, inside)}"
    left = [step.name for step in reversed(steps) if step.state not in OVER]
    if not left:
        return "Nothing is left of it."
    return f"Not undone yet: {_listed(left, inside)}.{_which(operation, inside)}"


def _listed(steps: list[str], inside: bool) -> str:
    return ", ".join(named(step) if inside else step for step in steps)


def _which(operation: Operation, inside: bool) -> str:
    """Containers besides the subject's own, of which somebody who clears up has to know."""
    found = containers(operation) if inside else ""
    return f" It concerns {found}." if found else ""


def _next(operation: Operation, steps: list[Step], *, inside: bool = True) -> str:
    match operation.state:
        case State.FAILED:
            return "Mend what the message names and ask again."
        case State.CANCELLED:
            return "Ask again if it is wanted after all."
        case State.NEEDS_ATTENTION:
            return _staff_may(operation, steps)
        case State.SUCCEEDED | State.RESOLVED:
            return ""
        case _:
            return _goes_on(operation, inside)


def _staff_may(operation: Operation, steps: list[Step]) -> str:
    at = [step.name for step in steps if step.state not in OVER] if operation.undoing else []
    step = at[-1] if at else next((step.name for step in steps if step.state != Step.State.DONE), "")
    which = f" step {step}" if step else ""
    return (
        f"A person has to look: mend what the message names, then retry{which}; skip it, if you have done it by hand; "
        "or resolve the operation, if you have dealt with all that is left."
    )


def _goes_on(operation: Operation, inside: bool) -> str:
    may = " You can cancel it." if can_be_cancelled(operation) else ""
    unless = ", unless a finding is open about it" if inside and operation.state == State.WAITING else ""
    return f"Nothing{unless}; it goes on by itself.{may}"


def _next_outside(operation: Operation, steps: list[Step]) -> str:
    match operation.state:
        case State.FAILED:
            return "Ask again later; if it fails again, tell support the operation's id."
        case State.NEEDS_ATTENTION:
            return "Nothing: the platform's staff have to look at it."
        case _:
            return _next(operation, steps, inside=False)
