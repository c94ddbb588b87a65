"""AuditEvent: who did what to which resource of which tenant, why, and what it was before and after.

Decides: the record's fields, and that it is append-only (the migration adds the triggers). Not: who writes when.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from core.rows import Row, TenantQuerySet


class AuditEventQuerySet(TenantQuerySet):
    """Events, which name their tenant by value."""

    def of(self, tenant: Any) -> Self:
        return self.filter(tenant_id=tenant.id)


class AuditEvent(Row):
    """One thing that happened. It names everything by value: what it names may be gone, the record stays."""

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    at = models.DateTimeField(auto_now_add=True)
    tenant_id = models.UUIDField("tenant id")
    tenant_reference = models.CharField("tenant", max_length=32)
    actor_kind = models.CharField(max_length=16)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=64, help_text="resource and verb, such as pod.create")
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.DONE)
    resource_kind = models.CharField(max_length=32)
    resource_id = models.UUIDField("resource id")
    resource_name = models.CharField("resource", max_length=255)
    operation_id = models.UUIDField("operation id", null=True, blank=True)
    request_id = models.CharField("request id", max_length=36, blank=True, help_text="of the request behind it")
    reason = models.TextField(blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)

    objects = models.Manager.from_queryset(AuditEventQuerySet)()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["tenant_id", "-id"], name="audit_by_tenant"),
            models.Index(fields=["resource_kind", "resource_id", "-id"], name="audit_by_resource"),
            models.Index(fields=["request_id"], condition=~models.Q(request_id=""), name="audit_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.resource_name} by {self.actor}"
