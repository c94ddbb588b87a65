"""Clones of one template copy take turns: Proxmox locks the source while it clones."""

from __future__ import annotations

import pytest

from audit.services import SYSTEM
from operations import engine
from operations.models import Lane, LanePlace, Operation
from tenants.services import set_quota
from tests.pods.conftest import ended, nothing_is_left

pytestmark = pytest.mark.django_db


@pytest.fixture
def twelve(create, world, alice):
    limits = {"pods": 20, "cores": 99, "memory_mib": 99_999, "disk_gib": 999}
    set_quota(by=SYSTEM, tenant=alice.tenant, limits=limits)

    def ask() -> list[Operation]:
        return [create(f"web-{number}") for number in range(12)]

    return ask


def test_twelve_simultaneous_creates_never_meet_a_locked_template(twelve, plane, work):
    operations = twelve()
    plane.set_seconds(time_scale=0.01, clone=2, start=1)
    work.until_idle()
    assert {ended(operation).state for operation in operations} == {"succeeded"}
    assert plane.locked_answers() == []
    assert len(plane.vmids()) == 12
    assert not LanePlace.objects.all()


def test_with_the_lanes_opened_to_twelve_the_record_sees_a_locked_template(twelve, plane, work, world):
    """The same twelve without turns: at least one is locked, so the record of the fake can see it."""
    for copy in world.copies.values():
        Lane.objects.create(name=copy.lane, capacity=12)
    operations = twelve()
    plane.hold_tasks()
    work.drive_due()
    assert plane.locked_answers()
    plane.release_tasks()
    work.until_idle()
    assert {ended(operation).state for operation in operations} == {"succeeded"}


def test_a_lane_is_first_come_first_served(create, plane, work, world):
    world.nodes["pve-02"].enabled = False
    world.nodes["pve-02"].save()
    plane.hold_tasks()
    operations = [create(f"web-{number}") for number in range(4)]
    for operation in reversed(operations[1:]):
        engine.drive(operation.pk)  # the youngest asks first: it stands at the head of the queue
    plane.release_tasks()
    work.until_idle()
    order = [call["params"]["hostname"] for call in plane.record("clone")]
    assert order == ["web-3", "web-2", "web-1", "web-0"]


def test_who_waits_in_a_lane_says_so_and_holds_no_lease(create, plane, work, world):
    world.nodes["pve-02"].enabled = False
    world.nodes["pve-02"].save()
    plane.hold_tasks()
    first, second = create("one"), create("two")
    work.drive(first)
    assert work.drive(second) == "waiting"
    second.refresh_from_db()
    assert second.waits_for == "its turn in the lane clone pve-a/9000"
    assert second.lease_until is None
    assert first.steps.get(name="clone").state != second.steps.get(name="clone").state


def test_the_time_in_a_lanes_queue_is_not_taken_off_an_operations_own(create, plane, work, world):
    """However long the queue is, nobody fails untried: who is in the lane has a deadline, so the queue moves."""
    world.nodes["pve-02"].enabled = False
    world.nodes["pve-02"].save()
    plane.hold_tasks()
    first, second = create("one"), create("two")
    work.drive(first)
    work.drive(second)
    work.pass_time(minutes=19)
    plane.release_tasks()
    plane.wait_idle()
    work.tick()
    work.drive(first)
    work.pass_time(minutes=2)
    work.until_idle()
    assert ended(second).state == "succeeded", second.error_message


def test_who_waits_for_something_else_leaves_the_lane_to_the_others(create, plane, work, world):
    """A container that somebody is just making has the first one's VMID: that is no reason to stop all clones."""
    world.nodes["pve-02"].enabled = False
    world.nodes["pve-02"].save()
    first, second = create("one"), create("two")
    plane.put_ct("pve", 9100, lock="create", hostname="half-made")
    assert work.drive(first) == "waiting"
    assert work.drive(second) == "parked"


def test_a_lock_on_the_template_with_no_task_behind_it_names_the_remedy(create, plane, work):
    plane.set_lock(9000, "disk")
    plane.set_lock(9001, "disk")
    operation = create()
    work.drive(operation)
    assert "pct unlock 9000" in Operation.objects.get().waits_for
    work.pass_time(minutes=21)
    work.until_idle()
    assert "pct unlock 9000` on node pve" in ended(operation).error_message
    assert nothing_is_left(plane)


def test_a_locked_template_is_waited_for_not_failed(create, plane, work):
    """Somebody else clones it, outside of our lanes."""
    plane.set_lock(9000, "disk")
    plane.set_lock(9001, "disk")
    operation = create()
    work.drive(operation)
    operation.refresh_from_db()
    assert operation.state == Operation.State.WAITING
    plane.set_lock(9000, None)
    plane.set_lock(9001, None)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
