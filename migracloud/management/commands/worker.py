"""`manage.py worker`: django-q2's qcluster, whose children die with it.

Decides: what surrounds the qcluster. Not: what a task does (operations/tasks.py).
"""

from __future__ import annotations

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
        cluster.start()
        cluster.sentinel.join()
        if cluster.sentinel.exitcode:
            raise CommandError("The workers have ended: see above. They have to be started again.")
