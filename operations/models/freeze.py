"""Freeze: no new work is begun, everywhere or at one place, and what runs stands still at its next safe point.

Decides: the row. Not: who freezes and thaws, nor what follows (operations/freezing.py).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from audit.services import Actor
from core.errors import Refused, constraint_means
from core.rows import Row


class Freeze(Row):
    """`place` is empty for all work, else an operation's place. `code` is empty when a person froze; ours name why."""

    place = models.CharField(max_length=64, blank=True)
    place_name = models.CharField("where", max_length=100, blank=True, help_text="in words; empty: everywhere")
    code = models.CharField(max_length=64, blank=True, editable=False)
    reason = models.CharField(max_length=500)
    actor_kind = models.CharField(max_length=16)
    actor_name = models.CharField("frozen by", max_length=150)
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="when it ends by itself; empty: somebody ends it")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["place", "code"], condition=Q(ended_at=None), name="freeze_once_a_place_and_cause"
            ),
        ]

    def __str__(self) -> str:
        return f"freeze of {self.place_name or 'everything'}"

    @property
    def actor(self) -> Actor:
        return Actor(self.actor_kind, self.actor_name)


constraint_means(
    "freeze_once_a_place_and_cause", Refused, "This is frozen already; thaw it first to give another reason or end."
)
