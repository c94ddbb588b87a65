"""start_pod(), stop_pod(), reboot_pod(): begin the operations that make a pod run, stop, or begin anew.

Decides: what is refused, and what the pod is meant to be from now on. Not: how that comes about (kinds/).
"""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor
from core.errors import Invalid
from operations.models import Operation
from pods import refusals
from pods.kinds.power import MOST_TIMEOUT_S, USUAL_TIMEOUT_S
from pods.kinds.reboot import REBOOT
from pods.kinds.reboot import Params as RebootParams
from pods.kinds.start import START
from pods.kinds.start import Params as StartParams
from pods.kinds.stop import STOP
from pods.kinds.stop import Params as StopParams
from pods.models import CloudPod
from pods.services.ask import ask
from pods.services.lock import check_not_suspended, lock
from pods.services.record import recording_refusals

Desired = CloudPod.Desired


def start_pod(*, by: Actor, pod: CloudPod, reason: str = "") -> Operation:
    """Begin the operation that makes a pod run, now and whenever its node starts.

    A pod that runs already is accepted too: the operation finds nothing to do, or what somebody did behind our back.
    A second start is the first. Refused: PodGone, PodDeleted, PodNeedsAttention, PodSuspended, OperationInProgress,
    Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.start"), transaction.atomic():
        locked = lock(pod)
        check_not_suspended(locked)
        params = StartParams(desired_state=locked.desired_state)
        before, after = _wanted(locked, Desired.RUNNING)
        return ask(START, by=by, pod=locked, params=params, reason=reason, before=before, after=after)


def stop_pod(*, by: Actor, pod: CloudPod, timeout_s: int = USUAL_TIMEOUT_S, reason: str = "") -> Operation:
    """Begin the operation that stops a pod: it has `timeout_s` to shut down, then it is stopped hard (0: at once).

    A pod that is stopped already is accepted too: the operation finds nothing to do, or what was started behind our
    back. A second stop is the first. Refused: Invalid, PodGone, PodDeleted, PodNeedsAttention, OperationInProgress,
    Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.stop"), transaction.atomic():
        check_timeout(timeout_s)
        locked = lock(pod)
        params = StopParams(desired_state=locked.desired_state, timeout_s=timeout_s)
        before, after = _wanted(locked, Desired.STOPPED)
        return ask(STOP, by=by, pod=locked, params=params, reason=reason, before=before, after=after)


def reboot_pod(*, by: Actor, pod: CloudPod, timeout_s: int = USUAL_TIMEOUT_S, reason: str = "") -> Operation:
    """Begin the operation that shuts a pod down as `stop_pod` does and starts it again.

    A second reboot is the first. Refused: Invalid, PodGone, PodDeleted, PodNeedsAttention, PodSuspended, PodStopped,
    OperationInProgress, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.reboot"), transaction.atomic():
        check_timeout(timeout_s)
        locked = lock(pod)
        if locked.desired_state == Desired.STOPPED:
            raise refusals.PodStopped(f"The pod {locked} is meant to be stopped: start it instead.")
        check_not_suspended(locked)
        return ask(REBOOT, by=by, pod=locked, params=RebootParams(timeout_s=timeout_s), reason=reason)


def check_timeout(timeout_s: int) -> None:
    """Refused: Invalid."""
    if not 0 <= timeout_s <= MOST_TIMEOUT_S:
        raise Invalid(
            f"A pod can be given 0 to {MOST_TIMEOUT_S} seconds to shut down; 0 stops it at once.", field="timeout_s"
        )


def _wanted(pod: CloudPod, desired_state: str) -> tuple[dict[str, str], dict[str, str]]:
    """What was wanted and what is, for the audit trail."""
    return {"desired_state": pod.desired_state}, {"desired_state": desired_state}
