"""begin_operation(): the rows of a new operation, written in the transaction of the request that asks for it.

Decides: what an operation looks like at its beginning. Not: whether the request is granted (the subject's services).
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
from operations.kind import Kind, recorded_by_service
from operations.models import Operation, OperationInProgress, Step
from operations.wake import hint
from tenants.models import Tenant


def begin_operation(
    kind: Kind[Any], *, by: Actor, tenant: Tenant, subject_id: UUID, subject_name: str, params: Any
) -> Operation:
    """Write the operation and its steps, and hint at it on commit. Call within the request's transaction.

    Refused: OperationInProgress, when something else is still being done with the subject.
    """
    assert transaction.get_connection().in_atomic_block
    now = control_now()
    try:
        with refusing_violations(), transaction.atomic():
            operation = Operation.objects.create(
                tenant=tenant,
                kind=kind.name,
                version=kind.version,
                subject_kind=kind.subject,
                subject_id=subject_id,
                subject_name=subject_name,
                params=asdict(params),
                actor_kind=by.kind,
                actor_name=by.name,
                request_id=trace.request_id(),
                created_at=now,
                deadline_at=now + kind.deadline,
                due_at=now,
                hinted_at=now,
            )
    except OperationInProgress as refused:
        refused.data |= _going_on(kind.subject, subject_id)
        raise
    Step.objects.bulk_create(
        Step(
            operation=operation,
            position=position,
            name=step.name,
            state=Step.State.DONE if step.do is recorded_by_service else Step.State.PENDING,
        )
        for position, step in enumerate(kind.steps, start=1)
    )
    journal.begun(operation)
    hint(operation.pk)
    return operation


def _going_on(subject_kind: str, subject_id: UUID) -> dict[str, str]:
    """Which operation is in the way; nothing when it has ended meanwhile."""
    live = Operation.objects.filter(subject_kind=subject_kind, subject_id=subject_id, state__in=Operation.LIVE).first()
    return {"operation": str(live.pk)} if live else {}
