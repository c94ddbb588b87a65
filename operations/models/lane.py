"""Lane, LanePlace, LaneTurn: a named limit on what may run side by side, who is in it, and whose turn was last.

Decides: the rows. Not: who may enter when (operations/lanes.py).
"""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from operations.models.operation import Operation
from tenants.models import Tenant


class Lane(Row):
    """A named limit on what may run side by side, such as one clone a template copy."""

    name = models.CharField(max_length=100, unique=True)
    capacity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="how many may be inside at a time"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LanePlace(Row):
    """An operation's place in a lane: in the queue until `taken_at`, inside from then until the row goes."""

    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="places")
    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="places")
    step = models.CharField(max_length=32)
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["lane", "id"]
        constraints = [
            models.UniqueConstraint(fields=["lane", "operation"], name="lane_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id} in {self.lane_id}"


class LaneTurn(Row):
    """When a tenant last entered a lane: whoever waited longest for a turn is next."""

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="turns")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="lane_turns")
    entered_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        ordering = ["lane", "tenant"]
        constraints = [
            models.UniqueConstraint(fields=["lane", "tenant"], name="lane_turn_once_a_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} in {self.lane_id}"


constraint_means("lane_place_once", Refused, "The operation has a place in this lane already.", field="lane")
constraint_means("lane_turn_once_a_tenant", Refused, "The tenant's turn in this lane is noted already.", field="tenant")
