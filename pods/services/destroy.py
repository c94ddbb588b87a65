"""destroy_pod(): begins the operation that takes a pod away.

Decides: what is refused, and what the pod's row says meanwhile. Not: how its container goes (kinds/destroy.py).
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor, record
from operations.models import Operation
from operations.services import begin_operation
from pods import refusals
from pods.kinds.destroy import DESTROY
from pods.kinds.destroy import Params as DestroyParams
from pods.models import CloudPod
from pods.services.record import recording_refusals, resource_of


def destroy_pod(*, by: Actor, pod: CloudPod, reason: str = "") -> Operation:
    """Begin the operation that stops a pod's container, takes it away and gives back what it held.

    Refused: PodGone, OperationInProgress; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.destroy"), transaction.atomic():
        return _destroy(by, pod, reason)


def _destroy(by: Actor, pod: CloudPod, reason: str) -> Operation:
    locked = CloudPod.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant").get(pk=pod.pk)
    if locked.gone_at is not None:
        raise refusals.PodGone(f"The pod {locked} is gone already.")
    operation = begin_operation(
        DESTROY,
        by=by,
        tenant=locked.tenant,
        subject_id=locked.pk,
        subject_name=locked.hostname,
        params=DestroyParams(phase=locked.phase, desired_state=locked.desired_state),
    )
    before = {"phase": locked.phase, "desired_state": locked.desired_state}
    locked.phase, locked.desired_state = CloudPod.Phase.DESTROYING, CloudPod.Desired.ABSENT
    locked.save(update_fields=["phase", "desired_state"])
    record(
        by=by,
        tenant=locked.tenant,
        action="pod.destroy",
        resource=resource_of(locked),
        operation_id=operation.pk,
        reason=reason,
        before=before,
        after={"phase": locked.phase, "desired_state": locked.desired_state},
    )
    return operation
