"""Lanes: who may enter now, first come first served, and who is next when somebody leaves.

Decides: order and capacity. Not: which steps take a lane (each kind's table).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction

from core.clock import control_now
from operations.models import Lane, LanePlace, Operation
from operations.wake import make_due, not_hinted_lately


def enter(name: str, operation: Operation, step: str) -> timedelta | None:
    """Take a place in the lane if there is room; otherwise stand in its queue. Call within a transaction.

    Returns how long it stood in the queue, once (zero when it is inside already); None: it has to wait.
    """
    Lane.objects.get_or_create(name=name)
    lane = Lane.objects.select_for_update(no_key=True).get(name=name)
    now = control_now()
    place, _ = LanePlace.objects.get_or_create(lane=lane, operation=operation, defaults={"step": step, "asked_at": now})
    if place.taken_at is not None:
        return timedelta()
    if not any(place.pk == next_one.pk for next_one in _may_enter(lane)):
        return None
    place.taken_at = now
    place.save(update_fields=["taken_at"])
    return now - place.asked_at


def leave(operation: Operation, step: str) -> None:
    """Give up the place that this step had, if any; who is next hears of it after the commit."""
    for place in LanePlace.objects.filter(operation=operation, step=step):
        place.delete()
        transaction.on_commit(partial(admit, place.lane_id), robust=True)


def step_aside(operation: Operation) -> None:
    """Leave the queues, not the lanes: nobody shall wait behind an operation that this release cannot drive."""
    operation.places.filter(taken_at=None).delete()


@transaction.atomic
def admit(lane_id: UUID) -> int:
    """Wake those who may enter the lane now. Returns how many.

    A worker holds its operation's row when it asks for the lane; so here, with the lane held, a row that is held is
    passed over: its worker is about to see for itself.
    """
    lane = Lane.objects.select_for_update(no_key=True).get(pk=lane_id)
    woken = 0
    for place in _may_enter(lane):
        waiting = not_hinted_lately(Operation.objects.filter(pk=place.operation_id, state=Operation.State.WAITING))
        if waiting.select_for_update(skip_locked=True, no_key=True).values_list("pk"):
            make_due(place.operation_id)
            woken += 1
    return woken


def admit_everywhere() -> int:
    """The controller's part: who was not woken because a worker died between its commit and its admit()."""
    lanes_with_a_queue = LanePlace.objects.filter(taken_at=None).values_list("lane", flat=True).distinct()
    return sum(admit(lane_id) for lane_id in lanes_with_a_queue.order_by())


def _may_enter(lane: Lane) -> list[LanePlace]:
    """Who is in the queue and has room, first come first."""
    room = lane.capacity - lane.places.filter(taken_at__isnull=False).count()
    return list(lane.places.filter(taken_at=None).order_by("pk")[: max(room, 0)])
