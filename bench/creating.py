"""Creates by the control plane: asked for through its API, followed in its rows.

Decides: how many ask at a time, and what counts as done. Not: how many pods, nor what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bench.stage import Stage, tell

if TYPE_CHECKING:  # models can be imported once the stage has set Django up
    from django.db.models import QuerySet

    from operations.models import Operation

TENANT = "TENANT-201"
CLIENTS = 8  # that ask at a time
LOOK_EVERY = 0.1  # seconds between two looks at the rows: cheaper for the machine than the API


def make_tenant(on: Stage, *, pods: int) -> None:
    """With a quota for so many pods of the template's size."""
    quota = {"pods": pods, "cores": 2 * pods, "memory_mib": 2048 * pods, "disk_gib": 8 * pods}
    on.mpanel.create_tenant(TENANT, "Bench", quota)


def ask_for(on: Stage, hostnames: Sequence[str]) -> set[str]:
    """Ask for a pod of each name. Returns the operations' ids."""

    def ask(hostname: str) -> str:
        return str(on.mpanel.create_pod(tenant=TENANT, hostname=hostname)["id"])

    with ThreadPoolExecutor(min(CLIENTS, len(hostnames))) as clients:
        return set(clients.map(ask, hostnames))


def wait_until_ended(wanted: set[str], *, patience: float) -> None:
    """Return when all of these have succeeded. RuntimeError: one has not; TimeoutError: they still go on."""
    wait_until(lambda: not _of(wanted).filter(finished_at=None).exists(), f"{len(wanted)} creates", patience=patience)
    bad = _of(wanted).exclude(state="succeeded")
    if told := [f"{one.subject_name}: {one.error_message or one.state}" for one in bad[:5]]:
        raise RuntimeError(f"{bad.count()} of {len(wanted)} creates did not succeed: {told}")


def wait_until(done: Callable[[], bool], what: str, *, patience: float) -> None:
    began = time.monotonic()
    told = began
    while not done():
        now = time.monotonic()
        if now - began > patience:
            raise TimeoutError(f"{what}: not done after {patience:g} s; {states()}")
        if now - told > 30:
            told = now
            tell(f"{now - began:.0f} s: {states()}")
        time.sleep(LOOK_EVERY)


def states() -> str:
    """How many operations there are in each state."""
    from django.db.models import Count

    from operations.models import Operation

    rows: list[dict[str, Any]] = list(Operation.objects.order_by("state").values("state").annotate(n=Count("pk")))
    return ", ".join(f"{row['n']} {row['state']}" for row in rows)


def _of(wanted: set[str]) -> QuerySet[Operation]:
    from operations.models import Operation

    return Operation.objects.filter(pk__in=wanted)
