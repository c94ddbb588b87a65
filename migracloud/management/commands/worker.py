"""`manage.py worker`: django-q2's qcluster, whose children die with it.

Decides: what surrounds the qcluster, and its heartbeat. Not: what a task does (operations/tasks.py).
"""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django_q import cluster as django_q_cluster

from migracloud.processes import die_with_parent, keep_forks_clean, keep_one_connection
from migracloud.sentinel import WatchfulSentinel
from operations.heartbeats import Kind, Pulse


class Command(BaseCommand):
    help = "Run the workers (a django-q2 cluster). WORKERS says how many."

    def handle(self, *args: Any, **options: Any) -> None:
        die_with_parent()
        keep_forks_clean()
        django_q_cluster.Sentinel = WatchfulSentinel
        cluster = django_q_cluster.Cluster()
        # Told to end together with its children (systemd's way, a terminal's): django-q's own handler would wait within
        # the signal for children that are gone already.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=cluster.stop, daemon=True).start())
        cluster.start()
        keep_one_connection()  # all forks of this process are made; its own beats need no pool
        pulse = Pulse(Kind.WORKER)
        while cluster.sentinel.is_alive():
            pulse.beat_if_due()
            connection.close()
            cluster.sentinel.join(pulse.rest)
        pulse.stop()
        if cluster.sentinel.exitcode:
            raise CommandError("The workers have ended: see above. They have to be started again.")
