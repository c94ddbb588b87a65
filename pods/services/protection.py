"""protect_pod(): whether a pod refuses to be destroyed and rebuilt.

Decides: what is refused and recorded. Nothing is done on the cluster.
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor, record
from pods.models import CloudPod
from pods.services.lock import lock_any
from pods.services.record import recording_refusals, resource_of


def protect_pod(*, by: Actor, pod: CloudPod, protected: bool, reason: str = "") -> CloudPod:
    """Put the protection on, or take it off; what is so already stays so. Refused: PodGone."""
    with recording_refusals(by, pod, "pod.protect"), transaction.atomic():
        locked = lock_any(pod)
        before, locked.protected = locked.protected, protected
        locked.save(update_fields=["protected"])
        record(
            by=by,
            tenant=locked.tenant,
            action="pod.protect",
            resource=resource_of(locked),
            reason=reason,
            before={"protected": before},
            after={"protected": protected},
        )
        return locked
