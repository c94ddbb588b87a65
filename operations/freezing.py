"""freeze() and thaw(): no new work is begun, everywhere or at one place; what runs stands still at its next safe point.

Decides: what is frozen now, and who is told how. Not: where an operation's safe points are (engine.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from audit.services import Actor, Resource, record
from core.clock import ControlNow, control_now
from core.errors import Invalid, Refused, refusing_violations
from operations.hints import make_due
from operations.models import Freeze, Operation
from tenants.services import platform_tenant

# How soon to ask again when nobody knows when it ends.
ASK_AGAIN = timedelta(seconds=30)


class Frozen(Refused):
    """New work is not taken now. The answer says why, and when to ask again."""

    code = "frozen"
    status = 503

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def in_force(places: QuerySet[Freeze] | None = None) -> QuerySet[Freeze]:
    """The freezes that hold now. One whose end has come is over, whether anybody has written that down or not."""
    rows = Freeze.objects.all() if places is None else places
    return rows.filter(Q(until=None) | Q(until__gt=ControlNow()), ended_at=None).order_by("place", "id")


def freeze_of(place: str) -> Freeze | None:
    """What keeps operations at this place from going on, if anything does."""
    return in_force(Freeze.objects.filter(place__in={"", place})).first()


def frozen_places() -> set[str]:
    """Where no new work is taken now; the empty one stands for everywhere."""
    return set(in_force().order_by().values_list("place", flat=True))


def check_not_frozen(place: str) -> None:
    """Refused: Frozen."""
    found = freeze_of(place)
    if found is None:
        return
    until = f" until {found.until:%Y-%m-%d %H:%M} UTC" if found.until else ""
    where = f" on {found.place_name}" if found.place else ""
    raise Frozen(f"No new work is taken{where}{until}: {found.reason}", retry_after_s=_retry_after(found))


def _retry_after(found: Freeze) -> int:
    left = found.until - control_now() if found.until else ASK_AGAIN
    return max(1, round(left.total_seconds()))


def freeze(
    *, by: Actor, reason: str, place: str = "", place_name: str = "", until: datetime | None = None, code: str = ""
) -> Freeze:
    """No new work from now on, at a place or (without one) anywhere. Refused: Invalid; Refused, when it is frozen.

    `code` says what a freeze of our own is for; a person's has none.
    """
    if not reason.strip():
        raise Invalid("Say why: everybody who is refused will read it.", field="reason")
    with transaction.atomic():
        _write_down_ends()
        if until is not None and until <= control_now():
            raise Invalid("The end of a freeze lies in the future.", field="until")
        with refusing_violations(), transaction.atomic():
            made = Freeze.objects.create(
                place=place,
                place_name=place_name,
                code=code,
                reason=reason.strip()[:500],
                actor_kind=by.kind,
                actor_name=by.name,
                began_at=control_now(),
                until=until,
            )
        _record(by, made, "platform.freeze", reason=made.reason, until=str(until or ""))
        return made


def thaw(*, by: Actor, freeze: Freeze, reason: str = "") -> Freeze:
    """New work is taken again, and what stood still goes on at once. Thawing twice is once."""
    with transaction.atomic():
        locked = Freeze.objects.select_for_update(no_key=True).get(pk=freeze.pk)
        if locked.ended_at is not None:
            return locked
        locked.ended_at, locked.ended_by = control_now(), by.name
        locked.save(update_fields=["ended_at", "ended_by"])
        _record(by, locked, "platform.thaw", reason=reason)
        transaction.on_commit(lambda: wake_stopped(locked.place), robust=True)
        return locked


def thaw_own(*, by: Actor, place: str, code: str, reason: str) -> bool:
    """End a freeze of our own, if there is one. Returns whether there was."""
    found = Freeze.objects.filter(place=place, code=code, ended_at=None).first()
    if found is None:
        return False
    thaw(by=by, freeze=found, reason=reason)
    return True


def wake_stopped(place: str) -> int:
    """Let what stood still look whether it may go on. Returns how many."""
    stopped = Operation.objects.filter(state=Operation.State.WAITING, stopped_since__isnull=False)
    if place:
        stopped = stopped.filter(place=place)
    found = list(stopped.order_by("due_at", "pk").values_list("pk", flat=True))
    for operation_id in found:
        make_due(operation_id)
    return len(found)


def keep_parked(places: set[str]) -> int:
    """The controller's part: at these places nobody can see how a task ends, so what waits for one has no deadline.

    Elsewhere time goes on again: what it stood still is added to the deadline. Returns how many changed.
    """
    parked = Operation.objects.filter(state=Operation.State.PARKED)
    if not places and not parked.filter(stopped_since__isnull=False).exists():
        return 0  # at nearly every tick
    changed = 0
    with transaction.atomic():  # a row that is held is just being driven, or woken: the next tick sees what it became
        halted = parked.filter(place__in=places, stopped_since=None)
        held = list(halted.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
        changed += Operation.objects.filter(pk__in=held).update(stopped_since=ControlNow(), due_at=None)
        freed = parked.filter(stopped_since__isnull=False).exclude(place__in=places)
        for row in list(freed.select_for_update(skip_locked=True, no_key=True)):
            row.deadline_at += control_now() - row.stopped_since
            row.due_at, row.stopped_since = row.deadline_at, None
            row.save(update_fields=["deadline_at", "due_at", "stopped_since"])
            changed += 1
    return changed


def _write_down_ends() -> None:
    over = Freeze.objects.filter(ended_at=None, until__lte=ControlNow())
    over.update(ended_at=F("until"), ended_by="its own end")


def _record(by: Actor, row: Freeze, action: str, *, reason: str, **after: str) -> None:
    resource = Resource("freeze", row.pk, str(row))
    record(by=by, tenant=platform_tenant(), action=action, resource=resource, reason=reason, after=after)
