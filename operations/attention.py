"""What staff can do about an operation that needs them: try again, skip its step, or say that it is dealt with.

Decides: what each writes. Not: who may (the admin, the API), nor what is then done (engine.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from audit.services import SYSTEM, Actor, Resource, record
from core.clock import control_now
from core.errors import Invalid, Refused, refusing_violations
from operations import transitions
from operations.hints import hint
from operations.kind import kind_of
from operations.models import Attempt, Operation, OperationInProgress, Step

State = Operation.State


class OvertakenSince(Refused):
    """Something else was done with the subject since: going on would undo that."""

    code = "overtaken_since"


class NeedsNoAttention(Refused):
    """Nobody has to look at this operation (any more)."""

    code = "needs_no_attention"


def retry(*, by: Actor, operation: Operation, reason: str) -> Operation:
    """Try the step that it failed at once more, and go on from there with a time of its own.

    Refused: NeedsNoAttention, OperationInProgress, OvertakenSince (something else was done with its subject), Invalid.
    """
    with transaction.atomic():
        row = _locked(operation, reason)
        _check_newest(row)
        _go_on(row)
        _record(by, row, "retry", reason)
        return row


def skip(*, by: Actor, operation: Operation, reason: str) -> Operation:
    """The step that it failed at counts as over: a person has done it by hand. It goes on with the next.

    Refused: as `retry`.
    """
    with transaction.atomic():
        row = _locked(operation, reason)
        _check_newest(row)
        step = transitions.open_step(row)
        if step is None:
            raise NeedsNoAttention("None of its steps is left.")
        now = control_now()
        Attempt.objects.create(
            step=step,
            direction=row.direction,
            number=step.attempts.filter(direction=row.direction).count() + 1,
            worker="",
            begun_at=now,
            ended_at=now,
            result=Attempt.Result.SKIPPED,
            in_doubt=False,
            error_message=f"{by.name} said that it is over: {reason}",
        )
        step.state = Step.State.UNDONE if row.undoing else Step.State.DONE
        step.save(update_fields=["state"])
        _go_on(row)
        _record(by, row, "skip", reason, step=step.name)
        return row


def resolve(*, by: Actor, operation: Operation, reason: str) -> Operation:
    """A person has dealt with what was left: nothing more is done. Refused: NeedsNoAttention, Invalid."""
    with transaction.atomic():
        row = _locked(operation, reason)
        _resolve(row)  # first: what the kind then writes goes by what is still left
        kind = kind_of(row)
        if kind is not None and kind.resolved is not None:
            kind.resolved(kind.open(row, kind.params(**row.params), lambda: None))
        _record(by, row, "resolve", reason)
        return row


def close_all(*, subject_kind: str, subject_id: UUID, because: str) -> None:
    """Nothing is left of the subject, so nothing of it needs anybody. In the transaction that says so."""
    for row in _held_newest_first(subject_kind, subject_id, (State.NEEDS_ATTENTION,)):
        _resolve(row)
        _record(SYSTEM, row, "resolve", because)


def is_something_left(*, subject_kind: str, subject_id: UUID) -> bool:
    """Whether the subject is not what it should be: of an operation whose kind tells so (`attention`), until a person
    has dealt with it; for ever, if its kind knows no way in which one could (no `resolved`).
    """
    ended = (State.NEEDS_ATTENTION, State.RESOLVED)
    left = Operation.objects.filter(subject_kind=subject_kind, subject_id=subject_id, state__in=ended)
    telling = [(row, kind) for row in left if (kind := kind_of(row)) is not None and kind.attention is not None]
    return any(row.state == State.NEEDS_ATTENTION or kind.resolved is None for row, kind in telling)


def hold_all(*, subject_kind: str, subject_id: UUID) -> list[Operation]:
    """Every operation of the subject that has not come to its end, locked; what stands behind others comes first."""
    rows = _held_newest_first(subject_kind, subject_id, (*Operation.OPEN, State.NEEDS_ATTENTION))
    return sorted(rows, key=lambda row: (row.state != State.BLOCKED, row.pk))


def _held_newest_first(subject_kind: str, subject_id: UUID, states: Sequence[str]) -> list[Operation]:
    """A worker holds the row of the operation that it drives and then wants those of older ones, which need a person:
    whoever wants several takes them in that order, or the two wait for each other.
    """
    found = Operation.objects.filter(subject_kind=subject_kind, subject_id=subject_id, state__in=states)
    return list(found.select_for_update(no_key=True, of=("self",)).select_related("tenant").order_by("-pk"))


def give_up(row: Operation, *, by: Actor, code: str, message: str, reason: str) -> None:
    """Its subject is given up: nothing more is done, nor undone. `row` is held (`hold_all`)."""
    if row.state == State.NEEDS_ATTENTION:
        _resolve(row)
    else:
        transitions.give_up(row, code, message)
    _record(by, row, "give_up", reason)


def _locked(operation: Operation, reason: str) -> Operation:
    if not reason.strip():
        raise Invalid("Say why, for those who read it later.", field="reason")
    rows = Operation.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant")
    row: Operation = rows.get(pk=operation.pk)
    if row.state != State.NEEDS_ATTENTION:
        raise NeedsNoAttention(f"It needs nobody: it is {row.state}.")
    return row


def _check_newest(row: Operation) -> None:
    """What was done with the subject since stands on what this one has left. Refused: OvertakenSince."""
    later = Operation.objects.filter(subject_kind=row.subject_kind, subject_id=row.subject_id, pk__gt=row.pk)
    since = later.filter(state__in=(*Operation.OPEN, State.SUCCEEDED, State.NEEDS_ATTENTION)).order_by("pk").first()
    if since is not None and since.is_live:
        raise OperationInProgress(
            f"Another operation on it ({since.kind}) is still going on; try again when that has ended.",
            operation=str(since.pk),
        )
    if since is not None:
        raise OvertakenSince(f"Its subject was worked on since ({since.kind}): this one can only be resolved.")


def _go_on(row: Operation) -> None:
    kind = kind_of(row)
    now = control_now()
    row.state, row.due_at, row.hinted_at, row.finished_at, row.tried_anew_at = State.QUEUED, now, now, None, now
    if kind is not None:
        row.deadline_at = now + kind.deadline
    with refusing_violations(), transaction.atomic():
        row.save(update_fields=["state", "due_at", "hinted_at", "finished_at", "tried_anew_at", "deadline_at"])
    hint(row.pk)


def _resolve(row: Operation) -> None:
    row.state, row.finished_at = State.RESOLVED, row.finished_at or control_now()
    row.save(update_fields=["state", "finished_at"])


def _record(by: Actor, row: Operation, what: str, reason: str, **after: str) -> None:
    record(
        by=by,
        tenant=row.tenant,
        action=f"operation.{what}",
        resource=Resource(row.subject_kind, row.subject_id, row.subject_name),
        operation_id=row.pk,
        reason=reason,
        after=after,
    )
