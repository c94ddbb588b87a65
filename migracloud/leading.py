"""Which controller leads: the one whose database session holds the advisory lock; the others ask for it every second.

Decides: how the lead is won, noticed to be lost, and given up, and how PostgreSQL notices a leader's end.
Not: what a leader does (`manage.py controller`). Two leaders would do no harm, only double calls.

A leader's end is seen by PostgreSQL as the end of its session. Killed, its machine's kernel closes the connection at
once. When the machine or the way to it is gone, nobody closes anything: TCP asks each second, and gives up after three
without an answer. A leader that is paused (SIGSTOP, a suspended machine) looks like a quiet one; PostgreSQL ends its
session after five minutes of silence. Until then nobody leads, and the heartbeat monitor hears nothing. Whoever led
and goes on afterwards finds its session gone, and asks for the lock like all others.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import Error, connection, connections

from core.locks import AdvisoryLock, holds_for_session, try_lock_for_session, unlock_for_session

log = logging.getLogger(__name__)

LOCK = AdvisoryLock.CONTROLLER
STANDBY = 1.0  # seconds at most between two questions for the lock

# How our end notices that PostgreSQL's machine is gone; means nothing to a socket on this machine.
OUR_END = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 2, "tcp_user_timeout": 3000}

# How PostgreSQL notices that ours is; also while it works on a long query, and when we are only paused.
ITS_END = {
    "tcp_keepalives_idle": "1s",
    "tcp_keepalives_interval": "1s",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "3s",
    "client_connection_check_interval": "1s",
    "idle_session_timeout": "5min",
    "idle_in_transaction_session_timeout": "1min",
}

# How long a leader waits for a row that somebody holds, who may be paused or gone: the other parts of its tick go on.
PATIENCE = {"lock_timeout": "5s"}


def notice_a_dead_network() -> None:
    """For this process's connections from here on."""
    connections.settings["default"]["OPTIONS"] |= OUR_END


class Leadership:
    """The lead, as one process has it or not. It is bound to one connection: a new one does not lead."""

    def __init__(self) -> None:
        self._session: Any = None
        self._leads = False

    def won(self) -> bool:
        """Ask PostgreSQL: whether we lead, or do from now on."""
        connection.ensure_connection()
        if connection.connection is not self._session:
            self._begin_session()
        self._leads = holds_for_session(LOCK) or self._take()
        return self._leads

    @property
    def stands(self) -> bool:
        """Whether nothing has happened to the connection since; asks nobody."""
        return self._leads and connection.connection is self._session

    def give_up(self) -> None:
        """To whoever asks next."""
        if self.stands:
            self._leads = False
            try:
                unlock_for_session(LOCK)
            except Error:
                log.warning("the database is away: the lead ends with the session")

    def _take(self) -> bool:
        taken = try_lock_for_session(LOCK)
        if taken:
            log.info("this controller leads")
        elif self._leads:
            log.warning("this controller leads no more: another one does")
        return taken

    def _begin_session(self) -> None:
        with connection.cursor() as cursor:
            for name, value in (ITS_END | PATIENCE).items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
        self._session = connection.connection
