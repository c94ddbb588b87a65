"""Hints: sent again when they may have been lost, and never so many that the queue of a fleet at rest overflows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from operations import hints, wake
from operations.hints import resend_due_hints
from operations.lanes import admit_everywhere
from operations.models import Attempt, Lane, Operation
from operations.wake import Outcome
from pods.services import create_pod

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _clock_as_it_is(transactional_db) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_clock SET shift = '0'")


@pytest.fixture
def three(world, alice, plane):
    world.nodes["pve-02"].enabled = False
    world.nodes["pve-02"].save()
    plane.hold_tasks()
    return [create_pod(by=alice.actor, tenant=alice.tenant, hostname=name) for name in ("a", "b", "c")]


def a_minute_of_ticks(work) -> None:
    for _ in range(120):
        admit_everywhere()
        resend_due_hints()
        work.pass_time(seconds=0.5)


def test_while_no_worker_listens_each_is_hinted_at_every_few_seconds(three, work):
    OrmQ.objects.all().delete()
    a_minute_of_ticks(work)
    assert 3 <= OrmQ.objects.count() <= 3 * 60 / hints.HINT_PATIENCE.total_seconds() + 3


def test_who_may_enter_a_lane_is_not_hinted_at_in_every_tick(three, work):
    for operation in three:
        work.drive(operation)
    Lane.objects.update(capacity=3)
    OrmQ.objects.all().delete()
    a_minute_of_ticks(work)
    assert 2 <= OrmQ.objects.count() <= 2 * 60 / hints.HINT_PATIENCE.total_seconds() + 2


def test_a_queue_that_nobody_empties_gets_no_more_hints(three, work, monkeypatch):
    monkeypatch.setattr(hints, "MOST_HINTS", 2)
    Operation.objects.update(hinted_at=None)
    assert OrmQ.objects.count() >= 2
    assert resend_due_hints() == 0


def test_hints_that_a_dead_host_s_workers_had_taken_keep_none_from_being_sent_again(three, work, monkeypatch):
    """They stay in the queue, and are nobody else's, until their time is over."""
    monkeypatch.setattr(hints, "MOST_HINTS", 2)
    OrmQ.objects.update(lock=timezone.now() + timedelta(minutes=6))
    Operation.objects.update(hinted_at=None)
    assert OrmQ.objects.count() >= 2
    assert resend_due_hints() == 3


def test_however_many_hints_wait_what_has_long_been_due_is_hinted_at_now_and_then(three, work, monkeypatch):
    monkeypatch.setattr(hints, "MOST_HINTS", 2)
    assert OrmQ.objects.count() >= 2
    work.pass_time(seconds=hints.LONG_DUE.total_seconds() + 1)
    assert resend_due_hints() == 3
    work.pass_time(seconds=hints.HINT_PATIENCE.total_seconds() + 1)
    assert resend_due_hints() == 0


def test_a_queue_that_nobody_empties_for_hours_grows_to_an_end(three, work, monkeypatch):
    monkeypatch.setattr(hints, "MOST_HINTS", 2)
    monkeypatch.setattr(hints, "FAR_TOO_MANY", 8)
    for _ in range(60):
        work.pass_time(minutes=1)
        resend_due_hints()
    assert OrmQ.objects.count() == 8


def test_all_who_wait_for_one_task_are_woken(three, work):
    for operation in three:
        work.drive(operation)
    first = Attempt.objects.get()
    other = three[1]
    Attempt.objects.create(
        step=other.steps.get(name="clone"), direction="do", number=1, worker="w", begun_at=first.begun_at,
        wait_key=first.wait_key,
    )  # fmt: skip
    Operation.objects.filter(pk=other.pk).update(state="parked", due_at=None)
    assert wake.wake(str(first.wait_key), Outcome(ok=True))
    assert Operation.objects.filter(pk__in=[three[0].pk, other.pk], due_at__isnull=False).count() == 2
    assert not Attempt.objects.filter(outcome__isnull=True)
