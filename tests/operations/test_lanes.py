"""Lanes: how many run side by side, in which order, and that no tenant waits for all of another's."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.db.models import F

from audit.services import SYSTEM
from operations import engine, lanes
from operations.cancelling import cancel, honour_left_behind
from operations.kind import Parked
from operations.lanes import admit_everywhere
from operations.models import Lane, LanePlace, Operation
from operations.wake import Outcome, wake
from tests.operations.acting import begin
from tests.operations.kinds import ONE_AT_A_TIME, Script, reset
from tests.together import together

pytestmark = pytest.mark.django_db

State = Operation.State


@pytest.fixture
def script() -> Script:
    """Each that enters parks on a task of its own."""
    script = reset()
    script.does["only"] = [lambda run: Parked(f"task:{run.operation.pk}", "its work")]
    return script


def enter(tenant=None, *, lane="clone a") -> Operation:
    operation = begin(kind=ONE_AT_A_TIME, tenant=tenant, greeting=lane)
    engine.drive(operation.pk)
    return operation


def inside() -> set[Operation]:
    return set(Operation.objects.filter(state=State.PARKED))


def leave(operation: Operation) -> None:
    """Its task ends; whoever is next comes in."""
    wake(f"task:{operation.pk}", Outcome(ok=True))
    engine.drive(operation.pk)
    admit_everywhere()
    for waiting in Operation.objects.filter(state=State.WAITING, due_at__isnull=False):
        engine.drive(waiting.pk)


def test_a_lane_takes_as_many_as_its_row_says(script, alice):
    Lane.objects.create(name="clone a", capacity=2)
    first, second, third = (enter(alice.tenant) for _ in range(3))
    assert inside() == {first, second}
    leave(second)
    assert inside() == {first, third}


@pytest.mark.parametrize(("name", "capacity"), [("clone x/9000", 1), ("io x/pve", 2), ("calls cluster/1", 8)])
def test_a_lane_that_nobody_has_named_takes_what_is_usual_for_its_kind(name, capacity, script, alice):
    enter(alice.tenant, lane=name)
    assert Lane.objects.get(name=name).capacity == capacity


def test_one_tenants_many_do_not_make_anothers_single_one_wait_for_all_of_them(script, alice, charlie):
    many = [enter(alice.tenant) for _ in range(6)]
    single = enter(charlie.tenant)
    assert inside() == {many[0]}
    leave(many[0])
    assert inside() == {single}
    leave(single)
    assert inside() == {many[1]}


def test_two_tenants_with_many_take_turns(script, alice, charlie):
    queue = [enter(alice.tenant) for _ in range(4)] + [enter(charlie.tenant) for _ in range(3)]
    order = []
    for _ in queue:
        (one,) = inside()
        order.append(one.tenant.reference[-3:])
        leave(one)
    assert order == ["101", "102", "101", "102", "101", "102", "101"]


def test_within_a_tenant_it_is_first_come_first_served(script, alice):
    queue = [enter(alice.tenant) for _ in range(4)]
    for one in queue:
        assert inside() == {one}
        leave(one)


def test_with_room_for_several_no_tenant_takes_it_all_while_another_waits(script, alice, charlie):
    Lane.objects.create(name="clone a", capacity=3)
    many = [enter(alice.tenant) for _ in range(6)]
    waiting = [enter(charlie.tenant) for _ in range(2)]
    leave(many[0])
    assert inside() == {many[1], many[2], waiting[0]}
    leave(many[1])
    assert inside() == {many[2], many[3], waiting[0]}
    leave(many[2])
    assert inside() == {many[3], *waiting}


def test_a_step_with_two_lanes_is_inside_both_or_waits(script, alice):
    both = enter(alice.tenant, lane="io n,clone a")
    one = enter(alice.tenant, lane="clone a")
    assert inside() == {both}
    leave(both)
    assert inside() == {one}
    assert not LanePlace.objects.filter(operation=both)


def test_two_that_want_the_same_two_lanes_never_wait_for_each_other(script, alice):
    Lane.objects.create(name="io n", capacity=1)
    first, second = enter(alice.tenant, lane="io n,clone a"), enter(alice.tenant, lane="clone a,io n")
    leave(first)
    assert inside() == {second}


def test_no_more_workers_call_a_cluster_at_a_time_than_its_lane_takes(script, alice, monkeypatch):
    Lane.objects.create(name="calls cluster/1", capacity=1)
    left = []

    def drive_another(run):
        other = begin(kind=ONE_AT_A_TIME, place="cluster/1", greeting="clone b")
        left.append((engine.drive(other.pk), other))
        return None

    script.does["only"] = [drive_another, None]
    first = begin(kind=ONE_AT_A_TIME, place="cluster/1", greeting="clone a")
    assert engine.drive(first.pk) == State.SUCCEEDED
    ((answer, other),) = left
    other.refresh_from_db()
    assert (answer, other.state) == ("not due", State.WAITING)
    admit_everywhere()
    assert engine.drive(other.pk) == State.SUCCEEDED
    assert not LanePlace.objects.exists()


def test_a_parked_operation_holds_no_place_among_the_callers(script):
    operation = begin(kind=ONE_AT_A_TIME, place="cluster/1", greeting="clone a")
    engine.drive(operation.pk)
    assert [place.lane.name for place in LanePlace.objects.select_related("lane")] == ["clone a"]


def test_a_place_is_taken_once(script, alice):
    operation = enter(alice.tenant)
    assert lanes.enter("clone a", operation, "only") is not None
    assert LanePlace.objects.count() == 1


def test_one_that_goes_back_does_not_stand_in_the_others_way(script, alice):
    """Its step is in doubt and stood in the queue for its next try when it was taken back; undoing takes no lane."""
    goes_back = enter(alice.tenant)
    second, third = enter(alice.tenant), enter(alice.tenant)
    wake(f"task:{goes_back.pk}", Outcome(ok=False, family="retry", code="lost", message="lost", in_doubt=True))
    admit_everywhere()
    engine.drive(second.pk)
    for _ in range(2):
        Operation.objects.filter(pk=goes_back.pk).update(due_at=goes_back.created_at)
        engine.drive(goes_back.pk)
    goes_back.refresh_from_db()
    assert "its turn in the lane" in goes_back.waits_for
    cancel(by=SYSTEM, operation=goes_back)
    honour_left_behind()
    engine.drive(goes_back.pk)
    assert not LanePlace.objects.filter(operation=goes_back, taken_at=None)
    leave(second)
    assert inside() == {third}


@pytest.mark.parametrize("direction", ["do", "undo"])
def test_the_time_in_the_queue_of_those_that_call_a_cluster_is_not_taken_off_its_own(direction, script):
    """Undoing queues there too: a worker is one that calls, whichever way the operation goes."""
    lane = Lane.objects.create(name="calls cluster/1", capacity=1)
    first, second = (begin(kind=ONE_AT_A_TIME, place="cluster/1", greeting=name) for name in ("clone a", "clone b"))
    lane.places.create(operation=first, step=lanes.DRIVE, asked_at=first.created_at, taken_at=first.created_at)
    Operation.objects.filter(pk=second.pk).update(direction=direction)
    assert engine.drive(second.pk) == "not due"
    second.places.update(asked_at=F("asked_at") - timedelta(minutes=7))
    first.places.all().delete()
    admit_everywhere()
    engine.drive(second.pk)
    before = second.deadline_at
    second.refresh_from_db()
    assert timedelta(minutes=7) <= second.deadline_at - before < timedelta(minutes=8)


def test_one_that_cannot_be_opened_any_more_does_not_stand_in_the_others_way(script, alice):
    """An upgrade came while it waited for its turn, and its parameters do not fit: it asks anew once they do."""
    first, broken, third = (enter(alice.tenant) for _ in range(3))
    params = broken.params
    Operation.objects.filter(pk=broken.pk).update(params={"unknown": 1})
    leave(first)
    assert inside() == set()
    leave(broken)  # nobody was inside: only those who wait are looked at
    assert inside() == {third}
    Operation.objects.filter(pk=broken.pk).update(params=params, due_at=first.created_at)
    engine.drive(broken.pk)
    leave(third)
    assert inside() == {broken}


def test_one_that_cannot_be_opened_any_more_keeps_no_place_that_it_had_taken(script, alice):
    broken = enter(alice.tenant, lane="clone a")
    second = enter(alice.tenant, lane="clone a")
    Operation.objects.filter(pk=broken.pk).update(state=State.WAITING, due_at=broken.created_at, params={"unknown": 1})
    engine.drive(broken.pk)
    admit_everywhere()
    engine.drive(second.pk)
    assert inside() == {second}


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_somebody_holds_keeps_the_controller_from_no_other(script):
    """Its holder may be paused, or its machine gone: PostgreSQL takes a while to notice."""
    a, b = (Lane.objects.create(name=name) for name in ("clone a", "clone b"))
    waiting = [begin(kind=ONE_AT_A_TIME, greeting=lane.name) for lane in (a, b)]
    for lane, operation in zip((a, b), waiting, strict=True):
        lane.places.create(operation=operation, step="only", asked_at=operation.created_at)
    Operation.objects.update(state=State.WAITING, due_at=None, hinted_at=None)
    held, over = Event(), Event()

    def act(number: int) -> int:
        if number == 0:
            with transaction.atomic():
                assert Lane.objects.select_for_update(no_key=True).get(pk=a.pk)
                held.set()
                return over.wait(10)
        held.wait(10)
        woken = admit_everywhere()
        over.set()
        return woken

    assert together(2, act) == [True, 1]
    assert list(Operation.objects.filter(due_at__isnull=False)) == [waiting[1]]
