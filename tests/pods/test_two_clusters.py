"""Two clusters with the same VMIDs and the same addresses, each in its own network: an operation touches its own only.

Decides: what may be told apart by nothing but the cluster. Not: which cluster a pod is put on (test_placement.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clusters.models import Cluster
from demo.handle import FakeHandle, start_fake
from operations.models import Operation
from pods.models import CloudPod, InterfaceAddress
from pods.services import Wish, create_pod, purge_pod, replace_ssh_keys
from pods.services.power import reboot_pod, start_pod, stop_pod
from tests.cast import Person
from tests.factories import World, make_other_world
from tests.pods.conftest import ended, fresh, pod_of
from tests.pods.keys import ed25519_key
from tests.work import Work

pytestmark = pytest.mark.django_db

READS = {"config_get", "status", "tasks", "resources", "task_log", "pending", "firewall_get"}


@pytest.fixture(scope="module")
def _twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHandle]:
    with start_fake(tmp_path_factory.mktemp("twin")) as fake:
        yield fake


@pytest.fixture(params=["of other names", "of the same names"])
def second(request: pytest.FixtureRequest) -> FakeHandle:
    """The other cluster's fake; its nodes are called otherwise, or like the first one's: not even that differs then."""
    if request.param == "of other names":
        fake: FakeHandle = request.getfixturevalue("other_plane")
    else:
        fake = request.getfixturevalue("_twin")
        fake.reset()
    return fake


@pytest.fixture
def both(world: World, second: FakeHandle) -> tuple[World, World]:
    """Two networks that hold the same addresses, a cluster on each."""
    other = make_other_world(second, beside=world, cidr="10.1.10.0/24", first="10.1.10.50", last="10.1.10.250")
    return world, other


@pytest.fixture
def pods(both: tuple[World, World], alice: Person, work: Work) -> tuple[CloudPod, CloudPod]:
    """A tenant's two pods, one on each cluster, running."""
    operations = [
        create_pod(by=alice.actor, tenant=alice.tenant, hostname=name, wish=Wish(cluster=on.cluster.name))
        for name, on in zip(("here", "there"), both, strict=True)
    ]
    work.until_idle()
    for operation in operations:
        assert ended(operation).state == Operation.State.SUCCEEDED
    here, there = (pod_of(operation) for operation in operations)
    return here, there


def address_of(pod: CloudPod) -> str:
    return str(InterfaceAddress.objects.get(interface__pod=pod).lease.address)


def changes(plane: FakeHandle) -> list[str]:
    """What was asked of the cluster that is no mere look."""
    return [entry["name"] for entry in plane.record() if entry["name"] not in READS]


def test_both_have_the_same_vmid_and_address_and_nothing_else_in_common(
    pods: tuple[CloudPod, CloudPod], plane: FakeHandle, second: FakeHandle
) -> None:
    here, there = pods
    assert here.tenant_id == there.tenant_id
    assert here.vmid == there.vmid
    assert address_of(here) == address_of(there)
    for pod, fake in ((here, plane), (there, second)):
        ct = fake.cts()[pod.vmid]
        assert (ct["node"], ct["status"], ct["config"]["hostname"]) == (pod.node.name, "running", pod.hostname)
        assert f"bridge={fake.layout.bridges[0]}," in ct["config"]["net0"]
        assert changes(fake) == ["clone", "config", "firewall", "start"]
    assert plane.cts()[here.vmid]["config"]["description"] != second.cts()[there.vmid]["config"]["description"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("chosen", [0, 1])
def test_a_pod_that_is_made_where_the_others_vmid_is_taken_asks_nothing_of_the_others_cluster(
    chosen: int, both: tuple[World, World], alice: Person, plane: FakeHandle, second: FakeHandle, work: Work
) -> None:
    fakes, made = (plane, second), []
    for number in (1 - chosen, chosen):
        for fake in fakes:
            fake.clear_record()
        before = fakes[1 - number].cts()
        wish = Wish(cluster=both[number].cluster.name)
        operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname=f"web-{number}", wish=wish)
        work.until_idle()
        assert ended(operation).state == Operation.State.SUCCEEDED
        assert changes(fakes[number]) == ["clone", "config", "firewall", "start"]
        assert fakes[1 - number].record() == []
        assert fakes[1 - number].cts() == before
        made.append(pod_of(operation))
    assert made[0].vmid == made[1].vmid
    assert address_of(made[0]) == address_of(made[1])


