"""`manage.py worker`: django-q2's qcluster, whose children die with it.

Decides: what surrounds the qcluster. Not: what a task does (operations/tasks.py).
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django_q.cluster import Cluster

from migracloud.processes import die_with_parent, keep_forks_clean


class Command(BaseCommand):
    help = "Run the workers (a django-q2 cluster). WORKERS says how many."

    def handle(self, *args: Any, **options: Any) -> None:
        die_with_parent()
        keep_forks_clean()
        Cluster().start()
