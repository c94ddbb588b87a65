"""The controller's look at tasks: one call a node a tick, and each end told to whom it belongs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.services import SYSTEM
from clusters.dataplane import calls
from clusters.observe import Rhythm, wake_parked
from clusters.waits import AwaitedTask
from core.clock import control_now
from operations.models import Attempt, Lane, Operation
from operations.wake import Outcome, wake
from pods.services import Size, create_pod
from tenants.services import set_quota
from tests.factories import make_cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def ten_parked(world, plane, alice, work):
    set_quota(by=SYSTEM, tenant=alice.tenant, limits={"pods": 20, "cores": 99, "memory_mib": 99_999})
    for copy in world.copies.values():
        Lane.objects.create(name=copy.lane, capacity=12)  # the fake is at time scale 0: no clone meets another
    operations = [
        create_pod(by=alice.actor, tenant=alice.tenant, hostname=f"web-{number}", size=Size()) for number in range(10)
    ]
    for operation in operations:
        work.drive(operation)
        plane.wait_idle()
    return operations


def test_ten_parked_operations_hold_no_worker_and_cost_one_call_a_node(ten_parked, plane):
    assert Operation.objects.filter(state="parked", lease_until=None).count() == 10
    plane.clear_record()
    assert wake_parked() == 10
    assert [call["name"] for call in plane.record()] == ["tasks", "tasks"]
    assert wake_parked() == 0
    assert len(plane.record()) == 2


def test_nothing_awaited_costs_no_call(world, plane):
    assert wake_parked() == 0
    assert plane.record() == []


def test_a_task_that_still_runs_wakes_nobody(world, plane, alice, work):
    plane.hold_tasks()
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size())
    work.drive_due()
    assert wake_parked() == 0


def test_a_cluster_that_does_not_answer_leaves_its_operations_parked(ten_parked, plane):
    plane.unreachable()
    assert wake_parked() == 0
    assert Operation.objects.filter(state="parked").count() == 10
    plane.unreachable(False)
    assert wake_parked() == 10


def test_a_cluster_that_takes_no_connection_costs_one_try_an_endpoint_and_not_one_a_node(
    ten_parked, plane, world, monkeypatch
):
    """Each may take five seconds, for which nobody else's operations are woken."""
    world.cluster.endpoints = plane.urls
    world.cluster.save()
    told: list[calls.Call] = []
    monkeypatch.setattr(calls, "_listeners", [told.append])
    assert {AwaitedTask.of(str(attempt.wait_key)).node for attempt in Attempt.objects.all()} == {"pve", "pve-02"}
    plane.unreachable()
    assert wake_parked() == 0
    assert [call.outcome for call in told] == ["cluster_unavailable"] * len(plane.urls)
    plane.unreachable(False)
    assert wake_parked() == 10


def test_a_node_that_its_cluster_cannot_reach_does_not_keep_the_other_from_being_asked(ten_parked, plane):
    plane.fail("tasks", status=595, message="No route to host")
    assert wake_parked() == 5


def test_a_task_of_the_same_name_on_another_cluster_is_another_task(world, plane, alice, work):
    """Nothing keeps two clusters from giving out equal UPIDs: their nodes may have the same names."""
    plane.hold_tasks()
    operations = [
        create_pod(by=alice.actor, tenant=alice.tenant, hostname=name, size=Size()) for name in ("here", "there")
    ]
    work.drive_due()
    here, there = (Attempt.objects.get(step__operation=operation) for operation in operations)
    other = make_cluster(plane, name="pve-z")
    task = AwaitedTask.of(str(here.wait_key))
    there.wait_key = AwaitedTask(other.pk, task.upid).key
    there.save()
    assert AwaitedTask.of(there.wait_key) == AwaitedTask(other.pk, task.upid)
    assert wake(str(here.wait_key), Outcome(ok=True))
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.outcome is None, there.outcome is None) == (False, True)
    assert [operation.pk for operation in Operation.objects.exclude(hinted_at=None)] == [operations[0].pk]


def test_equal_tasks_of_two_clusters_are_looked_at_each_on_its_own(ten_parked, plane, world):
    """The other cluster does not answer: its task is not taken for the one that has ended here."""
    other = make_cluster(plane, name="pve-z")
    other.token_env, other.token_sealed = "NOBODY_SET_THIS", ""
    other.save()
    for attempt in Attempt.objects.all()[:4]:
        attempt.wait_key = AwaitedTask(other.pk, AwaitedTask.of(str(attempt.wait_key)).upid).key
        attempt.save()
    assert wake_parked() == 6


def test_a_task_that_its_node_no_longer_lists_is_looked_for_by_its_step(world, plane, alice, work):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size())
    work.drive(operation)
    plane.wait_idle()
    attempt = Attempt.objects.get()
    attempt.wait_key = str(attempt.wait_key).replace("vzclone:9000", "vzclone:8888")
    attempt.save()
    assert wake_parked() == 0  # a moment of patience
    work.pass_time(seconds=30)
    assert wake_parked() == 1
    work.until_idle()
    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert len(plane.record("clone")) == 1


def test_a_cluster_whose_token_is_unknown_does_not_stop_the_look_at_others(ten_parked, plane, world, caplog):
    world.cluster.token_sealed, world.cluster.token_env = "", "NOBODY_SET_THIS"
    world.cluster.save()
    assert wake_parked() == 0
    assert "NOBODY_SET_THIS" in caplog.text


@pytest.mark.parametrize("words", ["no \0 space", "no \ud800 space"])
def test_words_that_cannot_be_stored_stop_no_look_and_are_told_as_far_as_they_can_be(words, ten_parked, plane, work):
    """One container's words must not keep everybody's operations from being woken."""
    plane.fail_task("clone", words, times=1)
    unlucky = create_pod(by=SYSTEM, tenant=ten_parked[0].tenant, hostname="unlucky", size=Size())
    work.drive(unlucky)
    plane.wait_idle()
    assert wake_parked() == 11
    work.until_idle()
    unlucky.refresh_from_db()
    assert (unlucky.state, unlucky.error_code) == ("failed", "task_failed")
    assert "no " in unlucky.error_message
    assert Operation.objects.filter(state="succeeded").count() == 10


def test_a_look_that_goes_back_so_far_asks_for_no_older_task(ten_parked, plane):
    Attempt.objects.filter(wait_key__isnull=False).update(begun_at=control_now() - timedelta(seconds=11))
    plane.clear_record()
    assert wake_parked(within=timedelta(seconds=10)) == 0
    assert plane.record() == []
    assert wake_parked(within=timedelta(seconds=20)) == 10


def test_the_first_look_goes_back_for_ever_and_the_older_a_task_is_the_rarer_it_is_looked_at(monkeypatch):
    now = 100.0
    monkeypatch.setattr("clusters.observe.time.monotonic", lambda: now)
    rhythm, seen = Rhythm(), []
    for tick in range(21):
        now = 100 + tick * 0.25
        within = rhythm.within()
        seen.append(within and within.seconds)
    each_second = [within for tick, within in enumerate(seen) if tick % 4 == 0]
    assert each_second == [None, 20, 60, 20, 60, None]
    assert {within for tick, within in enumerate(seen) if tick % 4} == {10}
