"""Two controllers on one database: one leads, the other takes over within five seconds of its end, whichever it was.

Decides: who leads when, and that whoever has lost the lead does nothing more. Not: what a leader does.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from core.locks import AdvisoryLock
from demo.handle import FakeHandle
from migracloud.leading import ITS_END, PATIENCE, Leadership
from migracloud.management.commands.controller import Command
from operations.models import Operation
from pods.services import create_pod
from tests.cast import Person
from tests.fleet import Fleet, fleet, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROMISED = 5.0  # seconds
LEADS, LEADS_NO_MORE = "this controller leads", "this controller leads no more"


def times_won(running: Fleet, name: str) -> int:
    return sum(line.endswith(LEADS) for line in running.lines(name))


def sessions_that_hold_the_lock() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE locktype = 'advisory'"
            " AND objid = %s AND granted AND datname = current_database()",
            [int(AdvisoryLock.CONTROLLER)],
        )
        return [pid for (pid,) in cursor.fetchall()]


def end_session(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Fleet]:
    """The first one leads; the other, which is there, does not."""
    with fleet(tmp_path, "controller") as running:
        until(lambda: times_won(running, "controller"))
        running.start("controller-b")
        until(lambda: _processes_seen() == 2)
        assert times_won(running, "controller-b") == 0
        yield running


def _processes_seen() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM operations_heartbeat WHERE kind = 'controller'")
        [count] = cursor.fetchone() or [0]
    return int(count)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_other_takes_over_when_the_leader_ends(
    plane: FakeHandle, world: object, alice: Person, two: Fleet, number: signal.Signals
) -> None:
    plane.hold_tasks()
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    two.start("worker")
    until(lambda: Operation.objects.filter(pk=operation.pk, state=Operation.State.PARKED).exists())
    two.processes["controller"].send_signal(number)
    until(lambda: times_won(two, "controller-b"), within=PROMISED)
    plane.release_tasks()
    until(lambda: Operation.objects.filter(pk=operation.pk, state=Operation.State.SUCCEEDED).exists())
    assert two.ended("controller") == (0 if number == signal.SIGTERM else -number)


def test_the_other_takes_over_when_the_leader_has_lost_its_session(two: Fleet) -> None:
    [session] = sessions_that_hold_the_lock()
    end_session(session)
    until(lambda: times_won(two, "controller") + times_won(two, "controller-b") == 2, within=PROMISED)
    assert len(sessions_that_hold_the_lock()) == 1


def test_a_leader_that_was_paused_and_replaced_leads_no_more_when_it_goes_on(two: Fleet) -> None:
    """PostgreSQL ends the session of one that is silent for five minutes; here we do it in its place."""
    two.processes["controller"].send_signal(signal.SIGSTOP)
    [session] = sessions_that_hold_the_lock()
    end_session(session)
    until(lambda: times_won(two, "controller-b"), within=PROMISED)
    two.processes["controller"].send_signal(signal.SIGCONT)
    until(lambda: any(LEADS_NO_MORE in line for line in two.lines("controller")))
    assert len(sessions_that_hold_the_lock()) == 1

    two.end("controller-b", number=signal.SIGKILL)
    until(lambda: times_won(two, "controller") == 2, within=PROMISED)


# In this process


@pytest.fixture
def command() -> Iterator[Command]:
    made = Command()
    made.leadership = Leadership()
    yield made
    new_session()


def new_session() -> None:
    """Not the pool's old one."""
    connection.connection.close()
    connection.close()
    connection.ensure_connection()


def test_a_tick_ends_when_its_session_was_replaced(command: Command) -> None:
    done: list[str] = []
    command._tick(new_session, lambda: done.append("on a session without the lock"), may_go_on=lambda: True)
    assert done == []
    assert not command.leadership.stands
    assert sessions_that_hold_the_lock() == []
    command._repair_at = 0  # a second later
    command._tick(lambda: done.append("as the leader"), may_go_on=lambda: True)
    assert done == ["as the leader"]


def test_a_row_that_somebody_holds_for_long_breaks_off_one_part_only_and_the_lead_stands(command: Command) -> None:
    done: list[str] = []

    def wait_for_a_row() -> None:
        raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()

    command._tick(wait_for_a_row, lambda: done.append("the next part"), may_go_on=lambda: True)
    assert done == ["the next part"]
    assert command.leadership.stands


def test_whoever_does_not_lead_does_nothing(tmp_path: Path, command: Command) -> None:
    done: list[str] = []
    with fleet(tmp_path, "controller") as running:
        until(lambda: times_won(running, "controller"))
        command._tick(lambda: done.append("as well"), may_go_on=lambda: True)
    assert done == []


def test_a_lead_that_was_given_up_is_anybody_s_at_once(command: Command) -> None:
    assert command.leadership.won()
    assert len(sessions_that_hold_the_lock()) == 1
    command.leadership.give_up()
    assert not command.leadership.stands
    assert sessions_that_hold_the_lock() == []


def test_postgresql_is_told_how_long_a_silent_leader_counts(command: Command) -> None:
    """Of TCP too; a socket of this machine answers 0 to that."""
    assert command.leadership.won()
    for name, value in (ITS_END | PATIENCE).items():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(%s)", [name])
            [found] = cursor.fetchone() or [None]
        assert found == ("0" if name.startswith("tcp_") else value), name
