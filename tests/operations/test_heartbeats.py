"""Heartbeats: who lives, who was last seen when, and that the admin says on every page who is missing."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError
from django.urls import reverse

from clusters.freshness import moment
from core.clock import control_now
from operations import heartbeats
from operations.heartbeats import LATE, Kind, Pulse, beat, forget_old, last_seen
from operations.models import Heartbeat
from operations.workers import worker_name
from tests.desk import desk, rows, staff
from tests.work import Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    """Let PostgreSQL's clock jump."""
    return Work(None).pass_time  # type: ignore[arg-type]


def test_a_process_has_one_row_however_often_it_beats(clock):
    beat(Kind.WORKER)
    first = Heartbeat.objects.get()
    clock(seconds=5)
    beat(Kind.WORKER)
    second = Heartbeat.objects.get()
    assert (second.pk, second.process, second.started_at) == (first.pk, worker_name(), first.started_at)
    assert second.seen_at - first.seen_at >= timedelta(seconds=5)
    assert f":{os.getpid()}:" in second.process


def test_the_newest_of_a_kind_counts_and_those_seen_of_late_are_alive(clock):
    old = control_now() - timedelta(minutes=3)
    Heartbeat.objects.create(kind=Kind.WORKER, process="killed", started_at=old, seen_at=old)
    seen = last_seen()[Kind.WORKER]
    assert (seen.at, seen.alive, seen.missing) == (old, 0, True)
    beat(Kind.WORKER)
    seen = last_seen()[Kind.WORKER]
    assert (seen.alive, seen.missing) == (1, False)
    assert seen.age is not None
    assert seen.age < LATE
    clock(seconds=31)
    assert last_seen()[Kind.WORKER].missing


def test_a_kind_that_nobody_ever_saw_is_missing(django_assert_num_queries):
    with django_assert_num_queries(1):
        seen = last_seen()
    assert set(seen) == {"site", "worker", "controller"}
    assert all(one.missing and one.at is None for one in seen.values())


def test_an_orderly_end_removes_the_own_row_only():
    Heartbeat.objects.create(kind=Kind.WORKER, process="other", started_at=control_now(), seen_at=control_now())
    pulse = Pulse(Kind.WORKER)
    pulse.beat_if_due()
    assert Heartbeat.objects.count() == 2
    pulse.stop()
    assert [row.process for row in Heartbeat.objects.all()] == ["other"]


def test_rows_of_killed_processes_are_forgotten_after_a_day(clock):
    beat(Kind.SITE)
    clock(hours=23)
    assert forget_old() == 0
    clock(hours=2)
    assert forget_old() == 1


def test_a_pulse_beats_when_it_is_due_and_not_before(clock):
    pulse = Pulse(Kind.CONTROLLER)
    pulse.beat_if_due()
    assert 0 < pulse.rest <= heartbeats.PERIOD
    before = Heartbeat.objects.get().seen_at
    clock(seconds=60)
    pulse.beat_if_due()
    assert Heartbeat.objects.get().seen_at == before


@pytest.mark.parametrize("error", [OperationalError, DatabaseError])
def test_a_database_that_is_away_breaks_off_no_process_and_is_told_once(monkeypatch, caplog, error):
    def away(*_: object) -> None:
        raise error("no connection")

    monkeypatch.setattr(heartbeats, "beat", away)
    monkeypatch.setattr(heartbeats, "PERIOD", 0.0)
    pulse = Pulse(Kind.WORKER)
    pulse.beat_if_due()
    pulse.beat_if_due()
    assert [record.getMessage() for record in caplog.records] == ["the heartbeat cannot be written: no connection"]


# The admin


def alerts(client, url=None):
    html = client.get(url or reverse("admin:index")).text
    return [kind for kind in ("worker", "controller", "site") if f"No {kind} has been seen" in html]


def test_every_page_says_that_workers_and_controller_are_missing_and_what_to_do():
    client = desk()
    for url in (reverse("admin:index"), rows(Heartbeat), reverse("admin:password_change")):
        assert alerts(client, url) == ["worker", "controller"], url
    html = client.get(rows(Heartbeat)).text
    assert "start manage.py worker" in html
    assert "start manage.py controller" in html


def test_it_says_since_when(clock):
    beat(Kind.WORKER)
    at = Heartbeat.objects.get().seen_at
    clock(seconds=31)
    assert f"No worker has been seen since {moment(at)} (" in desk().get(reverse("admin:index")).text


def test_it_says_nothing_of_those_that_are_there():
    Heartbeat.objects.create(kind=Kind.CONTROLLER, process="c", started_at=control_now(), seen_at=control_now())
    assert alerts(desk()) == ["worker"]
    beat(Kind.WORKER)
    assert alerts(desk()) == []


def test_people_with_few_rights_are_told_too_strangers_not(client):
    assert alerts(desk(staff())) == ["worker", "controller"]
    assert alerts(client, reverse("admin:login")) == []
