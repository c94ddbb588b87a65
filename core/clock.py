"""What time it is, where behaviour depends on it: PostgreSQL's clock, the same for every process.

Decides: the one function that leases, rests, due times and deadlines are judged by. Not: time stamps for people.
"""

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Func


class ControlNow(Func):
    """PostgreSQL's `control_now()` in a query. Unlike now(), it moves on within a transaction."""

    function = "control_now"
    output_field = DateTimeField()

    def __init__(self) -> None:
        super().__init__()


def control_now() -> datetime:
    """The same clock, read into Python."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT control_now()")
        row = cursor.fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment
