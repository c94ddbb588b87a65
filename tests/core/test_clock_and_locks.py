"""The one clock and the registry of advisory locks."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from core.clock import ControlNow, control_now
from core.locks import AdvisoryLock, lock_for_transaction, try_lock_for_session
from core.rows import new_id
from tenants.models import Tenant
from tests.together import together


@pytest.mark.django_db
def test_the_clock_moves_on_within_a_transaction():
    first = control_now()
    assert first < control_now()
    assert first.tzinfo is not None


@pytest.mark.django_db
def test_the_clock_is_the_same_in_python_and_in_a_query_also_when_it_is_shifted():
    Tenant.objects.create(reference="TENANT-1", name="x")
    before = control_now()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_clock SET shift = shift + '1 hour'")
    queried = Tenant.objects.annotate(now=ControlNow()).values_list("now", flat=True)[0]
    assert before + timedelta(hours=1) < queried < control_now() < before + timedelta(hours=2)


def test_ids_are_uuids_of_version_7_that_follow_one_another():
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(set(ids))
    assert {made.version for made in ids} == {7}


def test_no_two_locks_have_the_same_number():
    assert list(AdvisoryLock.__members__.values()) == list(AdvisoryLock)


@pytest.mark.django_db(transaction=True)
def test_a_session_s_lock_is_had_by_one_at_a_time():
    all_have_tried = Barrier(4, timeout=30)

    def take(_):
        had = try_lock_for_session(AdvisoryLock.CONTROLLER)
        all_have_tried.wait()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")  # the pool keeps the session
        return had

    assert sorted(together(4, take)) == [False, False, False, True]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_s_lock_lets_one_in_after_the_other():
    inside: list[int] = []

    def act(number):
        with transaction.atomic():
            lock_for_transaction(AdvisoryLock.BOOTSTRAP)
            inside.append(number)
            control_now()  # a round trip: another one would step in here
            assert inside[-1] == number
            inside.append(number)

    assert together(4, act) == [None] * 4
    assert inside[::2] == inside[1::2]
