"""What pods' tests share: creating a pod to its end, and what the outside must look like when nothing is left.

Decides: the checks that no reservation leaks. Not: what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from clusters.models import Node
from demo.handle import FakeHandle
from ipam.models import IPLease
from operations.models import LanePlace, Operation
from pods.models import CloudPod, Snapshot
from pods.services import Size, Wish, create_pod, move_pod, stop_pod, take_snapshot
from tests.cast import Person, cast
from tests.factories import World, make_world
from tests.pods.beginning import begun_with
from tests.work import Work


@dataclass(frozen=True)
class Beginning:
    """`pod`: of alice's, and it runs; None where a test does not want it, or cannot have it brought back."""

    world: World
    people: dict[str, Person]
    pod: CloudPod | None = None


@pytest.fixture
def _beginning(request: pytest.FixtureRequest, db: None, plane: FakeHandle) -> Beginning:
    mark = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (mark is not None and mark.kwargs.get("transaction"))
    if "running_pod" in request.fixturenames and not commits:
        clones = "full" if "full_clones" in request.fixturenames else "linked"
        return begun_with(plane, clones, lambda: _with_a_running_pod(plane, clones))
    return Beginning(make_world(plane), cast())


def _with_a_running_pod(plane: FakeHandle, clones: str) -> Beginning:
    world, people = make_world(plane), cast()
    world.tiers["clients-main"].clone_mode = clones
    world.tiers["clients-main"].save()
    alice = people["alice"]
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    Work(plane).until_idle()
    pod = pod_of(operation)
    assert pod.phase == CloudPod.Phase.ACTIVE
    return Beginning(world, people, pod)


@pytest.fixture
def world(_beginning: Beginning) -> World:
    """The spec's cluster as rows, as everywhere (tests/conftest.py)."""
    return _beginning.world


@pytest.fixture
def people(_beginning: Beginning) -> dict[str, Person]:
    return _beginning.people


@pytest.fixture
def create(world: World, alice: Person) -> Callable[..., Operation]:
    """Ask for a pod of alice's."""

    def ask(hostname: str = "web", *, wish: Wish = Wish(), **size: Any) -> Operation:  # noqa: B008 (frozen)
        return create_pod(by=alice.actor, tenant=alice.tenant, hostname=hostname, size=Size(**size), wish=wish)

    return ask


@pytest.fixture
def running_pod(_beginning: Beginning, create: Callable[..., Operation], work: Work) -> CloudPod:
    """A pod of alice's that runs."""
    if _beginning.pod is not None:
        return fresh(_beginning.pod)
    operation = create()
    work.until_idle()
    pod = pod_of(operation)
    assert pod.phase == CloudPod.Phase.ACTIVE
    return pod


@pytest.fixture
def stopped_pod(running_pod: CloudPod, plane: FakeHandle, alice: Person, work: Work) -> CloudPod:
    """A pod of alice's that was stopped, as it should be."""
    stop_pod(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert is_at(plane, running_pod) == ("stopped", 0)
    plane.clear_record()
    return fresh(running_pod)


@pytest.fixture
def take(running_pod: CloudPod, plane: FakeHandle, alice: Person) -> Callable[..., Operation]:
    """Ask for a snapshot of the running pod."""
    plane.clear_record()

    def ask(name: str = "before", **options: Any) -> Operation:
        return take_snapshot(by=alice.actor, pod=running_pod, name=name, **options)

    return ask


@pytest.fixture
def taken(take: Callable[..., Operation], plane: FakeHandle, work: Work) -> Snapshot:
    """The running pod has a snapshot."""
    operation = take()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    plane.clear_record()
    snapshot: Snapshot = Snapshot.objects.get()
    return snapshot


@pytest.fixture
def full_clones(world: World) -> None:
    """Pods that can move: a linked clone stays with its template."""
    world.tiers["clients-main"].clone_mode = "full"
    world.tiers["clients-main"].save()


@pytest.fixture
def other(running_pod: CloudPod, world: World) -> Node:
    """The node that the pod is not on."""
    return next(node for name, node in world.nodes.items() if name != running_pod.node.name)


@pytest.fixture
def move(running_pod: CloudPod, plane: FakeHandle, alice: Person) -> Callable[..., Operation]:
    """Ask that the running pod be moved."""
    plane.clear_record()

    def ask(node: str | None = None, **options: Any) -> Operation:
        return move_pod(by=alice.actor, pod=running_pod, node=node, **options)

    return ask


@pytest.fixture
def lost_node(world, plane):
    """The node that the next pods are put on, once it has burnt down (`burn`)."""
    world.nodes["pve"].enabled = False
    world.nodes["pve"].save()
    return world.nodes["pve-02"]


@pytest.fixture
def burn(lost_node, plane, world):
    def now():
        plane.node_offline("pve-02")
        world.nodes["pve"].enabled = True
        world.nodes["pve"].save()

    return now


def pod_of(operation: Operation) -> CloudPod:
    return CloudPod.objects.get(pk=operation.subject_id)


def ended(operation: Operation) -> Operation:
    """The operation as its row is now; it must not be live any more."""
    operation.refresh_from_db()
    assert not operation.is_live, f"{operation} is {operation.state}: {operation.waits_for}"
    return operation


def nothing_is_left(plane: FakeHandle) -> bool:
    """No container, lease, VMID, quota, lane or live operation: as if nobody had asked."""
    assert plane.vmids() == set()
    assert not IPLease.objects.filter(released_at=None)
    assert not CloudPod.objects.filter(gone_at=None)
    assert not LanePlace.objects.all()
    assert not Operation.objects.filter(state__in=Operation.LIVE)
    return True


def fresh(pod: CloudPod) -> CloudPod:
    """Its row as it is now."""
    return CloudPod.objects.get(pk=pod.pk)


def is_at(plane: FakeHandle, pod: CloudPod) -> tuple[str, int]:
    """Whether its container runs, and whether it starts with its node."""
    ct = plane.cts()[pod.vmid]
    return ct["status"], ct["config"]["onboot"]
