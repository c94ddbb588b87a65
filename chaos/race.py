"""The race: many clients at the same few pods, against two sets of workers and two controllers, of which one set is
killed on the way, and the controller that leads.

While they run, what must hold at every moment is looked at again and again; when all is at rest, everything. A race
counts only if enough has succeeded and enough has met: see `Counts`.

Decides: what runs, what dies when, when all is at rest, what counts. Not: what the clients ask (race_clients.py), nor
what is right (checker.py).
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from chaos.checker import Facts, Violation, always, check, look_at, read
from chaos.facts import Seen
from chaos.race_clients import Clients
from chaos.stage import MARK_SECRETS
from clusters.models import Cluster
from core.clock import ControlNow
from demo.handle import FakeHandle
from ipam.models import AddressRange, Subnet
from operations.models import Heartbeat, Operation
from tenants.models import Quota
from tests.cast import Person
from tests.fleet import Fleet, fleet, until

FLEET = ("site", "worker", "worker-b", "controller", "controller-b")
KINDS = ("create", "resize", "stop", "destroy")
SECONDS = {"clone": 0.3, "start": 0.2, "stop": 0.1, "shutdown": 0.2, "destroy": 0.2, "resize": 0.1}  # that tasks take
BETWEEN_LOOKS_S = 1.0
REST_WITHIN_S = 300.0
TAKEN_UP = "has died: another one may go on"  # what the leading controller's lines say then
STEP = "UPDATE test_clock SET shift = shift + '30 seconds'"  # less than a lease, which nobody holds just then


@dataclass(frozen=True)
class Race:
    """How large it is, and what makes it count: of each kind at least one must have succeeded, too."""

    clients: int = 32
    pods: int = 20
    seconds: float = 60.0
    successes: int = 200
    overlaps: int = 20


@dataclass(frozen=True)
class Counts:
    """What was seen. `overlaps`: pairs of requests on one pod that met: operations that were both open at a moment,
    requests that joined another's, and those that were refused because another was in progress.
    """

    succeeded: Counter[str]
    overlaps: int
    looks: int
    answers: Counter[str]
    seconds: float
    taken_up: int  # operations that went on after the claim of a worker that was killed

    def why_not(self, race: Race) -> list[str]:
        """Why the race does not count."""
        lacking = []
        if self.succeeded.total() < race.successes:
            lacking.append(f"{self.succeeded.total()} successes, not {race.successes}")
        if self.overlaps < race.overlaps:
            lacking.append(f"{self.overlaps} overlapping pairs, not {race.overlaps}")
        lacking += [f"no {kind} has succeeded" for kind in KINDS if not self.succeeded[kind]]
        return lacking

    def __str__(self) -> str:
        said = ", ".join(f"{count} {kind}" for kind, count in sorted(self.succeeded.items()))
        answers = ", ".join(f"{count} {answer}" for answer, count in sorted(self.answers.items()))
        return (
            f"{self.seconds:.0f} s, {self.succeeded.total()} successes ({said}), {self.overlaps} overlapping pairs, "
            f"{self.looks} looks, {self.taken_up} taken up after a kill; answers: {answers}"
        )


def widen(pods: int) -> None:
    """Room for all addresses and VMIDs that rest for an hour after each purge; quota that just the places fill."""
    Subnet.objects.update(cidr="10.1.0.0/20")
    AddressRange.objects.filter(kind="allocatable").update(first="10.1.0.50", last="10.1.9.250")
    Cluster.objects.update(pod_vmid_last=19_999)
    Quota.objects.update(pods=pods, cores=3 * pods, memory_mib=2_700 * pods, disk_gib=10 * pods)


def run(race: Race, *, plane: FakeHandle, people: dict[str, Person], folder: Path, seed: str) -> Result:
    """In a world that was just made, on the tests' database."""
    widen(race.pods)
    plane.set_seconds(time_scale=1, **SECONDS)
    hostnames = [f"race-{number:02}" for number in range(race.pods)]
    with fleet(folder, *FLEET) as running:
        until(lambda: running.ask("GET", "/health/ready").status == 200)
        until(lambda: Heartbeat.objects.exclude(kind="site").count() == len(FLEET) - 1)
        clients = Clients(running, people["alice"].token, people["olga"].token, hostnames)
        watcher = _Watcher(plane)
        with _all_at_once(race, clients, watcher, seed):
            seconds = _kill_on_the_way(race, running)
        come_to_rest(plane)
        watcher.look()
        taken_up = sum(TAKEN_UP in line for line in running.lines())
    found = [*clients.wrong, *watcher.found, *_at_the_end(plane)]
    return Result(race, _counts(clients, watcher, seconds, taken_up), list(dict.fromkeys(found)))


