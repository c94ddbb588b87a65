"""begin_operation(): the rows of a new operation, written in the transaction of the request that asks for it.

Decides: what an operation looks like at its beginning, and whether it is its turn at once (ordering.py). Not: whether
the request is granted (the subject's services).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import trace
from audit.services import Actor
from core.clock import control_now
from core.errors import refusing_violations
from operations import journal
from operations.cancelling import TooLateToCancel, cancel
from operations.freezing import check_not_frozen
from operations.hints import hint
from operations.kind import Kind, recorded_by_service
from operations.models import Operation, OperationInProgress, Step
from operations.ordering import in_the_way
from tenants.models import Tenant

State = Operation.State


def begin_operation(
    kind: Kind[Any],
    *,
    by: Actor,
    tenant: Tenant,
    subject_id: UUID,
    subject_name: str,
    params: Any,
    place: str = "",
) -> Operation:
    """Write the operation and its steps, do what is done by the request itself, and hint at it on commit.

    Call within the request's transaction. If something else is being done with the subject and the kind may stand
    behind it, it does so, and nothing of it is done yet.
    Refused: OperationInProgress, Frozen; and what a step that is done by the request refuses.
    """
    assert transaction.get_connection().in_atomic_block
    check_not_frozen(place)
    first = in_the_way(kind, subject_id)
    for one in first:
        if one.kind in kind.overtakes and not one.undoing:
            _overtake(one, by, kind)
    operation = _write(kind, by, tenant, subject_id, subject_name, params, place, behind=first[0] if first else None)
    steps = _write_steps(operation, kind)
    journal.begun(operation)
    if not first:
        _do_by_request(operation, kind, steps)
        hint(operation.pk)
    return operation


def _write(
    kind: Kind[Any],
    by: Actor,
    tenant: Tenant,
    subject_id: UUID,
    subject_name: str,
    params: Any,
    place: str,
    *,
    behind: Operation | None,
) -> Operation:
    now = control_now()
    try:
        with refusing_violations(), transaction.atomic():
            return Operation.objects.create(
                tenant=tenant,
                kind=kind.name,
                version=kind.version,
                subject_kind=kind.subject,
                subject_id=subject_id,
                subject_name=subject_name,
                params=asdict(params),
                place=place,
                state=State.BLOCKED if behind else State.QUEUED,
                waits_for=f"the operation before it ({behind.kind})" if behind else "",
                actor_kind=by.kind,
                actor_name=by.name,
                request_id=trace.request_id(),
                created_at=now,
                deadline_at=now + kind.deadline,
                due_at=None if behind else now,
                hinted_at=None if behind else now,
            )
    except OperationInProgress as refused:
        refused.data |= _going_on(kind.subject, subject_id)
        raise


def _write_steps(operation: Operation, kind: Kind[Any]) -> list[Step]:
    return Step.objects.bulk_create(
        Step(
            operation=operation,
            position=position,
            name=step.name,
            state=Step.State.DONE if step.do is recorded_by_service else Step.State.PENDING,
        )
        for position, step in enumerate(kind.steps, start=1)
    )


def _do_by_request(operation: Operation, kind: Kind[Any], steps: list[Step]) -> None:
    for of_kind, step in zip(kind.steps, steps, strict=True):
        if of_kind.by_request:
            of_kind.do(kind.open(operation, kind.params(**operation.params), lambda: None))
            step.state = Step.State.DONE
            step.save(update_fields=["state"])


def _overtake(operation: Operation, by: Actor, kind: Kind[Any]) -> None:
    """What waits for its turn or has not begun is taken back; what cannot be any more is waited for."""
    try:
        cancel(by=by, operation=operation, reason=f"overtaken by {kind.name}")
    except TooLateToCancel:
        return


def _going_on(subject_kind: str, subject_id: UUID) -> dict[str, str]:
    """Which operation is in the way; nothing when it has ended meanwhile."""
    live = Operation.objects.filter(subject_kind=subject_kind, subject_id=subject_id, state__in=Operation.OPEN).first()
    return {"operation": str(live.pk)} if live else {}
