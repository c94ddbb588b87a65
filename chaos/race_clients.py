"""Clients that create, resize, stop and destroy the same few pods at random, through the site's API, all at once.

A place is a host name. Whoever knows of no pod of that name makes one; whoever knows of one does something with it,
whatever the others do with it meanwhile; what is deleted is purged by the platform's token, and then the place is free
again. What the clients know of a place is what the site has told any of them last, and so it is often wrong by now.

Decides: what is asked for, and which answers are right. Not: what has come of it (race.py).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from chaos.violations import Violation
from tests.fleet import Answer, Fleet

WHY = "a race"
CORES, MEMORY_MIB, DISK_GIB = (1, 2, 3, 4), (2048, 2560, 3072), (8, 9, 10)
PAUSE_S = (0.0, 2.0)  # that a client thinks between an answer and its next request

# What may be done with a pod in a phase, and how often.
WITH_A_POD = {"resize": 10, "stop": 6, "start": 5, "destroy": 3, "purge": 1}
WITH_A_DELETED_POD = {"purge": 8, "restore": 3, "resize": 1, "stop": 1, "destroy": 1}

# The refusals that others who race can be the reason of.
REFUSED = frozenset(
    {
        *((400, code) for code in ("nothing_to_change", "disk_only_grows")),
        (404, "not_found"),
        *((409, code) for code in ("operation_in_progress", "hostname_taken", "quota_exceeded", "nothing_to_change")),
        *((409, code) for code in ("pod_gone", "pod_deleted", "pod_not_deleted", "no_free_vmid", "no_free_address")),
    }
)


@dataclass(frozen=True)
class Asked:
    """One request that changes something, and its answer: the operation that it began or joined, or a refusal."""

    verb: str
    hostname: str
    status: int
    code: str
    operation: str | None


class Known(NamedTuple):
    """What was heard last of a place's pod."""

    pod: str
    deleted: bool = False


@dataclass
class Clients:
    """`token` is a tenant's, `staff` the platform's."""

    site: Fleet
    token: str
    staff: str
    hostnames: list[str]
    known: dict[str, Known] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    wrong: list[Violation] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, number: int, seed: str) -> None:
        """One client, until it is over."""
        random = Random(f"{seed} {number}")
        while not self.over.wait(random.uniform(*PAUSE_S)):
            try:
                self._act(random)
            except Exception as error:  # the site was there all the time
                self.wrong.append(Violation("no_answer", f"{type(error).__name__}: {error}"))

    def counts(self) -> Counter[str]:
        """How often what was answered, by verb."""
        return Counter(f"{one.verb} {one.code or one.status}" for one in self.asked)

    def joined(self) -> int:
        """Requests whose answer was an operation that another request had begun."""
        begun = [one.operation for one in self.asked if one.operation]
        return len(begun) - len(set(begun))

    def _act(self, random: Random) -> None:
        hostname = random.choice(self.hostnames)
        known = self.known.get(hostname)
        if known is None:
            self._create(hostname, random)
            return
        weights = WITH_A_DELETED_POD if known.deleted else WITH_A_POD
        [verb] = random.choices(list(weights), list(weights.values()))
        doing: Callable[[str, str, str, Random], Answer] = getattr(self, f"_{verb}", self._plainly)
        answer = doing(verb, hostname, f"pods/{known.pod}", random)
        self._learn(verb, hostname, known, answer)

    def _create(self, hostname: str, random: Random) -> None:
        size = {"cores": random.choice(CORES[:2]), "disk_gib": random.choice(DISK_GIB[:2])}
        answer = self._ask("create", hostname, "POST", "pods", body={"hostname": hostname, **size})
        if answer.status == 202:
            self.known[hostname] = Known(answer.json["subject"]["id"])

    def _learn(self, verb: str, hostname: str, known: Known, answer: Answer) -> None:
        """Of the pod that was asked for: what is there by now may be another one."""
        if self.known.get(hostname, known).pod != known.pod:
            return
        code = answer.json.get("code")
        if code in ("pod_gone", "not_found"):
            self.known.pop(hostname, None)
        elif answer.status == 202 and verb in ("destroy", "restore"):
            self.known[hostname] = known._replace(deleted=verb == "destroy")

    def _plainly(self, verb: str, hostname: str, path: str, random: Random) -> Answer:
        return self._ask(verb, hostname, "POST", f"{path}/{verb}")

    def _resize(self, verb: str, hostname: str, path: str, random: Random) -> Answer:
        size = {"cores": random.choice(CORES), "memory_mib": random.choice(MEMORY_MIB)}
        if random.random() < 0.4:
            size["disk_gib"] = random.choice(DISK_GIB)
        return self._ask(verb, hostname, "POST", f"{path}/resize", body=size)

    def _stop(self, verb: str, hostname: str, path: str, random: Random) -> Answer:
        return self._ask(verb, hostname, "POST", f"{path}/stop", body={"timeout_s": random.choice((0, 5))})

    def _destroy(self, verb: str, hostname: str, path: str, random: Random) -> Answer:
        return self._ask(verb, hostname, "DELETE", f"{path}?timeout_s={random.choice((0, 5))}")

    def _purge(self, verb: str, hostname: str, path: str, random: Random) -> Answer:
        return self._ask(verb, hostname, "POST", f"{path}/purge", body={"reason": WHY}, token=self.staff)

    def _ask(self, verb: str, hostname: str, method: str, path: str, *, body: Any = None, token: str = "") -> Answer:
        answer = self.site.ask(method, f"/api/v1/{path}", token=token or self.token, body=body)
        said = answer.json
        code = "" if answer.status < 400 else str(said.get("code"))
        if answer.status >= 400 and (answer.status, code) not in REFUSED:
            self.wrong.append(Violation("wrong_answer", f"{verb}: {answer.status} {answer.text[:300]}"))
        if method != "GET":
            begun = said["id"] if answer.status == 202 else None
            self.asked.append(Asked(verb, hostname, answer.status, code, begun))
        return answer
