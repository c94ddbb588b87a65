"""A machine of ours that vanishes, or a process that is paused, holds its rows in PostgreSQL for a minute at most.

Decides: what PostgreSQL is told of each connection. Not: that it keeps to it (its own tests), nor the leader's
(test_two_controllers.py).
"""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connections

from migracloud import database

pytestmark = pytest.mark.django_db


def setting(alias: str, name: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        [found] = cursor.fetchone() or [""]
    return str(found)


@pytest.mark.parametrize(("name", "value"), database.OUR_END_IS_GONE.items())
def test_site_and_workers_are_given_up_when_they_say_nothing_more_within_a_transaction(name: str, value: str) -> None:
    """Of TCP too; a socket of this machine answers 0 to that."""
    assert setting("default", name) == ("0" if name.startswith("tcp_") else value)


def test_a_migration_may_take_as_long_as_it_takes() -> None:
    assert "options" not in settings.DATABASES["owner"]["OPTIONS"]


def test_what_database_url_says_of_a_session_stands_and_comes_last() -> None:
    config = database.django_settings("postgresql://u@h/d?options=-c%20idle_in_transaction_session_timeout%3D5s")
    told = database.with_its_end(config["OPTIONS"])["options"]
    assert told.startswith("-c ")
    assert told.endswith(" -c idle_in_transaction_session_timeout=5s")
