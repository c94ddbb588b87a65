"""Operations that are given up while something that they asked for is still under way: what comes late is waited for.

Decides: that a failed operation leaves the pod as it was, also a minute later. Not: lost answers that are followed by
another try (test_power_in_doubt.py).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from clusters.dataplane.errors import AnswerLost, Changed, Protected
from clusters.dataplane.proxmox import ProxmoxPlane
from clusters.models import Cluster
from demo.handle import FakeHandle
from operations.cancelling import cancel
from operations.models import Operation
from pods.models import CloudPod
from pods.services import Size, purge_pod, reboot_pod, replace_ssh_keys, resize_pod, start_pod, stop_pod
from tests.cast import Person
from tests.pods.changes import disk_of, is_on, kept, rows
from tests.pods.conftest import ended, fresh, is_at
from tests.pods.keys import ed25519_key, keys_for_next_boot
from tests.work import Work

pytestmark = pytest.mark.django_db


def its_time_is_over(operation: Operation) -> None:
    past = "2020-01-01T00:00:00Z"
    Operation.objects.filter(pk=operation.pk).update(deadline_at=past, due_at=past)


def what_is_under_way_comes_to_its_end(plane: FakeHandle, work: Work) -> None:
    plane.release_tasks()
    plane.wait_idle()
    work.until_idle()


def is_undoing(operation: Operation) -> bool:
    operation.refresh_from_db()
    return operation.is_live and operation.direction == Operation.Direction.UNDO


# A task that nobody has seen the end of


@pytest.mark.sampled(2)
@pytest.mark.parametrize("timeout_s", [0, 60], ids=["the stop", "the shutdown"])
@pytest.mark.parametrize("verb", [stop_pod, reboot_pod, purge_pod])
def test_a_task_that_takes_a_pod_down_after_its_operations_time_is_made_good(
    verb: Callable[..., Operation], timeout_s: int, running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    plane.hold_tasks()
    how = {"reason": "no longer needed"} if verb is purge_pod else {"timeout_s": timeout_s}
    operation = verb(by=alice.actor, pod=running_pod, **how)
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=70)
    for _ in range(3):
        work.drive_due()
        work.pass_time(seconds=5)
    assert is_undoing(operation)
    assert "still runs" in operation.waits_for
    what_is_under_way_comes_to_its_end(plane, work)
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "deadline_passed")
    assert is_at(plane, running_pod) == ("running", 1)
    assert (fresh(running_pod).phase, fresh(running_pod).desired_state) == ("active", "running")


def test_a_task_that_starts_a_pod_after_its_operations_time_is_made_good(
    stopped_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    plane.hold_tasks()
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=70)
    work.drive_due()
    assert is_undoing(operation)
    what_is_under_way_comes_to_its_end(plane, work)
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, stopped_pod) == ("stopped", 0)
    assert fresh(stopped_pod).desired_state == "stopped"


# A task of which nobody has been told


def goes_on_without_our_knowing(
    call: str, operation: Operation, plane: FakeHandle, alice: Person, work: Work, *, turns: int = 1
) -> None:
    """Its answer is lost, it is cancelled, and more than a minute later its task still runs: it is waited for."""
    for _ in range(turns - 1):
        work.drive_due()
        plane.wait_idle()
        work.tick()
    plane.hold_tasks()
    plane.lose_answer(call)
    work.drive_due()
    cancel(by=alice.actor, operation=operation)
    for _ in range(3):
        work.pass_time(seconds=40)
        work.drive_due()
    assert is_undoing(operation)
    assert "still runs" in operation.waits_for
    what_is_under_way_comes_to_its_end(plane, work)
    assert ended(operation).state == Operation.State.CANCELLED


@pytest.mark.parametrize(("call", "timeout_s"), [("stop", 0), ("shutdown", 600)])
@pytest.mark.parametrize("verb", [stop_pod, reboot_pod])
def test_a_pod_that_goes_down_after_all_runs_again(
    verb: Callable[..., Operation],
    call: str,
    timeout_s: int,
    running_pod: CloudPod,
    plane: FakeHandle,
    alice: Person,
    work: Work,
) -> None:
    operation = verb(by=alice.actor, pod=running_pod, timeout_s=timeout_s)
    goes_on_without_our_knowing(call, operation, plane, alice, work)
    assert is_at(plane, running_pod) == ("running", 1)
    assert fresh(running_pod).desired_state == "running"


def test_a_pod_that_starts_after_all_is_stopped_again(
    stopped_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    goes_on_without_our_knowing("start", start_pod(by=alice.actor, pod=stopped_pod), plane, alice, work)
    assert is_at(plane, stopped_pod) == ("stopped", 0)


@pytest.mark.usefixtures("full_clones")
def test_a_pod_that_moves_after_all_is_brought_back(
    move: Callable[..., Operation], running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    goes_on_without_our_knowing("migrate", move(), plane, alice, work, turns=2)
    assert is_on(running_pod.node, running_pod, plane, status="running")


def test_a_disk_that_grows_after_all_is_counted(
    running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    larger = running_pod.disk_gib + 4
    operation = resize_pod(by=alice.actor, pod=running_pod, size=Size(disk_gib=larger))
    goes_on_without_our_knowing("resize", operation, plane, alice, work)
    assert (disk_of(plane, running_pod), fresh(running_pod).disk_gib) == (f"{larger}G", larger)


def test_a_snapshot_that_is_taken_after_all_is_removed(
    take: Callable[..., Operation], running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    goes_on_without_our_knowing("snapshot", take(), plane, alice, work)
    assert kept(plane, running_pod) == rows() == {}


# A request that nobody has answered


def test_a_destroys_stop_that_lands_while_it_is_undone_is_made_good(
    running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work
) -> None:
    plane.hold_tasks()
    plane.lose_answer("stop")
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    assert is_undoing(operation)
    what_is_under_way_comes_to_its_end(plane, work)
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, running_pod) == ("running", 1)
    assert (fresh(running_pod).phase, fresh(running_pod).desired_state) == ("active", "running")


@pytest.mark.parametrize("pod_is", ["running_pod", "stopped_pod"])
def test_a_late_write_of_whether_it_starts_with_its_node_does_not_outlive_the_undo(
    pod_is: str,
    request: pytest.FixtureRequest,
    plane: FakeHandle,
    alice: Person,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pod: CloudPod = request.getfixturevalue(pod_is)
    before = is_at(plane, pod)
    under_way: list[tuple[Any, ...]] = []
    real = ProxmoxPlane.set_onboot

    def lost(*call: Any) -> None:
        under_way.append(call)
        raise AnswerLost("no answer came in time")

    monkeypatch.setattr(ProxmoxPlane, "set_onboot", lost)
    operation = (stop_pod if pod_is == "running_pod" else start_pod)(by=alice.actor, pod=pod)
    work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    assert is_undoing(operation)
    monkeypatch.setattr(ProxmoxPlane, "set_onboot", real)
    asked, *what = under_way[0]
    real(ProxmoxPlane(asked.access), *what)  # nothing was written since: its digest is still right
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, pod) == before


def test_a_request_of_a_worker_that_died_after_a_long_look_may_still_arrive(
    running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it was sent is not known: the step had begun long before."""

    class Killed(BaseException):
        pass

    def sent_and_killed(*_: Any) -> None:
        work.pass_time(seconds=70)
        raise Killed

    operation = stop_pod(by=alice.actor, pod=running_pod, timeout_s=0)
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "stop", sent_and_killed)
        with pytest.raises(Killed):
            work.drive_due()
    plane.clear_record()
    Operation.objects.filter(pk=operation.pk).update(lease_until=None)  # as is done for a worker that is seen dead
    work.drive_due()
    operation.refresh_from_db()
    assert "may still arrive" in operation.waits_for
    assert plane.record("stop") == []


