"""start_pod(), stop_pod(), reboot_pod(): begin the operations that make a pod run, stop, or begin anew.

Decides: what is refused, and what the pod is meant to be from now on. Not: how that comes about (kinds/).
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from audit.services import Actor, record
from core.errors import Invalid
from operations.kind import Kind
from operations.models import Operation
from operations.services import begin_operation
from pods import refusals
from pods.kinds.power import MOST_TIMEOUT_S, USUAL_TIMEOUT_S
from pods.kinds.reboot import REBOOT
from pods.kinds.reboot import Params as RebootParams
from pods.kinds.start import START
from pods.kinds.start import Params as StartParams
from pods.kinds.stop import STOP
from pods.kinds.stop import Params as StopParams
from pods.models import CloudPod
from pods.services.lock import lock
from pods.services.record import recording_refusals, resource_of

Desired = CloudPod.Desired


def start_pod(*, by: Actor, pod: CloudPod, reason: str = "") -> Operation:
    """Begin the operation that makes a pod run, now and whenever its node starts.

    A pod that runs already is accepted too: the operation finds nothing to do, or what somebody did behind our back.
    Refused: PodGone, PodNeedsAttention, OperationInProgress; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.start"), transaction.atomic():
        locked = lock(pod)
        params = StartParams(desired_state=locked.desired_state)
        return _begin(START, by, locked, params, Desired.RUNNING, reason)


def stop_pod(*, by: Actor, pod: CloudPod, timeout_s: int = USUAL_TIMEOUT_S, reason: str = "") -> Operation:
    """Begin the operation that stops a pod: it has `timeout_s` to shut down, then it is stopped hard (0: at once).

    A pod that is stopped already is accepted too: the operation finds nothing to do, or what was started behind our
    back. Refused: Invalid, PodGone, PodNeedsAttention, OperationInProgress; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.stop"), transaction.atomic():
        _check_timeout(timeout_s)
        locked = lock(pod)
        params = StopParams(desired_state=locked.desired_state, timeout_s=timeout_s)
        return _begin(STOP, by, locked, params, Desired.STOPPED, reason)


def reboot_pod(*, by: Actor, pod: CloudPod, timeout_s: int = USUAL_TIMEOUT_S, reason: str = "") -> Operation:
    """Begin the operation that shuts a pod down as `stop_pod` does and starts it again.

    Refused: Invalid, PodGone, PodNeedsAttention, OperationInProgress, PodStopped; then nothing changed but the audit
    trail.
    """
    with recording_refusals(by, pod, "pod.reboot"), transaction.atomic():
        _check_timeout(timeout_s)
        locked = lock(pod)
        if locked.desired_state == Desired.STOPPED:
            raise refusals.PodStopped(f"The pod {locked} is meant to be stopped: start it instead.")
        return _begin(REBOOT, by, locked, RebootParams(timeout_s=timeout_s), locked.desired_state, reason)


def _check_timeout(timeout_s: int) -> None:
    if not 0 <= timeout_s <= MOST_TIMEOUT_S:
        raise Invalid(
            f"A pod can be given 0 to {MOST_TIMEOUT_S} seconds to shut down; 0 stops it at once.", field="timeout_s"
        )


def _begin(kind: Kind[Any], by: Actor, pod: CloudPod, params: Any, desired_state: str, reason: str) -> Operation:
    """The operation and what is wanted from now on. Refused: OperationInProgress (a create and a destroy are such)."""
    operation = begin_operation(
        kind, by=by, tenant=pod.tenant, subject_id=pod.pk, subject_name=pod.hostname, params=params
    )
    before = {"desired_state": pod.desired_state}
    after = operation.params | {"desired_state": desired_state}
    pod.desired_state = desired_state
    pod.save(update_fields=["desired_state"])
    record(
        by=by,
        tenant=pod.tenant,
        action=f"pod.{kind.name}",
        resource=resource_of(pod),
        operation_id=operation.pk,
        reason=reason,
        before=before,
        after=after,
    )
    return operation
