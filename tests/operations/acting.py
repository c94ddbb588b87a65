"""What the engine's tests share: beginning an operation on some thing, and driving it without waiting.

Decides: nothing of the engine. Not: what the steps do (kinds.py).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from audit.services import SYSTEM
from core.clock import control_now
from core.rows import new_id
from operations import engine
from operations.cancelling import honour_left_behind
from operations.kind import Kind
from operations.models import Operation
from operations.ordering import promote_left_behind
from operations.services import begin_operation
from tenants.services import platform_tenant
from tests.operations.kinds import REHEARSAL, Params


def begin(
    subject: UUID | None = None, *, kind: Kind[Any] = REHEARSAL, tenant: Any = None, place: str = "", **params: Any
) -> Operation:
    with transaction.atomic():
        return begin_operation(
            kind,
            by=SYSTEM,
            tenant=tenant or platform_tenant(),
            subject_id=subject or new_id(),
            subject_name="a thing",
            params=Params(**params),
            place=place,
        )


def to_its_end(operation: Operation) -> Operation:
    """Drive it, and whatever the controller would do meanwhile; retries do not wait."""
    for _ in range(80):
        promote_left_behind()
        honour_left_behind()
        engine.drive(operation.pk)
        operation.refresh_from_db()
        if operation.state not in (Operation.State.WAITING, Operation.State.BLOCKED):
            return operation
        waiting = Operation.objects.filter(pk=operation.pk, state=Operation.State.WAITING)
        waiting.update(due_at=control_now())
    raise AssertionError(f"it waits for ever: {operation.waits_for}")


def states(operation: Operation) -> list[str]:
    return list(operation.steps.order_by("position").values_list("state", flat=True))
