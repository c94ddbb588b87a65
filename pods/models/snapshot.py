"""Snapshot: a pod's disk and configuration as they were, kept beside it on its storage.

Decides: fields and invariants. Not: how one is taken and gone back to (kinds/).
"""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from pods.models.pod import CloudPod
from tenants.models import Tenant

# Proxmox's own rule, in its shorter form; `current` and `vzdump` are its own names.
SNAPSHOT_NAME = RegexValidator(
    r"\A(?!(?:current|vzdump)\Z)[a-z][a-z0-9_-]{1,39}\Z",
    "A snapshot's name is 2 to 40 of a-z, 0-9, '-' and '_', a letter first; not 'current' and not 'vzdump'.",
)


class Snapshot(Row):
    """It belongs to its pod's container: a rebuild or a purge takes it away too, and then its row goes."""

    class State(models.TextChoices):
        CREATING = "creating"
        READY = "ready"
        DELETING = "deleting"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="snapshots")
    pod = models.ForeignKey(CloudPod, on_delete=models.PROTECT, related_name="snapshots")
    name = models.CharField(max_length=40, validators=[SNAPSHOT_NAME])
    description = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.CREATING)
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["pod", "name"], name="snapshot_name_once_a_pod"),
        ]

    def __str__(self) -> str:
        return self.name


class SnapshotTaken(Refused):
    """The pod has a snapshot of this name."""

    code = "snapshot_name_taken"


constraint_means(
    "snapshot_name_once_a_pod", SnapshotTaken, "The pod has a snapshot of this name already.", field="name"
)
