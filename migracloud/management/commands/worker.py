"""`manage.py worker`: django-q2's qcluster, whose children die with it.

Decides: what surrounds the qcluster. Not: what a task does (operations/tasks.py).
"""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_q import cluster as django_q_cluster

from migracloud.processes import die_with_parent, keep_forks_clean
from migracloud.sentinel import WatchfulSentinel


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
        cluster.sentinel.join()
        if cluster.sentinel.exitcode:
            raise CommandError("The workers have ended: see above. They have to be started again.")
