"""What the rows know, read at each scrape: operations, lanes, pods, clusters, addresses, processes.

Decides: the metrics' names and labels, in a constant number of queries. No tenant and no id is a label.
Not: what only the processes know (counters.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import Error, transaction
from django.db.models import Count, F, Q, Sum
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from clusters.models import Cluster, Finding
from core.clock import control_now
from ipam.models import Subnet
from ipam.queries import Usage, usage_by_subnet
from operations.freezing import in_force
from operations.heartbeats import last_seen
from operations.kind import known_kinds
from operations.models import Lane, Operation
from pods.models import CloudPod

log = logging.getLogger(__name__)

ENDED = tuple(state for state in Operation.State if state not in Operation.OPEN)
BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)  # seconds


class Rows(Collector):
    def collect(self) -> Iterable[Metric]:
        """A database that is away costs its metrics only; that it is away is one of them."""
        up = GaugeMetricFamily("migracloud_database_up", "Whether the rows could be read for this scrape.")
        try:
            with transaction.atomic():
                found = [
                    *operations(),
                    lanes(),
                    freezes(),
                    *pods(),
                    *clusters(),
                    findings(),
                    *addresses(),
                    *processes(),
                ]
        except Error as error:
            log.warning("the rows cannot be read for metrics: %s", str(error).strip())
            found = []
        up.add_metric([], float(bool(found)))
        return [up, *found]


def operations() -> Iterator[Metric]:
    """Ended ones stay as rows, so their numbers only grow, as a histogram's have to."""
    took = F("finished_at") - F("created_at")
    within = {
        f"within_{seconds}": Count("pk", filter=Q(finished_at__lte=F("created_at") + timedelta(seconds=seconds)))
        for seconds in BUCKETS
    }
    counted = {
        (row["kind"], row["state"]): row
        for row in Operation.objects.order_by()
        .values("kind", "state")
        .annotate(count=Count("pk"), took=Sum(took), **within)
    }
    kinds = sorted({kind.name for kind in known_kinds()} | {kind for kind, _ in counted})
    now = GaugeMetricFamily("migracloud_operations", "Operations by the state they are in.", labels=["kind", "state"])
    seconds = HistogramMetricFamily(
        "migracloud_operation_seconds",
        "Time from the request to the end of the operations that have ended.",
        labels=["kind", "outcome"],
    )
    for kind in kinds:
        for state in Operation.State.values:
            now.add_metric([kind, state], counted.get((kind, state), {}).get("count", 0))
        for outcome in ENDED:
            row: dict[str, Any] = counted.get((kind, outcome), {})
            buckets = [(f"{bound}.0", row.get(f"within_{bound}", 0)) for bound in BUCKETS]
            total: timedelta = row.get("took") or timedelta()
            seconds.add_metric([kind, str(outcome)], [*buckets, ("+Inf", row.get("count", 0))], total.total_seconds())
    yield now
    yield seconds


def lanes() -> Metric:
    waiting = GaugeMetricFamily("migracloud_lane_queue", "Operations that wait for their turn.", labels=["lane"])
    queued = Q(places__isnull=False, places__taken_at=None)
    for lane in Lane.objects.annotate(queued=Count("places", filter=queued)).order_by("name"):
        waiting.add_metric([lane.name], lane.queued)
    return waiting


def pods() -> Iterator[Metric]:
    rows = list(CloudPod.objects.order_by().values("phase", "observed_state").annotate(count=Count("pk")))
    phases = GaugeMetricFamily("migracloud_pods", "Pods by phase, those that are gone too.", labels=["phase"])
    for phase in CloudPod.Phase.values:
        phases.add_metric([phase], sum(row["count"] for row in rows if row["phase"] == phase))
    over = CloudPod.ENDED
    states = GaugeMetricFamily("migracloud_pods_observed", "Pods there are, as last seen.", labels=["state"])
    for state in CloudPod.Observed.values:
        there = (row for row in rows if row["observed_state"] == state and row["phase"] not in over)
        states.add_metric([state], sum(row["count"] for row in there))
    yield phases
    yield states


def freezes() -> Metric:
    return GaugeMetricFamily(
        "migracloud_freezes", "Freezes in force, of all work or of a cluster's.", in_force().count()
    )


def findings() -> Metric:
    """Open ones, by how grave they are."""
    now_open = GaugeMetricFamily("migracloud_findings_open", "Findings that are open.", labels=["severity"])
    rows = Finding.objects.filter(closed_at=None).order_by().values("severity").annotate(count=Count("pk"))
    counted = {row["severity"]: row["count"] for row in rows}
    for severity in Finding.Severity.values:
        now_open.add_metric([severity], counted.get(severity, 0))
    return now_open


def clusters() -> Iterator[Metric]:
    """A cluster that nobody has looked at yet is neither reachable nor unreachable: it is not told of."""
    reachable = GaugeMetricFamily("migracloud_cluster_reachable", "Whether it answered last.", labels=["cluster"])
    age = GaugeMetricFamily(
        "migracloud_cluster_observation_age_seconds", "Time since it last answered.", labels=["cluster"]
    )
    now = control_now()
    for cluster in Cluster.objects.filter(observation__isnull=False).select_related("observation").order_by("name"):
        seen = cluster.observation
        reachable.add_metric([cluster.name], float(seen.answers))
        if seen.observed_at is not None:
            age.add_metric([cluster.name], max((now - seen.observed_at).total_seconds(), 0.0))
    yield reachable
    yield age


def addresses() -> Iterator[Metric]:
    labels = ["network", "subnet"]
    left = GaugeMetricFamily(
        "migracloud_subnet_addresses_left", "Addresses nobody holds; some may still rest.", labels=labels
    )
    held = GaugeMetricFamily("migracloud_subnet_addresses_held", "Addresses that are held.", labels=labels)
    usages = usage_by_subnet()
    for subnet in Subnet.objects.select_related("network").order_by("network__name", "cidr"):
        usage = usages.get(subnet.pk, Usage())
        left.add_metric([subnet.network.name, str(subnet.cidr)], max(usage.capacity - usage.held, 0))
        held.add_metric([subnet.network.name, str(subnet.cidr)], usage.held)
    yield left
    yield held


def processes() -> Iterator[Metric]:
    alive = GaugeMetricFamily("migracloud_processes", "Processes seen within 30 seconds.", labels=["kind"])
    age = GaugeMetricFamily("migracloud_heartbeat_age_seconds", "Time since one was last seen.", labels=["kind"])
    for kind, seen in last_seen().items():
        alive.add_metric([kind], seen.alive)
        if seen.age is not None:
            age.add_metric([kind], max(seen.age.total_seconds(), 0.0))
    yield alive
    yield age