@dataclass(frozen=True)
class Result:
    race: Race
    counts: Counts
    violations: list[Violation]


@contextmanager
def _all_at_once(race: Race, clients: Clients, watcher: _Watcher, seed: str) -> Iterator[None]:
    """All clients and the one who looks, until the end of the block; then they come to theirs."""
    threads = [threading.Thread(target=clients.run, args=(number, seed)) for number in range(race.clients)]
    threads.append(threading.Thread(target=watcher.run, args=(clients.over,)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        clients.over.set()
        for thread in threads:
            thread.join()


def _kill_on_the_way(race: Race, running: Fleet) -> float:
    """After a third of the time a set of workers, which comes back; after two thirds the controller that leads.
    Returns how many seconds the race has taken.
    """
    began = time.monotonic()

    def pass_until(part: float) -> None:
        time.sleep(max(0.0, began + part * race.seconds - time.monotonic()))  # the clients race meanwhile

    pass_until(1 / 3)
    running.end("worker", number=signal.SIGKILL)
    running.start("worker")
    pass_until(2 / 3)
    running.end(_leader(running), number=signal.SIGKILL)
    pass_until(1)
    return time.monotonic() - began


def _leader(running: Fleet) -> str:
    names = ("controller", "controller-b")
    led = [name for name in names if any("this controller leads" in line for line in running.lines(name))]
    assert len(led) == 1, f"controllers that have led: {led}"
    return led[0]


def come_to_rest(plane: FakeHandle) -> None:
    """Nothing is open and no task runs. Who waits for a next try, or for what a killed worker may have asked, need not
    wait for that in real time: while nobody holds a lease, the clock goes a little faster.
    """
    deadline = time.monotonic() + REST_WITHIN_S
    while Operation.objects.filter(state__in=Operation.OPEN).exists() or plane.running_tasks():
        if time.monotonic() > deadline:
            return  # the checker says what still goes on
        time.sleep(1.0)  # the processes have a look meanwhile
        driven = Operation.objects.filter(state__in=Operation.LIVE, lease_until__gt=ControlNow()).exists()
        if not driven and not plane.running_tasks():
            with connection.cursor() as cursor:
                cursor.execute(STEP)


class _Watcher:
    """Looks at rows and containers while everybody is at work."""

    def __init__(self, plane: FakeHandle) -> None:
        self._plane = FakeHandle(plane.ready)  # a thread's own session
        self.found: list[Violation] = []
        self.looks = 0

    def run(self, over: threading.Event) -> None:
        try:
            while not over.wait(BETWEEN_LOOKS_S):
                self.look()
        finally:
            connection.close()

    def look(self) -> None:
        seen = Seen(self._plane.cts(), [], [], [], [])
        self.found += always(_facts(seen))
        self.looks += 1


def _facts(seen: Seen) -> Facts:
    """All rows as of one moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return read(cursor, {"pve-a": seen}, mark_secrets=MARK_SECRETS)


def _at_the_end(plane: FakeHandle) -> list[Violation]:
    """Nothing went wrong in Proxmox, so whatever was granted was done, unless another request overtook it."""
    facts = _facts(look_at(plane))
    found = check(facts)
    for row in facts.rows("operations_operation"):
        if row["state"] not in ("succeeded", "cancelled"):
            words = (
                f"{row['kind']} {row['subject_name']} is {row['state']}: {row['error_step']}: {row['error_message']}"
            )
            found.append(Violation("wrong_end", words))
    return found


def _counts(clients: Clients, watcher: _Watcher, seconds: float, taken_up: int) -> Counts:
    operations = list(Operation.objects.values())
    succeeded = Counter(row["kind"] for row in operations if row["state"] == "succeeded")
    refused = sum(one.code == "operation_in_progress" for one in clients.asked)
    met = overlapping(operations) + clients.joined() + refused
    return Counts(succeeded, met, watcher.looks, clients.counts(), seconds, taken_up)


def overlapping(operations: Sequence[Mapping[str, Any]]) -> int:
    """Pairs on one pod that were both open at a moment."""
    of_pod: dict[Any, list[Mapping[str, Any]]] = {}
    for row in operations:
        of_pod.setdefault(row["subject_id"], []).append(row)
    return sum(
        _until_ended(one) > other["created_at"] and _until_ended(other) > one["created_at"]
        for rows in of_pod.values()
        for one, other in combinations(rows, 2)
    )


def _until_ended(row: Mapping[str, Any]) -> Any:
    return row["finished_at"] or row["deadline_at"]
