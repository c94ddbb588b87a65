"""purge_due(): begins the purge of each deleted pod whose grace period is over. The controller's part.

Decides: which pods. Not: how a container goes (kinds/purge.py).
"""

from __future__ import annotations

import logging

from django.db import transaction

from audit.services import SYSTEM
from core.clock import ControlNow, control_now
from core.errors import Refused
from operations.freezing import Frozen
from operations.models import Operation
from pods.models import CloudPod
from pods.services.destroy import purge_pod
from pods.services.lock import lock_any

log = logging.getLogger(__name__)

MOST_AT_ONCE = 20  # the next tick takes the next ones


def _purge(pod: CloudPod) -> bool:
    """False: it was restored, or its purge put off, just now."""
    with transaction.atomic():
        locked = lock_any(pod)
        if locked.phase != CloudPod.Phase.DELETED or locked.purge_at is None or locked.purge_at > control_now():
            return False
        purge_pod(by=SYSTEM, pod=locked, reason="its grace period is over")
        return True


def purge_due() -> int:
    """Returns how many purges were begun. What is protected, busy or frozen is passed over: its time comes later."""
    busy = Operation.objects.filter(subject_kind="pod", state__in=Operation.OPEN).values("subject_id")
    due = CloudPod.objects.filter(phase=CloudPod.Phase.DELETED, purge_at__lte=ControlNow(), protected=False)
    begun = 0
    for pod in due.exclude(pk__in=busy).select_related("tenant").order_by("purge_at")[:MOST_AT_ONCE]:
        try:
            begun += _purge(pod)
        except Frozen:
            continue
        except Refused as refused:
            log.warning("the purge of %s was refused: %s", pod, refused.message)
    return begun
