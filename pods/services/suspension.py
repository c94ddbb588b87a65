"""suspend_pod(), resume_pod(), suspend_tenant(), resume_tenant(): who stands still, and for whose reason.

Decides: what is refused, and that a tenant's suspension is one operation a pod. Not: how a pod is stopped (kinds/).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Any

from django.db import transaction

from audit import trace
from audit.services import Actor
from core.errors import Invalid
from operations.kind import Kind
from operations.models import Operation
from pods import refusals
from pods.kinds.power import USUAL_TIMEOUT_S
from pods.kinds.resume import RESUME
from pods.kinds.resume import Params as ResumeParams
from pods.kinds.suspend import SUSPEND, Scope
from pods.kinds.suspend import Params as SuspendParams
from pods.models import CloudPod
from pods.services.ask import ask
from pods.services.lock import lock, lock_any
from pods.services.power import check_timeout
from pods.services.record import recording_refusals
from tenants import services as tenants
from tenants.models import Tenant


def suspend_pod(*, by: Actor, pod: CloudPod, reason: str, timeout_s: int = USUAL_TIMEOUT_S) -> Operation:
    """Begin the operation that stops a pod until it is resumed; meanwhile it cannot be started.

    It stands behind what is being done with the pod. Refused: Invalid (no reason), PodGone, PodDeleted,
    PodNeedsAttention, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.suspend"), transaction.atomic():
        check_timeout(timeout_s)
        params = SuspendParams(scope=Scope.POD, reason=_checked(reason), timeout_s=timeout_s)
        return ask(SUSPEND, by=by, pod=lock(pod), params=params, reason=reason)


def resume_pod(*, by: Actor, pod: CloudPod, reason: str = "") -> Operation:
    """Begin the operation that lets a suspended pod run again, if it is meant to.

    Refused: PodGone, PodDeleted, PodNeedsAttention, PodNotSuspended, PodSuspended (its tenant is), Frozen; then nothing
    changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.resume"), transaction.atomic():
        locked = lock(pod)
        if locked.suspended_at is None and not _is_asked_for(locked, SUSPEND, Scope.POD):
            if locked.tenant_suspended:
                raise refusals.PodSuspended(f"The pod {locked} stands still because its tenant is suspended.")
            raise refusals.PodNotSuspended(f"The pod {locked} is not suspended.")
        return ask(RESUME, by=by, pod=locked, params=ResumeParams(scope=Scope.POD), reason=reason)


def suspend_tenant(*, by: Actor, tenant: Tenant, reason: str) -> list[Operation]:
    """Suspend a tenant with all its pods: one operation a pod, all of one request.

    Pods on frozen clusters refuse it for all. Refused: Invalid, Frozen; then nothing changed.
    """
    with _one_request(), transaction.atomic():
        tenants.set_state(by=by, tenant=tenant, state=Tenant.State.SUSPENDED, reason=_checked(reason))
        params = SuspendParams(scope=Scope.TENANT, reason=reason, timeout_s=USUAL_TIMEOUT_S)
        return [
            ask(SUSPEND, by=by, pod=pod, params=params, reason=reason)
            for pod in _live(tenant)
            if not pod.tenant_suspended or _is_asked_for(pod, RESUME, Scope.TENANT)
        ]


def resume_tenant(*, by: Actor, tenant: Tenant, reason: str = "") -> list[Operation]:
    """Resume a tenant: one operation a pod, all of one request. Pods with a reason of their own stay suspended.

    Refused: Invalid, Frozen; then nothing changed.
    """
    with _one_request(), transaction.atomic():
        tenants.set_state(by=by, tenant=tenant, state=Tenant.State.ACTIVE, reason=reason)
        params = ResumeParams(scope=Scope.TENANT)
        return [
            ask(RESUME, by=by, pod=pod, params=params, reason=reason)
            for pod in _live(tenant)
            if pod.tenant_suspended or _is_asked_for(pod, SUSPEND, Scope.TENANT)
        ]


def _live(tenant: Tenant) -> list[CloudPod]:
    """Locked, in the order of their ids: whoever locks several does so in the same order. What has gone just now is
    not among them.
    """
    found = []
    for pod in CloudPod.objects.of(tenant).live().order_by("pk"):
        with suppress(refusals.PodGone):
            found.append(lock_any(pod))
    return found


def _is_asked_for(pod: CloudPod, kind: Kind[Any], scope: Scope) -> bool:
    """Whether such an operation is being done with the pod, or stands behind what is."""
    return Operation.objects.filter(
        subject_kind="pod", subject_id=pod.pk, kind=kind.name, params__scope=scope, state__in=Operation.OPEN
    ).exists()


def _checked(reason: str) -> str:
    if not reason.strip():
        raise Invalid("Say why: the tenant reads it.", field="reason")
    if len(reason) > 500:
        raise Invalid("A reason has at most 500 characters.", field="reason")
    return reason.strip()


def _one_request() -> AbstractContextManager[None]:
    """What comes from no request, such as a command, gets an id of its own: its operations are found together."""
    return trace.tracing(request=trace.request_id() or trace.new_request_id())
