"""How the services of pods write to the audit trail: the resource, and what was refused.

Decides: what a refusal's event holds. Not: what is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audit.models import AuditEvent
from audit.services import Actor, Resource, record
from core.errors import Refused
from pods.models import CloudPod
from tenants.models import Tenant


def resource_of(pod: CloudPod) -> Resource:
    return Resource("pod", pod.pk, pod.hostname)


def record_refusal(by: Actor, tenant: Tenant, action: str, resource: Resource, refused: Refused, **asked: str) -> None:
    """Outside the transaction that was rolled back, so that the refusal is kept."""
    record(
        by=by,
        tenant=tenant,
        action=action,
        resource=resource,
        outcome=AuditEvent.Outcome.REFUSED,
        reason=refused.message,
        after={**asked, "code": refused.code, "field": refused.field or ""},
    )


@contextmanager
def recording_refusals(by: Actor, pod: CloudPod, action: str) -> Iterator[None]:
    """Around the transaction of something that is asked for of a pod."""
    try:
        yield
    except Refused as refused:
        record_refusal(by, pod.tenant, action, resource_of(pod), refused)
        raise
