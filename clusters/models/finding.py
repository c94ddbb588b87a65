"""Finding: what needs a person and is no operation, such as a lock that nobody holds, or a stranger at our VMID.

Decides: fields, and one open finding a thing and code. Not: what is found (findings.py) or who is told.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from clusters.models.cluster import Cluster, PlaneContradiction
from core.errors import constraint_means
from core.rows import Row


class Finding(Row):
    """`code` is stable. `about` names the thing in words that stay when it is gone; a closed one is kept."""

    class Severity(models.TextChoices):
        WARNING = "warning"  # it should be seen to
        CRITICAL = "critical"  # something cannot go on until it is seen to

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="findings")
    code = models.SlugField(max_length=64)
    severity = models.CharField(max_length=8, choices=Severity)
    about = models.CharField(max_length=255)
    detail = models.TextField(blank=True, help_text="what was seen")
    what_to_do = models.TextField()
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="when it was last found to be so")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "code", "about"], condition=Q(closed_at=None), name="finding_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.about}"


constraint_means("finding_open_once", PlaneContradiction, "This finding is open already.")
