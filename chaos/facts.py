"""What there is, as plain data: the database's rows, and what each cluster's fake holds.

Decides: what is read. Not: what is right about it (checker.py). It imports nothing of the product, and it copes with
tables and columns that a release does not have (yet): those are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

TABLES = (
    "clusters_attachment",
    "clusters_cluster",
    "clusters_node",
    "clusters_templatecopy",
    "ipam_addressrange",
    "ipam_iplease",
    "ipam_subnet",
    "operations_attempt",
    "operations_lane",
    "operations_laneplace",
    "operations_operation",
    "operations_step",
    "pods_cloudpod",
    "pods_interface",
    "pods_interfaceaddress",
    "pods_snapshot",
    "pods_vmidhold",
    "tenants_quota",
    "tenants_tenant",
)

# Of its end, and of staff who let it go on after that.
ENDS = """
SELECT operation_id, action FROM audit_auditevent
 WHERE action LIKE '%%.ended' OR action IN ('operation.retry', 'operation.skip')
"""

ENDED = frozenset({"succeeded", "failed", "cancelled", "needs_attention", "resolved"})  # any other state is live


@dataclass
class Seen:
    """One cluster's fake: its CTs, requests and ends of tasks, and the strangers that are known to be there.

    `strangers` holds each as it was put there, by VMID: nobody may have touched them since.
    """

    cts: dict[int, Row]
    requests: list[Row]
    ends: list[Row]
    running: list[Row]
    volumes: list[Row]
    strangers: dict[int, Row] = field(default_factory=dict)

    def ours(self) -> dict[int, Row]:
        """The containers that should each be a pod's."""
        return {vmid: ct for vmid, ct in self.cts.items() if not ct["template"] and vmid not in self.strangers}


@dataclass
class Facts:
    """All of it. `clusters` is by the cluster's id."""

    tables: dict[str, list[Row]]
    clusters: dict[Any, Seen]
    mark_secrets: dict[str, bytes]  # by key id
    ended_events: list[Row] = field(default_factory=list)

    def rows(self, table: str) -> list[Row]:
        assert table in TABLES, table
        return self.tables.get(table, [])

    def has(self, table: str) -> bool:
        return table in self.tables

    def by_id(self, table: str) -> dict[Any, Row]:
        return {row["id"]: row for row in self.rows(table)}

    def live_pods(self) -> list[Row]:
        return [pod for pod in self.rows("pods_cloudpod") if pod["gone_at"] is None]

    def live_holds(self) -> list[Row]:
        """Who owns which VMID: the holds, or in a release without them the pods' rows themselves."""
        if self.has("pods_vmidhold"):
            holds = self.rows("pods_vmidhold")
            return [
                {"cluster": hold["cluster_id"], "vmid": hold["vmid"], "pod": hold["pod_id"]}
                for hold in holds
                if hold["released_at"] is None
            ]
        return [{"cluster": pod["cluster_id"], "vmid": pod["vmid"], "pod": pod["id"]} for pod in self.live_pods()]

    def left_to_a_person(self) -> set[Any]:
        """Pods of which an operation has left something that it names: they may have more than a pod should."""
        left = {row["subject_id"] for row in self.operations(live=False) if row["state"] == "needs_attention"}
        return left | {pod["id"] for pod in self.live_pods() if pod["phase"] == "needs_attention"}

    def live_leases(self) -> list[Row]:
        return [lease for lease in self.rows("ipam_iplease") if lease["released_at"] is None]

    def operations(self, *, live: bool) -> list[Row]:
        return [row for row in self.rows("operations_operation") if (row["state"] not in ENDED) == live]


def look_at(plane: Any, *, strangers: Mapping[int, Row] | None = None) -> Seen:
    """One fake, through its control channel (demo.handle.FakeHandle)."""
    return Seen(
        plane.cts(), plane.record(), plane.task_ends(), plane.running_tasks(), plane.volumes(), dict(strangers or {})
    )


def read(cursor: Any, clusters: Mapping[str, Seen], *, mark_secrets: Mapping[str, bytes]) -> Facts:
    """`cursor` is any of PostgreSQL's that may read everything; `clusters` is by the cluster's name in its row."""
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY(%s)", [list(TABLES)]
    )
    there = [name for (name,) in cursor.fetchall()]
    tables = {name: _rows(cursor, f'SELECT * FROM "{name}"') for name in there}
    ids = {row["name"]: row["id"] for row in tables["clusters_cluster"]}
    seen = {ids[name]: cluster for name, cluster in clusters.items()}
    return Facts(tables, seen, dict(mark_secrets), _rows(cursor, ENDS, []))


def _rows(cursor: Any, query: str, parameters: list[Any] | None = None) -> list[Row]:
    cursor.execute(query, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
