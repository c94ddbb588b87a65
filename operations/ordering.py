"""Which operation of a subject comes when: one at a time; the next joins, stands behind, or is refused.

Decides: the order. Not: what an operation does, nor which kinds may stand behind others (each kind's table).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from core.clock import control_now
from operations import journal
from operations.hints import hint
from operations.kind import Kind
from operations.models import Operation, OperationInProgress

State = Operation.State


def same_going_on(kind: Kind[Any], subject_id: UUID, params: dict[str, Any]) -> Operation | None:
    """The operation that is being done, or stands behind one, and that a second request for the same thing is."""
    if kind.joins is None:
        return None
    given = Operation.objects.filter(subject_kind=kind.subject, subject_id=subject_id, state__in=Operation.OPEN)
    # Only the newest one: what was asked for after the same has the last word until this request.
    last = given.select_related("tenant", "cancellation").order_by("-pk").first()
    if last is None or last.kind != kind.name or last.undoing or hasattr(last, "cancellation"):
        return None
    alike = all(last.params.get(name) == params.get(name) for name in kind.joins)
    return last if alike else None


def in_the_way(kind: Kind[Any], subject_id: UUID) -> list[Operation]:
    """What is open on the subject and comes first. Refused: OperationInProgress, if the kind may not stand behind."""
    before = Operation.objects.filter(subject_kind=kind.subject, subject_id=subject_id, state__in=Operation.OPEN)
    found = list(before.order_by("pk"))
    if found and not kind.queues:
        raise OperationInProgress(
            "Another operation on it is still going on; try again when that has ended.", operation=str(found[0].pk)
        )
    return found


def next_in_line(operation: Operation) -> Operation | None:
    """It has ended: it is the turn of the one behind it, unless it stood behind another itself. In the transaction of
    its end.
    """
    open_ones = Operation.objects.filter(subject_kind=operation.subject_kind, subject_id=operation.subject_id)
    if open_ones.filter(state__in=Operation.LIVE).exists():
        return None
    first_behind = open_ones.filter(state=State.BLOCKED).order_by("pk").values_list("pk", flat=True).first()
    following = _unless_held(first_behind)
    if following is not None:
        _its_turn(following)
    return following


def promote_left_behind() -> int:
    """The controller's part: one that came to stand behind another just as that one ended. Returns how many."""
    others = Operation.objects.filter(
        subject_kind=OuterRef("subject_kind"), subject_id=OuterRef("subject_id"), state__in=Operation.LIVE
    )
    left = Operation.objects.filter(~Exists(others), state=State.BLOCKED)
    first = left.order_by("subject_kind", "subject_id", "pk").distinct("subject_kind", "subject_id")
    promoted = 0
    for operation_id in sorted(first.values_list("pk", flat=True)):
        promoted += _promote(operation_id)
    return promoted


def _promote(operation_id: UUID) -> bool:
    try:
        with transaction.atomic():
            following = _unless_held(operation_id)
            if following is None:
                return False
            _its_turn(following)
            return True
    except IntegrityError:  # somebody else's turn has come meanwhile: the constraint says so
        return False


def _unless_held(operation_id: UUID | None) -> Operation | None:
    """The row, if it still stands behind and nobody else has it. One that is held is not waited for, nor does a younger
    one go first: it is being taken back, say, and a second later the controller sees what it became.
    """
    rows = Operation.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return rows.filter(pk=operation_id, state=State.BLOCKED).first()


def _its_turn(operation: Operation) -> None:
    """The time that it stood behind others is not taken off its own."""
    now = control_now()
    operation.deadline_at += now - operation.created_at
    operation.state, operation.due_at, operation.hinted_at = State.QUEUED, now, now
    operation.waits_for = ""
    operation.save(update_fields=["state", "due_at", "hinted_at", "deadline_at", "waits_for"])
    journal.its_turn(operation)
    hint(operation.pk)
