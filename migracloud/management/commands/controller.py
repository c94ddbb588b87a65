"""`manage.py controller`: looks at what is waited for, wakes it, sends due hints again, and has each cluster seen.

Decides: the rhythm, that one controller leads, and when it breaks off. Not: what a tick does (clusters/observe.py,
operations/wake.py, migracloud/observing.py), nor how the lead is won and lost (migracloud/leading.py).

Any number of these commands may run, on any number of machines, on one database: one leads, the others take over within
five seconds of its death. SIGTERM or SIGINT: the part of the tick under way is finished, and the lead given up at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, InternalError, OperationalError, connection
from psycopg.errors import LockNotAvailable

from clusters.looks import Looks
from clusters.observe import Rhythm, wake_parked
from migracloud.leading import STANDBY, Leadership, notice_a_dead_network
from migracloud.monitor import Monitor
from migracloud.observing import observe, observe_now
from migracloud.processes import StopSignal, die_with_parent, keep_one_connection
from operations.cancelling import honour_left_behind
from operations.claims import end_leases_of_dead_workers
from operations.heartbeats import PERIOD, Kind, Pulse
from operations.hints import resend_due_hints
from operations.lanes import admit_everywhere
from operations.ordering import promote_left_behind
from pods.services import purge_due

log = logging.getLogger(__name__)

# What workers that died have left undone, and what comes when it is time for it: usually nobody waits for that.
REPAIR_EVERY = 1.0  # seconds
REPAIRS: tuple[Callable[[], object], ...] = (
    end_leases_of_dead_workers,
    admit_everywhere,
    promote_left_behind,
    honour_left_behind,
    purge_due,
    resend_due_hints,
)


class Command(BaseCommand):
    help = "Watch the tasks of the data plane, wake the operations that wait for them, send due hints again."

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rhythm, self._repair_at = Rhythm(), 0.0

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tick", type=float, default=0.25, help="seconds between two looks (default 0.25)")
        parser.add_argument("--once", action="store_true", help="one look, then end")

    def handle(self, *args: Any, tick: float, once: bool, **options: Any) -> None:
        if not 0.05 <= tick <= 60:
            self.stderr.write("--tick has to be between 0.05 and 60 seconds")
            raise SystemExit(2)
        die_with_parent()
        keep_one_connection()  # the leader's lock lives and dies with it
        notice_a_dead_network()
        self.leadership, self.looks = Leadership(), Looks()
        if once:
            self._tick(partial(observe_now, self.looks), may_go_on=lambda: True)
        else:
            self._go_on(tick, StopSignal())

    def _go_on(self, tick: float, stop: StopSignal) -> None:
        pulse, monitor = Pulse(Kind.CONTROLLER), Monitor(settings.HEARTBEAT_URL, settings.HEARTBEAT_PERIOD)
        while not stop.came():
            pulse.beat_if_due()  # also one that does not lead: it is there
            self._tick(partial(observe, self.looks), monitor.tell_if_due, may_go_on=lambda: not stop.came())
            self._rest(tick if self.leadership.stands else min(tick, STANDBY), stop, pulse)
        self.leadership.give_up()
        pulse.stop()

    def _tick(self, *more: Callable[[], object], may_go_on: Callable[[], bool]) -> None:
        """If we lead: each part, until the lead is lost. What comes last is done only when all before went well."""
        try:
            if self.leadership.won():
                for part in (self._wake, *self._due_now_and_then(more)):
                    if not self.leadership.stands or not may_go_on():
                        return
                    self._do(part)
        except (OperationalError, InterfaceError, InternalError) as error:
            log.warning("the database is away: %s", error)
            connection.close()

    def _do(self, part: Callable[[], object]) -> None:
        """A defect of ours in one part must not keep the others from their work, tick for tick; nor must a row that
        somebody holds for long: what waited for it is gone over again.
        """
        try:
            part()
        except (OperationalError, InterfaceError, InternalError) as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            log.warning("a part of the tick waited too long for a row that somebody holds: %s", error)
        except Exception:
            log.exception("a part of the tick broke off")

    def _wake(self) -> None:
        wake_parked(within=self.rhythm.within())

    def _due_now_and_then(self, more: tuple[Callable[[], object], ...]) -> tuple[Callable[[], object], ...]:
        if time.monotonic() < self._repair_at:
            return ()
        self._repair_at = time.monotonic() + REPAIR_EVERY
        return (*REPAIRS, *more)

    def _rest(self, tick: float, stop: StopSignal, pulse: Pulse) -> None:
        until = time.monotonic() + tick
        while (left := until - time.monotonic()) > 0 and not stop.came(within=min(left, PERIOD)):
            pulse.beat_if_due()
