"""replace_ssh_keys(): begins the operation that gives a pod other SSH keys.

Decides: what is refused, and what the pod's row says from now on. Not: how the keys reach it (kinds/keys.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from audit.services import Actor, record
from operations.models import Operation
from operations.services import begin_operation
from pods.admission import check_delivery
from pods.kinds.keys import SET_KEYS
from pods.kinds.keys import Params as KeysParams
from pods.models import CloudPod
from pods.services.lock import lock
from pods.services.record import recording_refusals, resource_of
from pods.ssh_keys import check_keys, read_keys

COUNT_FROM = "They count from the pod's next boot."


def replace_ssh_keys(*, by: Actor, pod: CloudPod, keys: Sequence[str], reason: str = "") -> Operation:
    """Begin the operation that writes these keys in place of all that the pod has; none at all takes them away.

    They count from the pod's next boot: what its first process was started with stays until then.
    Refused: BadSshKey, KeysNotDeliverable, PodGone, PodNeedsAttention, OperationInProgress; then nothing changed but
    the audit trail.
    """
    with recording_refusals(by, pod, "pod.set_keys"), transaction.atomic():
        wanted = check_keys(keys)
        locked = lock(pod)
        check_delivery(locked.cluster, then="Its keys stay as they are.")
        return _begin(by, locked, wanted, reason)


def _begin(by: Actor, pod: CloudPod, keys: list[str], reason: str) -> Operation:
    """The operation and what is wanted from now on; the audit trail names keys by type, fingerprint and comment."""
    before = pod.ssh_keys
    operation = begin_operation(
        SET_KEYS,
        by=by,
        tenant=pod.tenant,
        subject_id=pod.pk,
        subject_name=pod.hostname,
        params=KeysParams(old=before, new=keys),
        place=pod.cluster.place,
    )
    pod.ssh_keys = keys
    pod.save(update_fields=["ssh_keys"])
    record(
        by=by,
        tenant=pod.tenant,
        action="pod.set_keys",
        resource=resource_of(pod),
        operation_id=operation.pk,
        reason=reason,
        before={"ssh_keys": [str(key) for key in read_keys(before)]},
        after={"ssh_keys": [str(key) for key in read_keys(keys)]},
    )
    return operation
