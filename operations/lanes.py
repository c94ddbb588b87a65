"""Lanes: who may enter now, tenants in turn, and who is next when somebody leaves.

Decides: order and capacity. Not: which steps take a lane (each kind's table).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import connection, transaction

from core.clock import control_now
from operations.hints import make_due, not_hinted_lately
from operations.models import Lane, LanePlace, LaneTurn, Operation

# How many a lane takes unless its row says otherwise, by the first word of its name.
USUAL = {
    "clone": 1,  # of one template copy: Proxmox locks the source while it clones
    "io": 2,  # of what moves whole disks, on one node
    "calls": 8,  # workers that call one cluster at a time
}

# The place that an operation has in its cluster's lane of calls while a worker drives it is no step's.
DRIVE = ""


# Rank: the how manieth of its tenant's this would be inside. Then whose turn was longest ago (never: first).
_NEXT = """
WITH place AS (
    SELECT p.id, p.operation_id, p.taken_at, o.tenant_id
      FROM operations_laneplace p JOIN operations_operation o ON o.id = p.operation_id
     WHERE p.lane_id = %(lane)s
), waiting AS (
    SELECT id, operation_id, tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY id)
           + (SELECT count(*) FROM place i WHERE i.tenant_id = place.tenant_id AND i.taken_at IS NOT NULL) AS rank
      FROM place WHERE taken_at IS NULL
)
SELECT w.operation_id FROM waiting w
  LEFT JOIN operations_laneturn t ON t.lane_id = %(lane)s AND t.tenant_id = w.tenant_id
 ORDER BY w.rank, t.entered_at NULLS FIRST, w.id
 LIMIT greatest(0, %(capacity)s - (SELECT count(*) FROM place WHERE taken_at IS NOT NULL))
"""


def enter(name: str, operation: Operation, step: str) -> timedelta | None:
    """Take a place in the lane if there is room; otherwise stand in its queue. Call within a transaction.

    Returns how long it stood in the queue, once (zero when it is inside already); None: it has to wait.
    """
    lane = _locked(name)  # from here on nobody else touches the lane's places and turns
    now = control_now()
    place = lane.places.filter(operation=operation).first()
    if place is None:
        place = LanePlace.objects.create(lane=lane, operation=operation, step=step, asked_at=now)
    if place.taken_at is not None:
        return timedelta()
    if operation.pk not in _may_enter(lane):
        return None
    place.taken_at = now
    place.save(update_fields=["taken_at"])
    turn = {"lane": lane, "tenant_id": operation.tenant_id}
    if not LaneTurn.objects.filter(**turn).update(entered_at=now):
        LaneTurn.objects.create(**turn, entered_at=now)
    return now - place.asked_at


def usual_capacity(name: str) -> int:
    """How many it takes when nobody has set it."""
    return USUAL.get(name.split(" ", 1)[0], 1)


def _locked(name: str) -> Lane:
    """The lane, made by whoever enters it first."""
    lanes = Lane.objects.select_for_update(no_key=True)
    lane: Lane | None = lanes.filter(name=name).first()
    if lane is None:
        Lane.objects.get_or_create(name=name, defaults={"capacity": usual_capacity(name)})
        lane = lanes.get(name=name)
    return lane


def leave(operation: Operation, step: str) -> None:
    """Give up the place that this step had, if any; who is next hears of it after the commit."""
    for place in LanePlace.objects.filter(operation=operation, step=step):
        place.delete()
        transaction.on_commit(partial(admit, place.lane_id), robust=True)


def leave_all(operation: Operation) -> None:
    """Give up every place, taken or in a queue."""
    for step in set(operation.places.values_list("step", flat=True)):
        leave(operation, step)


def end_drive(operation: Operation) -> None:
    """No worker drives it any more: its place among those that call its cluster is free. One that waits for such a
    place keeps its place in the queue.
    """
    for place in LanePlace.objects.filter(operation=operation, step=DRIVE, taken_at__isnull=False):
        place.delete()
        transaction.on_commit(partial(admit, place.lane_id), robust=True)


def step_aside(operation: Operation) -> None:
    """Leave the queues, not the lanes: nobody shall wait behind an operation that this release cannot drive."""
    operation.places.filter(taken_at=None).delete()


@transaction.atomic
def admit(lane_id: UUID, *, wait: bool = True) -> int:
    """Wake those who may enter the lane now. Returns how many. Without `wait`, a lane that is held is left alone.

    A worker holds its operation's row when it asks for the lane; so here, with the lane held, a row that is held is
    passed over: its worker is about to see for itself.
    """
    lane = Lane.objects.select_for_update(no_key=True, skip_locked=not wait).filter(pk=lane_id).first()
    if lane is None:
        return 0
    woken = 0
    for operation_id in _may_enter(lane):
        waiting = not_hinted_lately(Operation.objects.filter(pk=operation_id, state=Operation.State.WAITING))
        if waiting.select_for_update(skip_locked=True, no_key=True).values_list("pk"):
            make_due(operation_id)
            woken += 1
    return woken


def admit_everywhere() -> int:
    """The controller's part: who was not woken because a worker died between its commit and its admit().

    It waits for nobody's lane (its holder may be paused, or its machine gone): the next second it looks again.
    """
    lanes_with_a_queue = LanePlace.objects.filter(taken_at=None).values_list("lane", flat=True).distinct()
    return sum(admit(lane_id, wait=False) for lane_id in lanes_with_a_queue.order_by())


def _may_enter(lane: Lane) -> list[UUID]:
    """Of which operations in the queue there is room for. Tenants take turns: next is the tenant with the fewest
    inside, among those the one whose last turn is longest ago; of one tenant's, first come first served.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"lane": lane.pk, "capacity": lane.capacity})
        return [operation_id for (operation_id,) in cursor.fetchall()]
