"""`manage.py worker`: django-q2's qcluster, whose children die with it, and which ends without interrupting anything.

Decides: what surrounds the qcluster, its heartbeat, and how long an orderly end may take.
Not: what a task does (operations/tasks.py), nor how an operation is handed back (operations/stopping.py).

SIGTERM or SIGINT, to this process or to all of its group: no hint is taken any more, each worker comes to its next safe
point and hands its operation back, hints that were taken and not begun are sent again, and the status is 0. Any number
of these commands may run, on any number of machines, on one database.
"""

from __future__ import annotations

import logging
import os
import time
from multiprocessing.connection import wait
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django_q import cluster as django_q_cluster

from migracloud.processes import StopSignal, die_with_parent, keep_forks_clean, keep_one_connection
from migracloud.sentinel import WatchfulSentinel
from operations import stopping
from operations.heartbeats import Kind, Pulse

log = logging.getLogger(__name__)

# Seconds for the steps under way: a few calls to Proxmox, of at most 35 seconds each. Then it is as if it had crashed.
STOP_PATIENCE = 120.0


class Command(BaseCommand):
    help = "Run the workers (a django-q2 cluster). WORKERS says how many."

    def handle(self, *args: Any, **options: Any) -> None:
        die_with_parent()
        keep_forks_clean()
        django_q_cluster.Sentinel = WatchfulSentinel
        cluster = django_q_cluster.Cluster()
        stop = StopSignal()  # instead of the cluster's own handlers, which wait for the end within the signal
        cluster.start()
        keep_one_connection()  # all forks of this process are made; its own beats need no pool
        pulse = Pulse(Kind.WORKER)
        self._watch(cluster, stop, pulse)
        pulse.stop()
        if cluster.sentinel.exitcode:
            raise CommandError("The workers have ended: see above. They have to be started again.")

    def _watch(self, cluster: Any, stop: StopSignal, pulse: Pulse) -> None:
        """Until the guard and all its workers have ended."""
        end_by: float | None = None
        while cluster.sentinel.is_alive():
            pulse.beat_if_due()
            connection.close()
            awaited = [cluster.sentinel.sentinel, *([stop] if end_by is None else [])]
            wait(awaited, timeout=pulse.rest)
            if end_by is None and stop.came():
                log.info("told to end: operations are handed back at their next safe point")
                end_by = time.monotonic() + STOP_PATIENCE
                stopping.ask()
                cluster.stop_event.set()
            if end_by is not None and time.monotonic() > end_by:
                self._give_up()

    def _give_up(self) -> None:
        log.critical("not ended %d s after being told to: the workers are killed", STOP_PATIENCE)
        logging.shutdown()
        os._exit(1)  # the workers die with this process
