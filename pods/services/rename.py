"""rename_pod(): begins the operation that gives a pod another host name.

Decides: which names are granted. Not: how the pod gets one (kinds/rename.py).
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor
from operations.models import Operation
from operations.ordering import same_going_on
from pods import refusals
from pods.admission import check_hostname, check_name_not_kept, lock_quota
from pods.kinds.rename import RENAME
from pods.kinds.rename import Params as RenameParams
from pods.models import CloudPod
from pods.services.ask import ask, is_left_open
from pods.services.lock import lock
from pods.services.record import recording_refusals


def rename_pod(*, by: Actor, pod: CloudPod, hostname: str, reason: str = "") -> Operation:
    """Begin the operation that gives a pod another host name. The pod may run, or be suspended.

    A second request for the same is the first. Refused: BadHostname, HostnameTaken, NothingToChange, PodGone,
    PodDeleted, PodNeedsAttention, OperationInProgress, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.rename"), transaction.atomic():
        check_hostname(hostname)
        locked = lock(pod)
        if same_going_on(RENAME, locked.pk, {"hostname": hostname}) is None:
            _check(locked, hostname)
        params, before = RenameParams(hostname=hostname), {"hostname": locked.hostname}
        return ask(RENAME, by=by, pod=locked, params=params, reason=reason, before=before)


def _check(pod: CloudPod, hostname: str) -> None:
    if hostname == pod.hostname and not is_left_open(RENAME, pod):
        raise refusals.NothingToChange(f"The pod is called {hostname} already.", field="hostname")
    lock_quota(pod.tenant)
    check_name_not_kept(pod.tenant, hostname, but_for=pod)
