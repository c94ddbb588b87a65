"""Heartbeat: which of our own processes were seen alive, and when.

Decides: the row. Not: the rhythm, nor who counts as missing (operations/heartbeats.py).
"""

from __future__ import annotations

from django.db import models

from core.rows import Row


class Heartbeat(Row):
    """When a process of ours was last seen alive. Its row goes some time after the process."""

    class Kind(models.TextChoices):
        SITE = "site"
        WORKER = "worker"
        CONTROLLER = "controller"

    kind = models.CharField(max_length=10, choices=Kind)
    process = models.CharField(max_length=100, unique=True, help_text="host:pid:start:place, as workers are named")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "process"
        verbose_name_plural = "processes"
        ordering = ["kind", "process"]

    def __str__(self) -> str:
        return f"{self.kind} {self.process}"
