"""lock(): the pod's row, held until the transaction ends, if the pod can be changed at all.

Decides: which pods nothing but a destroy can change. Not: what is done with the others.
"""

from __future__ import annotations

from pods import refusals
from pods.models import CloudPod


def lock(pod: CloudPod) -> CloudPod:
    """The row as it is now, with its tenant and cluster. Refused: PodGone, PodNeedsAttention."""
    rows = CloudPod.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant", "cluster")
    locked: CloudPod = rows.get(pk=pod.pk)
    if locked.gone_at is not None:
        raise refusals.PodGone(f"The pod {locked} is gone already.")
    if locked.phase == CloudPod.Phase.NEEDS_ATTENTION:
        raise refusals.PodNeedsAttention(
            f"An operation left something of the pod {locked} that the platform's staff have to look at; "
            "until then it can only be destroyed."
        )
    return locked
