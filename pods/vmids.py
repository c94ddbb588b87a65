"""next_vmid(): which VMID of a cluster's range a new pod gets.

Decides: the order (never used first, then the one released longest ago) and the rest. Not: that a VMID is unique; a
constraint states it, and Proxmox refuses one that a stranger has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection

from clusters.models import Cluster

# Longer than any lease, request or task of the former pod could still be in flight (a lease lasts 90 s, an operation
# 20 minutes): what comes late for the old container must not meet a new one.
VMID_REST = timedelta(hours=1)

_NEXT = """
WITH history AS (
    SELECT vmid, max(gone_at) AS gone_at, bool_or(gone_at IS NULL) AS live
      FROM pods_cloudpod WHERE cluster_id = %(cluster)s GROUP BY vmid
)
SELECT v
  FROM generate_series(%(first)s, %(last)s) AS v
  LEFT JOIN history h ON h.vmid = v
 WHERE (h.vmid IS NULL OR (NOT h.live AND h.gone_at <= control_now() - %(rest)s))
   AND NOT EXISTS (SELECT 1 FROM clusters_templatecopy c WHERE c.cluster_id = %(cluster)s AND c.vmid = v)
 ORDER BY h.gone_at NULLS FIRST, v
 LIMIT 1
"""


def next_vmid(cluster: Cluster) -> int | None:
    """A free VMID, or None. The caller holds the cluster's row, so that two requests take turns."""
    parameters: dict[str, Any] = {
        "cluster": cluster.pk,
        "first": cluster.pod_vmid_first,
        "last": cluster.pod_vmid_last,
        "rest": VMID_REST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, parameters)
        row = cursor.fetchone()
    return None if row is None else int(row[0])
