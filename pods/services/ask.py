"""ask(): what every service that begins an operation on a pod does after it has granted it; is_left_open().

Decides: that a second request for the same thing is the first, and what the audit trail says. Not: what is granted.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from audit.services import Actor, record
from operations.kind import Kind
from operations.models import Operation
from operations.ordering import same_going_on
from operations.services import begin_operation
from pods.models import CloudPod
from pods.services.record import resource_of


def ask(
    kind: Kind[Any],
    *,
    by: Actor,
    pod: CloudPod,
    params: Any,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    joined: Operation | None = None,
) -> Operation:
    """Begin an operation of this kind on a pod whose row is locked, or join the same one that goes on.

    `joined`: the one that the caller has found, and has its parameters from. It may have ended since: looking twice,
    one would begin another with what this one has given back.

    Refused: OperationInProgress, Frozen.
    """
    joined = joined or same_going_on(kind, pod.pk, asdict(params))
    operation = joined or begin_operation(
        kind,
        by=by,
        tenant=pod.tenant,
        subject_id=pod.pk,
        subject_name=pod.hostname,
        params=params,
        place=pod.cluster.place,
    )
    record(
        by=by,
        tenant=pod.tenant,
        action=f"pod.{kind.name}",
        resource=resource_of(pod),
        operation_id=operation.pk,
        reason=reason,
        before=before,
        after={**asdict(params), **(after or {}), **({"joined": True} if joined else {})},
    )
    return operation


def is_left_open(kind: Kind[Any], pod: CloudPod) -> bool:
    """Whether an operation of this kind could neither be done nor undone: then the pod's row may not be the truth."""
    left = Operation.objects.filter(subject_kind=kind.subject, subject_id=pod.pk, kind=kind.name)
    return left.filter(state=Operation.State.NEEDS_ATTENTION).exists()