# What only looks like it


def test_a_refused_destroy_starts_no_pod_that_should_be_stopped(
    stopped_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def protected(*_: Any) -> None:
        raise Protected("it is protected in Proxmox")

    monkeypatch.setattr(ProxmoxPlane, "destroy", protected)
    operation = purge_pod(by=alice.actor, pod=stopped_pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_at(plane, stopped_pod) == ("stopped", 0)
    assert (fresh(stopped_pod).phase, fresh(stopped_pod).desired_state) == ("active", "stopped")


def test_a_write_of_keys_that_comes_after_a_second_one_does_not_outlive_the_undo(
    running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written back, the configuration is what it was, and so is its digest: the first request would be taken again."""
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    under_way: list[tuple[Any, ...]] = []
    real = ProxmoxPlane.set_env

    def lost(*call: Any) -> None:
        if under_way:
            real(*call)
        under_way.append(call)
        raise AnswerLost("no answer came in time")

    operation = replace_ssh_keys(by=alice.actor, pod=fresh(running_pod), keys=[ed25519_key()])
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "set_env", lost)
        work.drive_due()
        work.pass_time(seconds=3)
        work.drive_due()
    assert len(keys_for_next_boot(plane, running_pod)) == 1
    its_time_is_over(operation)
    work.pass_time(seconds=5)
    work.drive_due()
    asked, *what = under_way[0]
    with suppress(Changed):
        real(ProxmoxPlane(asked.access), *what)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert keys_for_next_boot(plane, running_pod) == [] == fresh(running_pod).ssh_keys
