"""What our long-running processes share: none outlives its parent, no pool of connections survives a fork, all can wait
for the signal to end.

Decides: what happens at a parent's death, at a fork and at that signal. Not: who starts whom (supervisor, or systemd).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies, if the parent asked for it by SUPERVISOR_PID in our environment.

    The check afterwards closes the gap in which the parent may have died already.
    """
    parent = os.environ.get("SUPERVISOR_PID")
    if not parent:
        return
    _ask_for_death_signal(signal.SIGTERM)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)


def keep_forks_clean() -> None:
    """For a process that forks workers: they die with it, inherit no pool (its threads would be missing), and their
    signals are their own (what wakes a StopSignal would tell the parent of them).
    """
    os.register_at_fork(before=_close_pools, after_in_child=_become_a_worker)


def keep_one_connection() -> None:
    """For a process that needs a session: one connection for as long as it works, none from a pool. One that broke is
    never replaced in the middle of something.
    """
    database = connections.settings["default"]
    database["OPTIONS"].pop("pool", None)
    database["CONN_MAX_AGE"] = None
    database["CONN_HEALTH_CHECKS"] = False


class StopSignal:
    """SIGTERM or SIGINT, as something to wait for. Both may come many times: the kernel tells of a parent's death once
    for each of its threads. So no handler of ours does anything: one that sets an Event waits for ever for the Event's
    lock when it breaks into itself.
    """

    def __init__(self) -> None:
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def fileno(self) -> int:
        """So that it can be waited for together with other things."""
        return self._reader

    def came(self, *, within: float = 0) -> bool:
        """Whether one has come, or comes within so many seconds."""
        return bool(select.select([self._reader], [], [], within)[0])


def _become_a_worker() -> None:
    signal.set_wakeup_fd(-1)
    _ask_for_death_signal(signal.SIGKILL)


def _close_pools() -> None:
    for connection in connections.all(initialized_only=True):
        assert isinstance(connection, DatabaseWrapper)  # PostgreSQL only
        connection.close()
        connection.close_pool()


def _ask_for_death_signal(number: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number))
