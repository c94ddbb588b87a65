"""A worker that was paused before the fence of a call, past its lease and past its VMID's rest, harms nobody.

It is stopped by SIGSTOP just before the fence of a write; meanwhile its lease runs out, another worker brings the
operation to its end, the VMID's rest is made short, and another tenant's new pod gets that VMID; then it goes on.

What the fence cannot help against is a pause between it and the sending of the call, which nothing checks any more:
there the rest of a VMID is what keeps everybody safe. It is an hour from the release on, forty leases long, and the
pause would have to be longer than that; until then the late call finds no container.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chaos import requests as asks
from chaos.checker import check
from chaos.paused import AFTER, BEFORE, WITHOUT, Paused, paused
from chaos.report import PROPERTY, Tally
from chaos.stage import Stage
from clusters.models import Cluster, Node
from demo.handle import FakeHandle
from operations.models import Operation
from pods import services, vmids
from pods.models import CloudPod
from pods.refusals import NoFreeVmid
from tests.chaos.matrices.conftest import KINDS, SIZE
from tests.chaos.matrices.test_strangers import resize
from tests.fleet import url_of_test_database

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """What was asked for, what goes wrong, and the write before which the worker is paused."""

    kind: str
    ask: Callable[[Stage], object]
    call: str
    spoil: Callable[[FakeHandle], None] = lambda plane: None
    hostname: str = "web"  # of the pod that it is about
    heir_runs: bool = True  # Proxmox destroys no container that runs

    def __str__(self) -> str:
        return f"{self.kind}-{self.call}"


CASES = [
    Case("purge", asks.purge, "stop"),
    Case("purge", asks.purge, "destroy", heir_runs=False),
    Case("stop", asks.stop, "shutdown"),
    Case("rebuild", asks.rebuild, "destroy", heir_runs=False),
    Case(
        "create",
        asks.create,
        "destroy",
        lambda plane: plane.fail_task("start", "broken"),
        hostname="db",
        heir_runs=False,
    ),
]
WITH_A_DIGEST = [
    Case("resize", resize, "config"),
    Case("resize", resize, "resize"),
    Case("destroy", asks.destroy, "config"),
]


A_FEW = ("purge-destroy", "resize-resize")  # in bin/test


def of_kinds(cases: list[Case]) -> list[Case]:
    if SIZE == "small":
        return [case for case in cases if str(case) in A_FEW]
    return [case for case in cases if not KINDS or case.kind in KINDS]


class Meanwhile:
    """What happens while the worker is paused; the VMID, and the container that somebody else has there then."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage, self.case = stage, case
        self.pod = CloudPod.objects.select_related("node").get(hostname=case.hostname)
        self.vmid = self.pod.vmid if case.kind != "rebuild" else _old_vmid()
        self.node = stage.plane.cts()[self.vmid]["node"]

    def others_end_it(self) -> None:
        """Its lease runs out; another worker ends the operation, and the pod ends too."""
        self.stage.run_on()
        pod = CloudPod.objects.get(pk=self.pod.pk)
        if pod.gone_at is None and pod.vmid == self.vmid:
            services.purge_pod(by=self.stage.olga.actor, pod=pod, reason="a test")
            self.stage.run_on()
        assert self.vmid not in self.stage.plane.cts()

    def ask_for_the_vmid(self) -> object:
        """Charlie's new pod can have no other, and be nowhere else."""
        Cluster.objects.update(pod_vmid_first=self.vmid, pod_vmid_last=self.vmid)
        Node.objects.exclude(name=self.node).update(enabled=False)
        charlie = self.stage.people["charlie"]
        return services.create_pod(by=charlie.actor, tenant=charlie.tenant, hostname="heir")

    def give_the_vmid_away(self) -> dict[str, Any]:
        """The container that charlie has there then."""
        self.ask_for_the_vmid()
        self.stage.run_on()
        heir = CloudPod.objects.get(hostname="heir")
        if not self.case.heir_runs:
            services.stop_pod(by=self.stage.people["charlie"].actor, pod=heir)
            self.stage.run_on()
        assert not check(self.stage.facts())
        ct: dict[str, Any] = self.stage.plane.cts()[self.vmid]
        assert (heir.vmid, heir.phase, ct["config"]["hostname"]) == (self.vmid, CloudPod.Phase.ACTIVE, "heir")
        return ct


