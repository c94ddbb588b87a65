"""next_vmid(): which VMID of a cluster's range a pod gets; release_vmids(): when it may be given again.

Decides: the order (never used first, then the one released longest ago), the rest, and that one where somebody's
container stands is passed over. Not: that a VMID is unique; a constraint states it, and Proxmox refuses a taken one.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest

from clusters.findings import Code
from clusters.models import Cluster
from core.clock import ControlNow, control_now
from core.errors import refusing_violations
from pods.models import CloudPod, VmidHold

# Longer than any lease, request or task of the former pod could still be in flight (a lease lasts 90 s, an operation
# 20 minutes): what comes late for the old container must not meet a new one.
VMID_REST = timedelta(hours=1)

# While one of these is open about a VMID, somebody's container stands there.
OCCUPIED = [str(Code.STRANGER), str(Code.RETURNED)]

_NEXT = """
WITH history AS (
    SELECT vmid, max(released_at) AS released_at, bool_or(released_at IS NULL OR held_back) AS live
      FROM pods_vmidhold WHERE cluster_id = %(cluster)s GROUP BY vmid
)
SELECT v
  FROM generate_series(%(first)s, %(last)s) AS v
  LEFT JOIN history h ON h.vmid = v
 WHERE (h.vmid IS NULL OR (NOT h.live AND h.released_at <= control_now() - %(rest)s))
   AND NOT EXISTS (SELECT 1 FROM clusters_templatecopy c WHERE c.cluster_id = %(cluster)s AND c.vmid = v)
   AND NOT EXISTS (SELECT 1 FROM clusters_finding f WHERE f.cluster_id = %(cluster)s AND f.closed_at IS NULL
                   AND f.code = ANY(%(occupied)s) AND f.about = 'CT ' || v)
 ORDER BY h.released_at NULLS FIRST, v
 LIMIT 1
"""


def next_vmid(cluster: Cluster) -> int | None:
    """A free VMID, or None. The caller holds the cluster's row, so that two requests take turns."""
    parameters: dict[str, Any] = {
        "cluster": cluster.pk,
        "first": cluster.pod_vmid_first,
        "last": cluster.pod_vmid_last,
        "rest": VMID_REST,
        "occupied": OCCUPIED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, parameters)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def hold_vmid(pod: CloudPod, vmid: int) -> VmidHold:
    """Note that the VMID is this pod's. Refused: VmidInUse."""
    with refusing_violations(), transaction.atomic():
        return VmidHold.objects.create(
            tenant=pod.tenant, cluster=pod.cluster, vmid=vmid, pod=pod, taken_at=control_now()
        )


def release_vmids(pod: CloudPod, *, vmid: int | None = None, held_back: bool = False) -> None:
    """Give back one of the pod's VMIDs, or all of them; they rest before they are given again. Twice is once.

    `held_back`: not before it is known that what stands there is gone.
    """
    held = VmidHold.objects.filter(pod=pod, released_at=None)
    if vmid is not None:
        held = held.filter(vmid=vmid)
    held.update(released_at=Greatest(ControlNow(), F("taken_at")), held_back=held_back)


def last_held(cluster: Cluster, vmids: Collection[int]) -> QuerySet[VmidHold]:
    """Of each VMID the hold of a pod that is lost, if nobody has had the VMID since."""
    later = VmidHold.objects.filter(cluster=cluster, vmid=OuterRef("vmid"), taken_at__gt=OuterRef("taken_at"))
    lost = VmidHold.objects.filter(cluster=cluster, vmid__in=vmids, pod__phase=CloudPod.Phase.LOST)
    return lost.exclude(Exists(later)).exclude(released_at=None)


def let_go_of_held_back(holds: QuerySet[VmidHold]) -> int:
    """What stood there is known to be gone: the VMIDs rest from now on, and are then given again."""
    return holds.filter(held_back=True).update(held_back=False, released_at=ControlNow())
