"""How much what was seen of a cluster is worth now, in words for pages and lists.

Decides: from when on nobody looks any more, and how that is said. Not: what was seen (observation.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from audit import look
from clusters.models import Cluster, ClusterObservation

STALE_AFTER = timedelta(minutes=3)  # a look is taken each minute: two were missed


def observation_of(cluster: Cluster) -> ClusterObservation | None:
    """Its row, if it was ever asked. Read lists with `select_related("observation")`."""
    found: ClusterObservation | None = getattr(cluster, "observation", None)
    return found


def is_old(moment: datetime | None) -> bool:
    return moment is None or timezone.now() - moment > STALE_AFTER


def is_stale(cluster: Cluster) -> bool:
    """Whether nobody looks at it: it was asked before and is not asked any more, whether it would answer or not."""
    seen = observation_of(cluster)
    return seen is not None and is_old(seen.tried_at)


def does_not_answer(cluster: Cluster) -> bool:
    seen = observation_of(cluster)
    return seen is not None and seen.unreachable_since is not None


def moment(of: datetime) -> str:
    """`12:01:03 UTC`, with its day unless that is today."""
    local, today = timezone.localtime(of), timezone.localdate()
    return f"{local:%H:%M:%S %Z}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S %Z}"


def as_of(of: datetime) -> str:
    """`as of 12:01:03 UTC (40 s ago)`."""
    return f"as of {moment(of)} ({look.relative(timezone.now() - of)})"


def standing(cluster: Cluster) -> str:
    """What keeps what is shown of it from being so now, in a sentence; empty when nothing does."""
    seen = observation_of(cluster)
    if seen is None:
        return f"Nobody has looked at cluster {cluster} yet."
    words = ""
    if seen.unreachable_since is not None:
        words = f"Cluster {cluster} has not answered since {moment(seen.unreachable_since)}."
    if is_old(seen.tried_at):
        asked = look.relative(timezone.now() - seen.tried_at)
        words = f"{words} Cluster {cluster} was last looked at {asked}: does the controller run?".strip()
    return words
