"""halt() and lift(): a cluster that lets us in no longer. Work on it stands still, instead of each operation asking it.

Decides: what halts a cluster, and what ends that. Not: where an operation's safe points are (operations/engine.py).
"""

from __future__ import annotations

from datetime import datetime

from audit.services import SYSTEM
from clusters.dataplane.errors import CertificateNotTrusted, TokenRefused
from clusters.findings import THE_CLUSTER, Code, close_finding, open_finding
from clusters.models import Cluster
from core.errors import Refused
from operations.freezing import freeze, in_force, thaw_own
from operations.models import Freeze

# By the code of what a call has met. A refused token delays each answer by three seconds on top.
HALTS: dict[str, Code] = {
    TokenRefused.code: Code.TOKEN_REFUSED,
    CertificateNotTrusted.code: Code.CERTIFICATE_NOT_TRUSTED,
}

# Everybody reads this who is refused meanwhile, tenants too: no more than they need.
REASON = "it does not let the control plane in ({code}). The platform's staff have been told"


def halt(cluster: Cluster, code: str, message: str) -> None:
    """Note it, and let all else stand still. Called wherever it is met, in the transaction that records it."""
    open_finding(cluster=cluster, code=HALTS[code], about=THE_CLUSTER, detail=message)
    if in_force(Freeze.objects.filter(place=cluster.place, code=code)).exists():
        return
    try:
        freeze(
            by=SYSTEM, place=cluster.place, place_name=cluster.name, code=code, reason=f"{REASON.format(code=code)}."
        )
    except Refused:  # somebody else has met it at the same moment
        return


def lift(cluster: Cluster, *, as_of: datetime) -> None:
    """The cluster has answered a call of ours that began then: whatever stood still goes on."""
    for code, finding in HALTS.items():
        close_finding(cluster=cluster, code=finding, because="the cluster lets us in again", as_of=as_of)
        if Freeze.objects.filter(place=cluster.place, code=code, ended_at=None, began_at__lte=as_of).exists():
            thaw_own(by=SYSTEM, place=cluster.place, code=code, reason="the cluster lets us in again")


def halted_places() -> set[str]:
    """Where asking makes no sense now."""
    return set(in_force(Freeze.objects.filter(code__in=HALTS)).order_by().values_list("place", flat=True))
