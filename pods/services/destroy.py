"""destroy_pod(), purge_pod(), restore_pod(): begin the operations that take a pod away, softly or for good, or back.

Decides: what is refused. Not: how its container goes (kinds/), nor when a deleted pod's time is over (purging.py).
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor
from core.errors import Invalid
from operations.models import Operation
from pods import refusals
from pods.holdings import is_troubled
from pods.kinds.destroy import DESTROY
from pods.kinds.destroy import Params as DestroyParams
from pods.kinds.power import USUAL_TIMEOUT_S
from pods.kinds.purge import PURGE
from pods.kinds.purge import Params as PurgeParams
from pods.kinds.restore import RESTORE
from pods.kinds.restore import Params as RestoreParams
from pods.models import CloudPod
from pods.services.ask import ask
from pods.services.lock import check_not_protected, lock_any
from pods.services.power import check_timeout
from pods.services.record import recording_refusals

Phase = CloudPod.Phase


def destroy_pod(*, by: Actor, pod: CloudPod, timeout_s: int = USUAL_TIMEOUT_S, reason: str = "") -> Operation:
    """Begin the operation that stops a pod and marks it; its tenant's grace period later it is purged.

    Until then it keeps VMID, address, host name and quota, and can be restored. It stands behind what is being done
    with the pod, and cancels its making. A second destroy is the first.
    Refused: Invalid, PodGone, PodDeleted, PodProtected, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.destroy"), transaction.atomic():
        check_timeout(timeout_s)
        locked = lock_any(pod)
        check_not_protected(locked)
        if locked.phase == Phase.DELETED:
            raise refusals.PodDeleted(
                f"The pod {locked} is deleted already; it is purged at {locked.purge_at:%Y-%m-%d %H:%M} UTC."
            )
        return ask(DESTROY, by=by, pod=locked, params=DestroyParams(timeout_s=timeout_s), reason=reason)


def purge_pod(*, by: Actor, pod: CloudPod, reason: str) -> Operation:
    """Begin the operation that takes a pod's container away for good and gives back what it held. For staff.

    It stands behind what is being done with the pod, and cancels what would only be for the container.
    Refused: Invalid (no reason), PodGone, PodProtected, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.purge"), transaction.atomic():
        if not reason.strip():
            raise Invalid("Say why: what is purged cannot be brought back.", field="reason")
        locked = lock_any(pod)
        check_not_protected(locked)
        return ask(PURGE, by=by, pod=locked, params=PurgeParams(), reason=reason, before={"phase": locked.phase})


def restore_pod(*, by: Actor, pod: CloudPod, reason: str = "") -> Operation:
    """Begin the operation that makes a deleted pod what it was; it runs again if it ran and nothing keeps it from that.

    Refused: PodGone, PodNotDeleted, PodNeedsAttention (it was not whole before), OperationInProgress, Frozen; then
    nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.restore"), transaction.atomic():
        locked = lock_any(pod)
        if locked.phase != Phase.DELETED:
            raise refusals.PodNotDeleted(f"The pod {locked} is not deleted: there is nothing to restore.")
        _check_was_whole(locked)
        return ask(RESTORE, by=by, pod=locked, params=RestoreParams(), reason=reason)


def _check_was_whole(pod: CloudPod) -> None:
    """What an operation had left of a pod does not become a pod by being destroyed and restored, but by a person."""
    destroyed = (
        Operation.objects.filter(subject_kind="pod", subject_id=pod.pk, kind=DESTROY.name).order_by("-pk").first()
    )
    troubled = destroyed is not None and destroyed.before.get("phase") == Phase.NEEDS_ATTENTION
    if troubled and is_troubled(pod):
        raise refusals.PodNeedsAttention(
            f"The pod {pod} needed a person before it was destroyed: it is not whole, and can only be purged."
        )