def _old_vmid() -> int:
    return int(Operation.objects.get(kind="rebuild").before["vmid"])


@pytest.fixture
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vmids, "VMID_REST", timedelta(0))


def begin(stage: Stage, case: Case) -> None:
    case.spoil(stage.plane)
    case.ask(stage)


def go_on(stage: Stage, worker: Paused) -> list[dict[str, Any]]:
    """The paused worker goes on; what it asked of Proxmox then."""
    stage.plane.clear_record()
    assert worker.go_on() == "lease lost"
    asked: list[dict[str, Any]] = stage.plane.record()
    stage.plane.wait_idle()
    return asked


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[Case], None]:
    def note(case: Case) -> None:
        one = Tally("paused workers", case.kind, struck=1, there_are=1, violations=0)
        record_property(PROPERTY, json.dumps(one._asdict()))

    return note


@pytest.mark.sampled(1)
@pytest.mark.parametrize("case", of_kinds([*CASES, *WITH_A_DIGEST]), ids=str)
def test_paused_before_the_fence_it_asks_nothing_more_and_the_vmid_s_next_pod_is_untouched(
    case: Case, stage: Stage, short_rest: None, tally: Callable[[Case], None]
) -> None:
    tally(case)
    begin(stage, case)
    with paused(stage.plane.ready, url_of_test_database(), call=case.call, where=BEFORE) as worker:
        meanwhile = Meanwhile(stage, case)
        meanwhile.others_end_it()
        heirs = meanwhile.give_the_vmid_away()
        assert go_on(stage, worker) == []
    assert stage.plane.cts()[meanwhile.vmid] == heirs
    assert not check(stage.facts())


@pytest.mark.parametrize("case", of_kinds(CASES), ids=str)
def test_without_the_fence_it_does_harm_and_the_checker_reports_it(case: Case, stage: Stage, short_rest: None) -> None:
    begin(stage, case)
    with paused(stage.plane.ready, url_of_test_database(), call=case.call, where=WITHOUT) as worker:
        meanwhile = Meanwhile(stage, case)
        meanwhile.others_end_it()
        heirs = meanwhile.give_the_vmid_away()
        assert case.call in [call["name"] for call in go_on(stage, worker)]
    assert stage.plane.cts().get(meanwhile.vmid) != heirs
    assert "heir" in " ".join(violation.text for violation in check(stage.facts()))


@pytest.mark.parametrize("case", of_kinds(WITH_A_DIGEST), ids=str)
def test_a_write_that_carries_a_digest_is_refused_by_proxmox_even_without_the_fence(
    case: Case, stage: Stage, short_rest: None
) -> None:
    begin(stage, case)
    with paused(stage.plane.ready, url_of_test_database(), call=case.call, where=WITHOUT) as worker:
        meanwhile = Meanwhile(stage, case)
        meanwhile.others_end_it()
        heirs = meanwhile.give_the_vmid_away()
        [refused] = [call for call in go_on(stage, worker) if call["method"] != "GET"]
    assert refused["status"] >= 400
    assert stage.plane.cts()[meanwhile.vmid] == heirs
    assert not check(stage.facts())


@pytest.mark.parametrize("case", of_kinds(CASES), ids=str)
def test_paused_between_the_fence_and_the_call_the_vmid_still_rests_and_nobody_is_there(
    case: Case, stage: Stage
) -> None:
    begin(stage, case)
    with paused(stage.plane.ready, url_of_test_database(), call=case.call, where=AFTER) as worker:
        meanwhile = Meanwhile(stage, case)
        meanwhile.others_end_it()
        with pytest.raises(NoFreeVmid):
            meanwhile.ask_for_the_vmid()
        asked = go_on(stage, worker)
    assert [call["name"] for call in asked if call["method"] != "GET"] == [case.call]
    assert asked[0]["status"] >= 400
    assert not check(stage.facts())
