"""purge_due(): begins the purge of each deleted pod whose grace period is over. The controller's part.

Decides: which pods. Not: how a container goes (kinds/purge.py).
"""

from __future__ import annotations

import logging

from django.db import InterfaceError, InternalError, OperationalError, transaction
from django.db.models import QuerySet

from audit.services import SYSTEM
from clusters.models import Cluster
from core.clock import ControlNow, control_now
from core.errors import Refused
from operations.freezing import Frozen, frozen_places
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
    """Returns how many purges were begun. What is protected, busy or frozen is passed over: its time comes later. So is
    what cannot be purged, whatever the reason: it keeps no other from it.
    """
    begun = 0
    for pod in _due():
        try:
            begun += _purge(pod)
        except Frozen:
            continue
        except Refused as refused:
            log.warning("the purge of %s was refused: %s", pod, refused.message)
        except (OperationalError, InterfaceError, InternalError):
            raise
        except Exception:
            log.exception("the purge of %s broke in our own code", pod)
        if begun >= MOST_AT_ONCE:
            break
    return begun


def _due() -> QuerySet[CloudPod]:
    """Longest due first. A frozen cluster's are not among them: there may be many, for days."""
    frozen = frozen_places()
    clusters = [cluster.pk for cluster in Cluster.objects.all() if frozen & {"", cluster.place}]
    busy = Operation.objects.filter(subject_kind="pod", state__in=Operation.OPEN).values("subject_id")
    due = CloudPod.objects.filter(phase=CloudPod.Phase.DELETED, purge_at__lte=ControlNow(), protected=False)
    return due.exclude(pk__in=busy).exclude(cluster__in=clusters).select_related("tenant").order_by("purge_at")
