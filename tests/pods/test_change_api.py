"""Resize, rename, move and snapshots over the API: what they take, what they answer, and who may."""

from __future__ import annotations

import pytest

from operations.models import Operation
from tests.pods.test_life_api import code, ended_well

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(running_pod):
    return f"pods/{running_pod.pk}"


def test_a_pod_grows_and_what_is_left_out_stays(path, alice, work):
    ended_well(alice.post(f"{path}/resize", memory_mib=4096, disk_gib=12), alice, work)
    pod = alice.get(path).json()
    assert (pod["cores"], pod["memory_mib"], pod["disk_gib"]) == (2, 4096, 12)
    assert code(alice.post(f"{path}/resize", disk_gib=9)) == (400, "disk_only_grows")
    assert code(alice.post(f"{path}/resize")) == (400, "nothing_to_change")
    assert code(alice.post(f"{path}/resize", cores=10_000)) == (400, "too_large")
    assert code(alice.post(f"{path}/resize", cores=20, memory_mib=90_000)) == (409, "quota_exceeded")
    for body in ({"cores": "many"}, {"ram": 1}, {"cores": None}):
        assert code(alice.post(f"{path}/resize", **body)) == (400, "invalid")


def test_a_pod_is_renamed_and_nothing_is_pending_after_its_next_boot(path, alice, work):
    ended_well(alice.post(f"{path}/rename", hostname="shop"), alice, work)
    assert alice.get(path).json()["hostname"] == "shop"
    ended_well(alice.post(f"{path}/reboot"), alice, work)
    assert alice.get(path).json()["pending"] == []
    assert code(alice.post(f"{path}/rename", hostname="No Name")) == (400, "bad_hostname")
    assert code(alice.post(f"{path}/rename", hostname="shop")) == (400, "nothing_to_change")
    assert code(alice.post(f"{path}/rename")) == (400, "invalid")


def test_only_the_platform_moves_a_pod(path, running_pod, alice, olga):
    assert code(alice.post(f"{path}/move")) == (403, "staff_only")
    assert code(olga.post(f"{path}/move", node="none-such"))[1] in ("unknown_choice", "cannot_move")
    assert not Operation.objects.filter(kind="move")
    there = olga.post(f"{path}/move", node=running_pod.node.name)
    assert code(there) == (409, "cannot_move")


def test_snapshots_are_taken_listed_gone_back_to_and_deleted(path, alice, work):
    ended_well(alice.post(f"{path}/snapshots", name="first", description="before"), alice, work)
    [listed] = alice.get(f"{path}/snapshots").json()["snapshots"]
    assert (listed["name"], listed["description"], listed["state"]) == ("first", "before", "ready")
    assert alice.get(path).json()["snapshots"] == 1
    assert code(alice.post(f"{path}/snapshots", name="first")) == (409, "snapshot_name_taken")
    assert code(alice.post(f"{path}/snapshots", name="Not A Name")) == (400, "bad_snapshot_name")
    ended_well(alice.post(f"{path}/snapshots/first/rollback", timeout_s=0), alice, work)
    assert alice.get(path).json()["observed_state"] == "running"
    ended_well(alice.delete(f"{path}/snapshots/first?reason=not+needed"), alice, work)
    assert alice.get(f"{path}/snapshots").json()["snapshots"] == []
    assert code(alice.delete(f"{path}/snapshots/first")) == (409, "no_such_snapshot")
    assert code(alice.post(f"{path}/snapshots/first/rollback")) == (409, "no_such_snapshot")


def test_anothers_snapshots_are_not_there(path, alice, charlie, work):
    ended_well(alice.post(f"{path}/snapshots", name="first"), alice, work)
    assert charlie.get(f"{path}/snapshots").status_code == 404
    assert charlie.delete(f"{path}/snapshots/first").status_code == 404
    assert charlie.post(f"{path}/snapshots/first/rollback").status_code == 404
