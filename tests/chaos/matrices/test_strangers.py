"""With a pod's container replaced behind our back by another with its VMID, every kind refuses and says why, whenever
it happens; the stranger is untouched."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from chaos import requests as asks
from chaos import saved
from chaos.draw import draw
from chaos.report import PROPERTY, Tally
from chaos.stage import Stage
from chaos.strangers import Case, moments, replace_at
from clusters.models import StorageTier
from pods import services
from tests.chaos.matrices.conftest import KINDS, SIZE

pytestmark = pytest.mark.slow

A_FEW, SAMPLE = 3, 12  # of each kind
NAME = "before"


def as_it_is(stage: Stage) -> None:
    """Alice's pod runs."""


def snapshotted(stage: Stage) -> None:
    take_snapshot(stage)
    stage.work.until_idle()


def take_snapshot(stage: Stage) -> object:
    return services.take_snapshot(by=stage.alice.actor, pod=stage.pod, name=NAME)


def delete_snapshot(stage: Stage) -> object:
    return services.delete_snapshot(by=stage.alice.actor, pod=stage.pod, name=NAME)


def roll_back(stage: Stage) -> object:
    return services.roll_back(by=stage.alice.actor, pod=stage.pod, name=NAME)


def resize(stage: Stage) -> object:
    size = services.Size(cores=4, memory_mib=4096, swap_mib=None, disk_gib=12)
    return services.resize_pod(by=stage.alice.actor, pod=stage.pod, size=size)


def rename(stage: Stage) -> object:
    return services.rename_pod(by=stage.alice.actor, pod=stage.pod, hostname="shop")


def move(stage: Stage) -> object:
    return services.move_pod(by=stage.olga.actor, pod=stage.pod)


def movable(stage: Stage) -> None:
    """Made anew as a whole copy of its template: the volume of a linked one cannot be brought elsewhere."""
    StorageTier.objects.filter(role=StorageTier.Role.PRIMARY).update(clone_mode=StorageTier.CloneMode.FULL)
    asks.rebuild(stage)
    stage.work.until_idle()


CASES = [
    Case("destroy", asks.destroy, as_it_is),
    Case("purge", asks.purge, as_it_is),
    Case("resize", resize, as_it_is),
    Case("stop", asks.stop, as_it_is),
    Case("restore", asks.restore, asks.deleted),
    Case("rebuild", asks.rebuild, as_it_is, may_succeed=True),  # it is done when the old container is let go
    Case("rename", rename, as_it_is),
    Case("move", move, movable),
    Case("snapshot", take_snapshot, as_it_is),
    Case("delete_snapshot", delete_snapshot, snapshotted),
    Case("rollback", roll_back, snapshotted),
    Case("suspend", asks.suspend, as_it_is),
    Case("resume", asks.resume, asks.suspended),
    Case("reboot", asks.reboot, as_it_is),
    Case("start", asks.start, asks.stopped),
    Case("set_keys", asks.set_keys, as_it_is),
]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "case", [case for case in CASES if not KINDS or case.kind in KINDS], ids=lambda case: case.kind
)
def test_strangers(case: Case, stage: Stage, seed: str, record_property: Callable[[str, object], None]) -> None:
    case.begin(stage)
    with saved.kept(stage.plane) as kept:
        known, found = moments(stage, kept, case)
        most = {"small": A_FEW, "all": None}.get(SIZE, SAMPLE)
        drawn = draw(known, most, f"{seed} strangers {case.kind}", by=lambda moment: (moment.call, moment.noticed))
        where = [(str(one), violation) for one in drawn for violation in replace_at(stage, kept, case, one)]
    wrong = [*(("undisturbed", violation) for violation in found), *where]
    tally = Tally("strangers", case.kind, struck=len(drawn), there_are=len(known), violations=len(wrong))
    record_property(PROPERTY, json.dumps(tally._asdict()))
    assert not wrong, "\n".join(f"{at}: {violation}" for at, violation in wrong)
