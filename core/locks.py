"""The registry of PostgreSQL advisory locks: every number we take, in one place. Never reuse a number.

Decides: which numbers mean what. Not: row locks, which the services take where they need them.
"""

from enum import IntEnum

from django.db import connection


class AdvisoryLock(IntEnum):
    CONTROLLER = 4301  # the leading controller holds it for as long as its connection lives
    BOOTSTRAP = 4302  # one bootstrap at a time; held for its transaction


def lock_for_transaction(lock: AdvisoryLock) -> None:
    """Wait for the lock and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(lock)])


def holds_for_session(lock: AdvisoryLock) -> bool:
    """Whether this very connection has the lock: it may have been replaced by a new one meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks JOIN pg_database AS d ON d.oid = database"
            " WHERE locktype = 'advisory' AND objid = %s AND granted AND pid = pg_backend_pid()"
            " AND d.datname = current_database())",
            [int(lock)],
        )
        row = cursor.fetchone()
    assert row is not None
    return bool(row[0])


def try_lock_for_session(lock: AdvisoryLock) -> bool:
    """Take the lock for as long as this connection lives, or say that somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [int(lock)])
        row = cursor.fetchone()
    assert row is not None
    return bool(row[0])


def unlock_for_session(lock: AdvisoryLock) -> None:
    """Give it to whoever asks next, without ending the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [int(lock)])