def stop_and_start(person: Person, pod: CloudPod, work: Work) -> None:
    for verb in (stop_pod, start_pod):
        operation = verb(by=person.actor, pod=pod)
        work.until_idle()
        assert ended(operation).state == Operation.State.SUCCEEDED


def replace_keys(person: Person, pod: CloudPod, work: Work) -> None:
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    operation = replace_ssh_keys(by=person.actor, pod=fresh(pod), keys=[ed25519_key()])
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def reboot(person: Person, pod: CloudPod, work: Work) -> None:
    operation = reboot_pod(by=person.actor, pod=pod)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def destroy(person: Person, pod: CloudPod, work: Work) -> None:
    operation = purge_pod(by=person.actor, pod=pod, reason="no longer needed")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


@pytest.mark.sampled(4)
@pytest.mark.parametrize("do", [stop_and_start, reboot, replace_keys, destroy])
@pytest.mark.parametrize("chosen", [0, 1])
def test_what_is_done_with_one_asks_nothing_of_the_others_cluster(
    do: Callable[[Person, CloudPod, Work], None],
    chosen: int,
    pods: tuple[CloudPod, CloudPod],
    alice: Person,
    plane: FakeHandle,
    second: FakeHandle,
    work: Work,
) -> None:
    fakes = (plane, second)
    own, other = fakes[chosen], fakes[1 - chosen]
    before = other.cts()
    for fake in fakes:
        fake.clear_record()

    do(alice, pods[chosen], work)

    assert changes(own)
    assert {entry["vmid"] for entry in own.record() if entry["vmid"]} == {pods[chosen].vmid}
    assert other.record() == []
    assert other.cts() == before


def test_tasks_that_wait_on_both_at_once_wake_their_own_operation_only(
    both: tuple[World, World], alice: Person, plane: FakeHandle, second: FakeHandle, work: Work
) -> None:
    for fake in (plane, second):
        fake.hold_tasks()
    wishes: list[dict[str, Any]] = [{"hostname": on.cluster.name, "wish": Wish(cluster=on.cluster.name)} for on in both]
    here, there = (create_pod(by=alice.actor, tenant=alice.tenant, **wish) for wish in wishes)
    work.drive_due()
    second.release_tasks()
    second.wait_idle()
    work.tick()
    work.drive_due()

    here.refresh_from_db()
    there.refresh_from_db()
    assert [step.name for step in here.steps.filter(state="done")] == ["reserve"]
    assert [step.name for step in there.steps.filter(state="done")][:2] == ["reserve", "clone"]
    plane.release_tasks()
    work.until_idle()
    assert {ended(operation).state for operation in (here, there)} == {Operation.State.SUCCEEDED}


def test_a_pod_of_the_other_cluster_with_the_same_vmid_is_a_stranger(
    pods: tuple[CloudPod, CloudPod], alice: Person, plane: FakeHandle, second: FakeHandle, work: Work
) -> None:
    """Its container was carried over with its description, as a restored backup of it would be."""
    here, there = pods
    config = second.cts()[there.vmid]["config"]
    plane.edit_ct(here.vmid, description=config["description"])
    before = plane.cts()[here.vmid]
    operation = purge_pod(by=alice.actor, pod=here, reason="no longer needed")
    work.until_idle()

    assert ended(operation).error_code == "not_ours"
    assert plane.cts()[here.vmid] == before
