"""cancel(): takes an operation back. It is honoured at the next safe point, and what was done is undone.

Decides: what can still be taken back. Not: where the safe points are (engine.py), nor what undoing does.
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor, Resource, record
from core.clock import control_now
from core.errors import Refused
from operations import transitions
from operations.errors import Cancelled
from operations.hints import make_due
from operations.kind import kind_of
from operations.models import Cancellation, Operation, Step


class TooLateToCancel(Refused):
    """It has ended, or has passed the point from which there is no way back."""

    code = "too_late_to_cancel"


def cancel(*, by: Actor, operation: Operation, reason: str = "") -> Operation:
    """Ask that the operation be taken back; asking twice is once. Refused: TooLateToCancel.

    Its worker is not waited for: it finds the request at its next safe point. One that has passed the point of no
    return meanwhile goes on to its end.
    """
    with transaction.atomic():
        row: Operation = Operation.objects.select_related("tenant").get(pk=operation.pk)
        _check(row)
        _, made = Cancellation.objects.get_or_create(
            operation=row,
            defaults={
                "actor_kind": by.kind,
                "actor_name": by.name,
                "reason": reason[:500],
                "asked_at": control_now(),
            },
        )
        if made:
            resource = Resource(row.subject_kind, row.subject_id, row.subject_name)
            action = f"{row.subject_kind}.{row.kind}.cancel"
            record(by=by, tenant=row.tenant, action=action, resource=resource, operation_id=row.pk, reason=reason)
        transaction.on_commit(lambda: look_at_once(row), robust=True)
    row.refresh_from_db()
    return row


def _check(operation: Operation) -> None:
    if operation.state == Operation.State.NEEDS_ATTENTION:
        raise TooLateToCancel("It needs a person: retry it, skip its step, or resolve it.")
    if not operation.is_live:
        raise TooLateToCancel(f"It has ended already ({operation.state}).")
    if past := _past_pivot(operation):
        raise TooLateToCancel(f"It cannot be taken back any more: step {past} has begun, and there is no way back.")


def _past_pivot(operation: Operation) -> str | None:
    """The step that has begun and from which there is no way back."""
    kind = kind_of(operation)
    if kind is None or operation.undoing:
        return None
    begun = set(operation.steps.exclude(state=Step.State.PENDING).values_list("name", flat=True))
    return next((step.name for step in kind.steps if step.pivot and step.name in begun), None)


def look_at_once(operation: Operation) -> None:
    """One that stands behind another is over at once; one that waits is to look now. What is parked ends its task."""
    with transaction.atomic():
        waiting = Operation.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant")
        row = waiting.filter(pk=operation.pk, state__in=(Operation.State.BLOCKED, Operation.State.WAITING)).first()
        if row is None:
            return
        if row.state == Operation.State.BLOCKED:
            transitions.end_unbegun(row, cancelled_by(row.cancellation))
        else:
            make_due(row.pk)


def honour_left_behind() -> int:
    """The controller's part: requests whose asker died before anybody was told. Returns how many."""
    states = (Operation.State.BLOCKED, Operation.State.WAITING)
    left = Operation.objects.filter(
        cancellation__isnull=False, state__in=states, direction=Operation.Direction.DO
    ).select_related("tenant")
    found = [operation for operation in left if not _past_pivot(operation)]
    for operation in found:
        look_at_once(operation)
    return len(found)


def cancelled_by(asked: Cancellation) -> Cancelled:
    why = f": {asked.reason}" if asked.reason else "."
    return Cancelled(f"{asked.actor_name} cancelled it{why}")
