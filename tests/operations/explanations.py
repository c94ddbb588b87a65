"""Operations as rows leave them, one of every kind in every outcome, for the golden of what explain() says of them.

Decides: which outcomes there are, and how the rows then look. They are never saved. Not: what is said (explain.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations.explain import explain
from operations.kind import Kind, known_kinds
from operations.models import Attempt, Cancellation, Operation, Step
from operations.words import IN_WORDS

GOLDEN = Path(__file__).with_name("golden") / "explanations.txt"
State, Direction = Operation.State, Operation.Direction
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
AWAY = "Node pve did not answer."

# A parameter's name -> its value in the golden. Whoever makes a kind with another one gives it one here.
PARAMS: dict[str, Any] = {
    "copy": "019a9d3e-1c07-7c02-b7c4-93a5a1f1d0aa",
    "cores": 4,
    "description": "before the upgrade",
    "desired_state": "running",
    "disk_gib": 20,
    "full_clone": False,
    "hostname": "web2",
    "memory_mib": 4096,
    "name": "before-upgrade",
    "new": ["ssh-ed25519 AAAA new"],
    "node": "pve-02",
    "old": ["ssh-ed25519 AAAA old"],
    "phase": "active",
    "reason": "unpaid",
    "scope": "pod",
    "swap_mib": 512,
    "template_vmid": 9000,
    "timeout_s": 60,
    "vmid": 9105,
}


def pods_kinds() -> list[Kind[Any]]:
    """Every kind that the product registers, in each of its versions; tests register others of their own."""
    found = [kind for kind in known_kinds() if kind.subject == "pod"]
    return sorted(found, key=lambda kind: (list(IN_WORDS).index(kind.name), kind.version))


def operation_of(kind: Kind[Any], **fields_: Any) -> Operation:
    """As its request leaves it."""
    operation = Operation(
        kind=kind.name,
        version=kind.version,
        subject_kind=kind.subject,
        subject_name="web",
        params={name: PARAMS[name] for name in inspect.signature(kind.params).parameters},
        before={"vmid": 9100} if kind.name == "rebuild" else {},
        actor_kind="token",
        actor_name="mpanel",
        created_at=NOW,
        deadline_at=NOW + kind.deadline,
        **fields_,
    )
    named = enumerate((step.name for step in kind.steps), start=1)
    steps = [Step(operation=operation, position=place, name=name) for place, name in named]
    for step in steps:
        cached(step, attempts=[])
    made: Operation = cached(operation, steps=steps)
    return made


def cached(row: Any, **lists: Any) -> Any:
    """The rows that belong to it, as if they had been prefetched."""
    row.__dict__.setdefault("_prefetched_objects_cache", {}).update(lists)
    return row


def middle(kind: Kind[Any]) -> int:
    """The place of a step that is no first and, where there is one, no atomic one: at which things happen."""
    places = [place for place, step in enumerate(kind.steps) if place and not step.atomic]
    return places[0] if places else len(kind.steps) - 1


def at_step(operation: Operation, place: int, state: str) -> Step:
    steps = list(operation.steps.all())
    for step in steps[:place]:
        step.state = Step.State.DONE
    steps[place].state = state
    return steps[place]


def attempt(step: Step, result: str, code: str = "node_offline", message: str = AWAY, direction: str = "do") -> None:
    tried = Attempt(step=step, direction=direction, number=1, begun_at=NOW, ended_at=NOW, result=result)
    tried.error_code, tried.error_message = code, message
    step.attempts.all().append(tried)  # type: ignore[attr-defined]


def failed(operation: Operation, kind: Kind[Any], *, step_state: str, before: str) -> Operation:
    """It has turned round: what it met at the middle step, and how far it has undone."""
    step = at_step(operation, middle(kind), step_state)
    attempt(step, Attempt.Result.FAILED)
    for earlier in list(operation.steps.all())[: middle(kind)]:
        earlier.state = before
    operation.direction = Direction.UNDO
    operation.error_step, operation.error_code, operation.error_message = step.name, "node_offline", AWAY
    return operation


def asked_to_cancel(operation: Operation) -> Operation:
    Cancellation(operation=operation, actor_kind="token", actor_name="mpanel", reason="a mistake", asked_at=NOW)
    return operation


def waits(kind: Kind[Any], state: str, words: str, **more: Any) -> Operation:
    operation = operation_of(kind, state=state, waits_for=words, **more)
    at_step(operation, middle(kind), Step.State.PARKED if state == State.PARKED else Step.State.PENDING)
    return operation


def blocked(kind: Kind[Any]) -> Operation:
    return operation_of(kind, state=State.BLOCKED, waits_for="the operation before it (start)")


def queued(kind: Kind[Any]) -> Operation:
    return operation_of(kind, state=State.QUEUED)


def running(kind: Kind[Any]) -> Operation:
    operation = operation_of(kind, state=State.RUNNING)
    at_step(operation, middle(kind), Step.State.BEGUN)
    return operation


def parked(kind: Kind[Any]) -> Operation:
    return waits(kind, State.PARKED, "the task on pve")


def in_a_lane(kind: Kind[Any]) -> Operation:
    return waits(kind, State.WAITING, "its turn in the lane io pve")


def before_the_next_try(kind: Kind[Any]) -> Operation:
    return waits(kind, State.WAITING, f"the next try: {AWAY}")


def frozen(kind: Kind[Any]) -> Operation:
    return waits(kind, State.WAITING, "the end of a freeze: the storage is being replaced", stopped_since=NOW)


def about_to_be_cancelled(kind: Kind[Any]) -> Operation:
    return asked_to_cancel(parked(kind))


def cancel_too_late(kind: Kind[Any]) -> Operation | None:
    """Only of a kind with a step from which there is no way back."""
    pivot = next((place for place, step in enumerate(kind.steps) if step.pivot), None)
    if pivot is None:
        return None
    operation = operation_of(kind, state=State.RUNNING)
    at_step(operation, pivot, Step.State.BEGUN)
    return asked_to_cancel(operation)


def undoing(kind: Kind[Any]) -> Operation:
    operation = failed(operation_of(kind), kind, step_state=Step.State.UNDO_PARKED, before=Step.State.DONE)
    operation.state, operation.waits_for = State.PARKED, "the stop on pve"
    return operation


def succeeded(kind: Kind[Any]) -> Operation:
    operation = operation_of(kind, state=State.SUCCEEDED)
    at_step(operation, len(kind.steps) - 1, Step.State.DONE)
    return operation


def succeeded_after_retries(kind: Kind[Any]) -> Operation:
    operation = succeeded(kind)
    attempt(list(operation.steps.all())[middle(kind)], Attempt.Result.RETRY)
    return operation


def succeeded_after_a_skip(kind: Kind[Any]) -> Operation:
    operation = succeeded(kind)
    words = "olga said that it is over: done by hand"
    attempt(list(operation.steps.all())[middle(kind)], Attempt.Result.SKIPPED, "", words)
    return operation


def failed_and_undone(kind: Kind[Any]) -> Operation:
    operation = failed(operation_of(kind), kind, step_state=Step.State.UNDONE, before=Step.State.UNDONE)
    operation.state = State.FAILED
    return operation


def cancelled(kind: Kind[Any]) -> Operation:
    operation = failed_and_undone(kind)
    operation.state, operation.error_code = State.CANCELLED, "cancelled"
    operation.error_message = "mpanel cancelled it: a mistake"
    return operation


def cancelled_by_another(kind: Kind[Any]) -> Operation:
    operation = cancelled(kind)
    operation.error_message = "olga cancelled it: the storage is being replaced"
    return operation


def needs_attention_undoing(kind: Kind[Any]) -> Operation:
    operation = failed(operation_of(kind), kind, step_state=Step.State.UNDOING, before=Step.State.DONE)
    operation.state = State.NEEDS_ATTENTION
    operation.error_message += f" Undoing step {operation.error_step} failed as well: Node pve is offline."
    return operation


def needs_attention_past_the_pivot(kind: Kind[Any]) -> Operation | None:
    pivot = next((place for place, step in enumerate(kind.steps) if step.pivot), None)
    if pivot is None:
        return None
    operation = operation_of(kind, state=State.NEEDS_ATTENTION)
    step = at_step(operation, pivot, Step.State.BEGUN)
    operation.error_step, operation.error_code, operation.error_message = step.name, "node_offline", AWAY
    return operation


def resolved(kind: Kind[Any]) -> Operation:
    operation = needs_attention_undoing(kind)
    operation.state = State.RESOLVED
    return operation


OUTCOMES: tuple[Callable[[Kind[Any]], Operation | None], ...] = (
    blocked,
    queued,
    running,
    parked,
    in_a_lane,
    before_the_next_try,
    frozen,
    about_to_be_cancelled,
    cancel_too_late,
    undoing,
    succeeded,
    succeeded_after_retries,
    succeeded_after_a_skip,
    failed_and_undone,
    cancelled,
    cancelled_by_another,
    needs_attention_undoing,
    needs_attention_past_the_pivot,
    resolved,
)


def examples() -> Iterator[tuple[str, Operation]]:
    """Each with its heading in the golden."""
    for kind in pods_kinds():
        for outcome in OUTCOMES:
            if operation := outcome(kind):
                if "cancellation" not in operation._state.fields_cache:
                    operation._state.fields_cache["cancellation"] = None  # there is none: nobody has to look
                yield f"{kind.name} {kind.version}: {outcome.__name__.replace('_', ' ')}", operation


def text() -> str:
    """The whole golden. What tenants are told stands below what staff are told, where it differs."""
    told = []
    for heading, operation in examples():
        lines = [heading]
        inside, outside = explain(operation), explain(operation, inside=False)
        for field in fields(inside):
            staffs, tenants = getattr(inside, field.name), getattr(outside, field.name)
            lines += [f"  {field.name}: {staffs}"] if staffs else []
            lines += [f"    to tenants: {tenants}"] if tenants != staffs else []
        told.append("\n".join(lines))
    return "\n\n".join(told) + "\n"
