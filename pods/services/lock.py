"""lock(): the pod's row, held until the transaction ends, if the pod can be changed at all.

Decides: which pods nothing but a destroy can change. Not: what is done with the others.
"""

from __future__ import annotations

from pods import refusals
from pods.models import CloudPod


def lock(pod: CloudPod) -> CloudPod:
    """The row as it is now, with its tenant and cluster. Refused: PodGone, PodDeleted, PodNeedsAttention."""
    locked = lock_any(pod)
    if locked.phase == CloudPod.Phase.DELETED:
        raise refusals.PodDeleted(f"The pod {locked} is deleted: restore it first, or purge it.")
    if locked.phase == CloudPod.Phase.NEEDS_ATTENTION:
        raise refusals.PodNeedsAttention(
            f"An operation left something of the pod {locked} that the platform's staff have to look at; "
            "until then it can only be destroyed."
        )
    return locked


def lock_any(pod: CloudPod) -> CloudPod:
    """The row, whatever the pod's phase. Refused: PodGone."""
    rows = CloudPod.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "tenant", "cluster", "node", "tier", "source__template"
    )
    locked: CloudPod = rows.get(pk=pod.pk)
    if locked.gone_at is not None:
        raise refusals.PodGone(f"The pod {locked} is gone already.")
    return locked


def check_not_protected(pod: CloudPod) -> None:
    """Refused: PodProtected."""
    if pod.protected:
        raise refusals.PodProtected(f"The pod {pod} is protected: take its protection off first.", field="protected")


def check_not_suspended(pod: CloudPod) -> None:
    """Refused: PodSuspended."""
    if pod.tenant_suspended:
        raise refusals.PodSuspended(f"The pod {pod} stands still: its tenant {pod.tenant} is suspended.")
    if pod.suspended_at is not None:
        raise refusals.PodSuspended(f"The pod {pod} is suspended: {pod.suspended_reason}")
