"""/health/live and /health/ready, asked as machines ask: by address, over plain HTTP."""

from __future__ import annotations

import pytest
from django.db import connection, connections
from django.test import Client

from migracloud import health
from operations import heartbeats


@pytest.fixture
def strict(settings) -> Client:
    """The site as in production."""
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["cloud.example.net"]
    return Client(headers={"host": "10.0.0.7:8000"})


@pytest.fixture
def no_database(monkeypatch):
    """No socket is there."""
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", "/nowhere")


def test_live_answers_whatever_the_host_and_asks_no_database(strict):
    # without the mark django_db: a query would be refused
    answer = strict.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


@pytest.mark.django_db
def test_ready_answers_whatever_the_host_and_tells_who_was_last_seen(strict):
    heartbeats.beat("worker")
    answer = strict.get("/health/ready")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    seen = body["seconds_since_last_seen"]
    assert (seen["site"], seen["controller"]) == (None, None)
    assert 0 <= seen["worker"] < heartbeats.LATE.total_seconds()


@pytest.mark.django_db
def test_a_site_without_workers_is_ready_all_the_same(client):
    assert client.get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_without_its_database_it_is_not_ready_but_alive(client, no_database):
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert "PostgreSQL cannot be reached" in answer.json()["reason"]
    assert "/nowhere" not in answer.text
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_with_a_migration_missing_it_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health, "_wanted", lambda: frozenset({("pods", "0001_initial"), ("pods", "9999_to_come")}))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["reason"]) == (
        503,
        "Migrations that are not applied: 1. Run: manage.py migrate",
    )


@pytest.mark.django_db
def test_all_migrations_of_this_release_are_asked_for():
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        assert health._wanted() == frozenset(cursor.fetchall())


def test_only_reading_is_answered(client):
    assert client.post("/health/live").status_code == 405
    assert client.head("/health/live").status_code == 200
