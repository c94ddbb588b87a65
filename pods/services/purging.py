"""purge_due(): begins the purge of each deleted pod whose grace period is over. The controller's part.

Decides: which pods. Not: how a container goes (kinds/purge.py).
"""

from __future__ import annotations

import logging

from audit.services import SYSTEM
from core.clock import ControlNow
from core.errors import Refused
from operations.freezing import Frozen
from operations.models import Operation
from pods.models import CloudPod
from pods.services.destroy import purge_pod

log = logging.getLogger(__name__)

MOST_AT_ONCE = 20  # the next tick takes the next ones


def purge_due() -> int:
    """Returns how many purges were begun. What is protected, busy or frozen is passed over: its time comes later."""
    busy = Operation.objects.filter(subject_kind="pod", state__in=Operation.OPEN).values("subject_id")
    due = CloudPod.objects.filter(phase=CloudPod.Phase.DELETED, purge_at__lte=ControlNow(), protected=False)
    begun = 0
    for pod in due.exclude(pk__in=busy).select_related("tenant").order_by("purge_at")[:MOST_AT_ONCE]:
        try:
            purge_pod(by=SYSTEM, pod=pod, reason="its grace period is over")
            begun += 1
        except Frozen:
            continue
        except Refused as refused:
            log.warning("the purge of %s was refused: %s", pod, refused.message)
    return begun
