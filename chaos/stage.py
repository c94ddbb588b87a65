"""Stage: the world in which a scenario plays, with everybody who acts in it, and a look at all of it.

Decides: what is there before a scenario begins. Not: what then happens (scenarios.py) or goes wrong (points.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from chaos.checker import Facts, look_at, read
from clusters.models import Cluster
from demo.handle import FakeHandle
from operations.models import Operation
from pods.models import CloudPod
from pods.services import create_pod
from tests.cast import Person
from tests.work import Work

MARK_SECRETS = {"k1": b"0123456789abcdef0123456789abcdef"}  # as tests/factories.py makes the key
LEASE_S = 100  # longer than a dead worker's lease lasts, and than a request that got no answer may still arrive
MOST_WAITS = 12
LOOKS_A_WAIT = 4
FEW_TRIES = 4  # more than what goes wrong three times needs
LONG_WAIT_S = 400  # so many of these are longer than any operation may take


class PatientWork(Work):
    """Whoever waits for the next try waits until a request without an answer can no longer arrive: one more try, then,
    is always enough, and each run of a scenario has the same tries. What is met again and again is waited for longer.
    """

    def __init__(self, plane: FakeHandle) -> None:
        super().__init__(plane)
        self._jumps = 0

    def until_idle(self) -> None:
        self._jumps = 0
        super().until_idle()

    def _jump_to_next_try(self) -> bool:
        if not super()._jump_to_next_try():
            return False
        self._jumps += 1
        more = self._jumps - FEW_TRIES
        self.pass_time(seconds=LONG_WAIT_S * more if more > 0 else LEASE_S)  # a move has half a day
        return True


@dataclass(frozen=True)
class Stage:
    """`strangers`: containers that are not ours and must stay as they were put there, by VMID."""

    plane: FakeHandle
    work: PatientWork
    people: dict[str, Person]
    strangers: dict[int, dict[str, Any]]

    @property
    def alice(self) -> Person:
        return self.people["alice"]

    @property
    def olga(self) -> Person:
        return self.people["olga"]

    @property
    def pod(self) -> CloudPod:
        """Alice's first pod, as its row is now."""
        of_alice = CloudPod.objects.of(self.alice.tenant).select_related("tenant", "cluster").order_by("pk")
        pod: CloudPod | None = of_alice.first()
        assert pod is not None
        return pod

    def in_another_process(self) -> Stage:
        """The same, with connections of its own to the fake."""
        plane = FakeHandle(self.plane.ready)
        return replace(self, plane=plane, work=PatientWork(plane))

    def facts(self) -> Facts:
        with connection.cursor() as cursor:
            seen = look_at(self.plane, strangers=self.strangers)
            return read(cursor, {"pve-a": seen}, mark_secrets=MARK_SECRETS)

    def live(self) -> bool:
        return Operation.objects.filter(state__in=Operation.OPEN).exists()

    def run_on(self) -> None:
        """Leases of the dead run out, and everything goes on to its end."""
        self.work.pass_time(seconds=LEASE_S)
        for _ in range(MOST_WAITS):
            for _ in range(LOOKS_A_WAIT):  # a controller looks far more often than time passes here
                self.work.until_idle()
                if not self.live():
                    return
            self.work.pass_time(seconds=LONG_WAIT_S)


def build(plane: FakeHandle, people: dict[str, Person]) -> Stage:
    """Alice has the running pod `web`, which SSH keys can reach; charlie has one too, and nobody may touch that."""
    stage = Stage(plane, PatientWork(plane), people, {})
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    for name, hostname in (("alice", "web"), ("charlie", "shop")):
        person = people[name]
        create_pod(by=person.actor, tenant=person.tenant, hostname=hostname)
        stage.work.until_idle()
    return stage
