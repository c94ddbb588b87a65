"""What our processes count as they go: requests to the site, and calls to Proxmox.

Decides: the names and labels of what is counted. Not: what the rows know already (metrics_rows.py), nor where the
numbers are kept (metrics_files.py). Labels are few and say nothing of tenants.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from prometheus_client import Counter, Histogram

from clusters.dataplane.calls import Call
from migracloud import metrics_files  # its choice of files comes before the first counter

log = logging.getLogger(__name__)

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter(
    "migracloud_http_requests", "Requests answered.", ["method", "route", "status"], registry=None
)  # fmt: skip
REQUEST_SECONDS = Histogram(
    "migracloud_http_request_seconds", "Time until the answer.", ["method", "route"], buckets=BUCKETS, registry=None
)
CALLS = Counter(
    "migracloud_proxmox_calls",
    "Calls to the API of Proxmox; outcome is ok or the code of the error.",
    ["cluster", "method", "outcome"],
    registry=None,
)
CALL_SECONDS = Histogram(
    "migracloud_proxmox_call_seconds",
    "Time until Proxmox answered, or did not.",
    ["cluster", "method"],
    buckets=BUCKETS,
    registry=None,
)


def count_request(*, method: str, route: str, status: int, seconds: float) -> None:
    method = method if method in METHODS else "other"

    def count() -> None:
        REQUESTS.labels(method, route, f"{status // 100}xx").inc()
        REQUEST_SECONDS.labels(method, route).observe(seconds)

    _without_harm(count)


def count_call(call: Call) -> None:
    def count() -> None:
        CALLS.labels(call.cluster, call.method, call.outcome).inc()
        CALL_SECONDS.labels(call.cluster, call.method).observe(call.seconds)

    _without_harm(count)


_told = False


def _without_harm(count: Callable[[], None]) -> None:
    """A folder that cannot be written costs the numbers, never the work that is counted."""
    global _told
    try:
        metrics_files.make_folder()
        count()
    except OSError as error:
        if not _told:
            log.warning("requests and calls are not counted: %s", error)
        _told = True
