"""A cluster of several endpoints, one of which ends, hangs or never was there: operations go on by the other.

Decides: that nothing is lost and nothing done twice. Not: when a single call takes the next endpoint
(clusters/dataplane/test_transport.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic

import pytest

from clusters import planes
from clusters.dataplane import transport
from clusters.dataplane.access import Access
from clusters.models import Cluster
from demo.handle import FakeHandle
from operations.models import Operation
from pods.models import CloudPod
from pods.services import purge_pod, reboot_pod, replace_ssh_keys, start_pod, stop_pod
from tests.cast import Person
from tests.factories import World
from tests.pods.conftest import ended, is_at, nothing_is_left, pod_of
from tests.pods.keys import ed25519_key, keys_for_next_boot
from tests.work import Work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoints(world: World, plane: FakeHandle, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Both of the cluster's endpoints are declared; what hangs is not waited for as long as in earnest."""
    monkeypatch.setattr(planes, "Access", partial(Access, connect_timeout=0.5))
    world.cluster.endpoints = plane.urls
    world.cluster.save()
    return plane.urls


def well_ended_tasks(plane: FakeHandle) -> Counter[str]:
    return Counter(end["name"] for end in plane.task_ends() if end["exitstatus"] == "OK")


def went_on(plane: FakeHandle, endpoints: list[str]) -> bool:
    """One endpoint was asked until an answer was lost with it, and from then on the other."""
    used = [entry["endpoint"] for entry in plane.record()]
    lost = next(index for index, entry in enumerate(plane.record()) if entry["lost"])
    assert set(used[: lost + 1]) == {endpoints[0]}
    assert set(used[lost + 1 :]) == {endpoints[1]}
    return True


@pytest.mark.parametrize("hang", [False, True], ids=["it refuses connections", "it hangs"])
def test_an_endpoint_that_does_not_answer_is_passed_over(
    hang: bool, create: Callable[..., Operation], plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    plane.unreachable(endpoint=endpoints[0], hang=hang)
    operation = create(disk_gib=20)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert pod_of(operation).observed_state == "running"
    assert {entry["endpoint"] for entry in plane.record()} == {endpoints[1]}
    assert well_ended_tasks(plane) == {"clone": 1, "resize": 1, "start": 1}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["clone", "config_get", "config", "firewall", "resize", "start"])
def test_an_endpoint_that_ends_in_the_middle_of_a_create_is_followed_by_the_other(
    call: str, create: Callable[..., Operation], plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    """Each time the request was carried out, and its answer lost with the endpoint."""
    plane.endpoint_dies(call)
    operation = create(disk_gib=20)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = pod_of(operation)
    assert (pod.observed_state, plane.cts()[pod.vmid]["status"]) == ("running", "running")
    assert well_ended_tasks(plane) == {"clone": 1, "resize": 1, "start": 1}
    assert went_on(plane, endpoints)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "status", "stop", "destroy"])
def test_an_endpoint_that_ends_in_the_middle_of_a_destruction_is_followed_by_the_other(
    call: str, running_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    plane.clear_record()
    plane.endpoint_dies(call)
    operation = purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert nothing_is_left(plane)
    assert well_ended_tasks(plane) == {"stop": 1, "destroy": 1}
    assert went_on(plane, endpoints)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("verb", "call", "tasks", "left"),
    [
        (stop_pod, "config_get", {"shutdown": 1}, ("stopped", 0)),
        (stop_pod, "config", {"shutdown": 1}, ("stopped", 0)),
        (stop_pod, "status", {"shutdown": 1}, ("stopped", 0)),
        (stop_pod, "shutdown", {"shutdown": 1}, ("stopped", 0)),
        (partial(stop_pod, timeout_s=0), "stop", {"stop": 1}, ("stopped", 0)),
        (reboot_pod, "status", {"shutdown": 1, "start": 1}, ("running", 1)),
        (reboot_pod, "shutdown", {"shutdown": 1, "start": 1}, ("running", 1)),
        (partial(reboot_pod, timeout_s=0), "stop", {"stop": 1, "start": 1}, ("running", 1)),
        (reboot_pod, "start", {"shutdown": 1, "start": 1}, ("running", 1)),
    ],
)
def test_an_endpoint_that_ends_in_the_middle_of_a_stop_or_reboot_is_followed_by_the_other(
    verb: Callable[..., Operation],
    call: str,
    tasks: dict[str, int],
    left: tuple[str, int],
    running_pod: CloudPod,
    alice: Person,
    plane: FakeHandle,
    work: Work,
    endpoints: list[str],
) -> None:
    plane.clear_record()
    plane.endpoint_dies(call)
    operation = verb(by=alice.actor, pod=running_pod)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, running_pod) == left
    assert well_ended_tasks(plane) == tasks
    assert went_on(plane, endpoints)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("call", ["config_get", "config", "start"])
def test_an_endpoint_that_ends_in_the_middle_of_a_start_is_followed_by_the_other(
    call: str, stopped_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    plane.endpoint_dies(call)
    operation = start_pod(by=alice.actor, pod=stopped_pod)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_at(plane, stopped_pod) == ("running", 1)
    assert well_ended_tasks(plane) == {"start": 1}
    assert went_on(plane, endpoints)


@pytest.mark.parametrize("call", ["config_get", "config"])
def test_an_endpoint_that_ends_in_the_middle_of_a_replacement_of_keys_is_followed_by_the_other(
    call: str, running_pod: CloudPod, alice: Person, plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    pod, keys = CloudPod.objects.get(pk=running_pod.pk), [ed25519_key("alice@new")]
    plane.clear_record()
    plane.endpoint_dies(call)
    operation = replace_ssh_keys(by=alice.actor, pod=pod, keys=keys)
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert keys_for_next_boot(plane, pod) == keys
    assert len(plane.record("config")) == 1
    assert went_on(plane, endpoints)


def test_a_task_that_was_begun_by_an_endpoint_that_ended_is_waited_for_by_the_other(
    create: Callable[..., Operation], plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    operation = create()
    plane.hold_tasks()
    work.drive_due()
    plane.unreachable(endpoint=endpoints[0])
    plane.release_tasks()
    work.until_idle()

    assert ended(operation).state == Operation.State.SUCCEEDED
    assert well_ended_tasks(plane) == {"clone": 1, "start": 1}


def test_the_controllers_next_look_goes_by_the_other_when_its_endpoint_ended_in_the_middle_of_one(
    create: Callable[..., Operation], plane: FakeHandle, work: Work, endpoints: list[str]
) -> None:
    operation = create()
    work.drive_due()
    plane.endpoint_dies("tasks")
    assert work.tick() == 0
    assert work.tick() == 1
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_an_endpoint_that_is_back_is_used_again_after_a_while(
    create: Callable[..., Operation],
    plane: FakeHandle,
    work: Work,
    endpoints: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plane.unreachable(endpoint=endpoints[0])
    create("first")
    work.until_idle()
    plane.unreachable(False, endpoint=endpoints[0])
    plane.clear_record()
    create("second")
    work.until_idle()
    assert {entry["endpoint"] for entry in plane.record()} == {endpoints[1]}

    later = monotonic() + transport.PASSED_OVER
    monkeypatch.setattr(transport, "monotonic", lambda: later)
    plane.clear_record()
    create("third")
    work.until_idle()
    assert {entry["endpoint"] for entry in plane.record()} == {endpoints[0]}
