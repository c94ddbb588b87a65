"""`manage.py controller`: looks at what is waited for, wakes it, sends due hints again, and has each cluster seen.

Decides: the rhythm, and that one controller leads. Not: what a tick does (clusters/observe.py, operations/wake.py,
migracloud/observing.py).
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from clusters.looks import Looks
from clusters.observe import wake_parked
from core.locks import AdvisoryLock, holds_for_session, try_lock_for_session
from migracloud.observing import observe, observe_now
from migracloud.processes import StopSignal, die_with_parent, keep_one_connection
from operations.claims import end_leases_of_dead_workers
from operations.heartbeats import PERIOD, Kind, Pulse
from operations.lanes import admit_everywhere
from operations.wake import resend_due_hints

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Watch the tasks of the data plane, wake the operations that wait for them, send due hints again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tick", type=float, default=0.25, help="seconds between two looks (default 0.25)")
        parser.add_argument("--once", action="store_true", help="one look, then end")

    def handle(self, *args: Any, tick: float, once: bool, **options: Any) -> None:
        if not 0.05 <= tick <= 60:
            self.stderr.write("--tick has to be between 0.05 and 60 seconds")
            raise SystemExit(2)
        die_with_parent()
        keep_one_connection()  # the leader's lock lives and dies with it
        stop = None if once else StopSignal()
        looks, pulse = Looks(), Pulse(Kind.CONTROLLER)
        while stop is None or not stop.came():
            try:
                if not once:
                    pulse.beat_if_due()  # also one that does not lead: it is there
                if self._lead():
                    look()
                    (observe_now if once else observe)(looks)
            except (OperationalError, InterfaceError) as error:
                log.warning("the database is away: %s", error)
                connection.close()
            if stop is None:
                return
            self._rest(tick, stop, pulse)
        pulse.stop()

    def _rest(self, tick: float, stop: StopSignal, pulse: Pulse) -> None:
        until = time.monotonic() + tick
        while (left := until - time.monotonic()) > 0 and not stop.came(within=min(left, PERIOD)):
            pulse.beat_if_due()

    def _lead(self) -> bool:
        """Two controllers would do no harm, only double calls: one leads, the others wait for its end."""
        if holds_for_session(AdvisoryLock.CONTROLLER):
            return True
        if try_lock_for_session(AdvisoryLock.CONTROLLER):
            log.info("this controller leads")
            return True
        return False


def look() -> None:
    """One tick."""
    end_leases_of_dead_workers()
    wake_parked()
    admit_everywhere()
    resend_due_hints()
