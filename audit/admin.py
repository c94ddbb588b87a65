"""The audit trail in the admin: searched and read, by nobody changed.

Decides: columns, filters and the page of an event. Not: what is recorded (services.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.urls import reverse

from audit import look
from audit.admin_base import ReadAdmin, SinceFilter, TenantFilter
from audit.models import AuditEvent


class EventTenantFilter(TenantFilter):
    lookup = "tenant_reference"  # by value: the trail has no foreign keys


class EventSinceFilter(SinceFilter):
    field = "at"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadAdmin):
    list_display = ["when", "action", "result", "resource", "tenant_reference", "who", "reason"]
    list_display_links = ["action"]
    list_filter = ["outcome", "actor_kind", EventTenantFilter, EventSinceFilter]
    search_fields = ["action", "resource_name", "actor", "tenant_reference", "reason", "request_id"]
    search_help_text = "Action, resource, actor, tenant, reason or request id"
    empty_hint = "Nothing has happened yet. Everything that people, programs and the control plane do is recorded here."
    fieldsets = [
        (None, {"fields": [("when", "action"), ("result", "who"), "reason"]}),
        ("About", {"fields": [("resource", "resource_kind"), ("tenant_reference", "operation"), "asked_by_request"]}),
        ("What changed", {"fields": ["difference"]}),
    ]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        kwargs["extra_context"] = {**(kwargs.get("extra_context") or {}), "show_history": False}
        return super().change_view(request, object_id, *args, **kwargs)

    @display(description="When", ordering="id")
    def when(self, event: AuditEvent) -> str:
        return look.ago(event.at)

    @display(description="Outcome", ordering="outcome")
    def result(self, event: AuditEvent) -> str:
        return look.badge(event.outcome)

    @display(description="Resource", ordering="resource_name")
    def resource(self, event: AuditEvent) -> str:
        return f"{event.resource_kind} {event.resource_name}"

    @display(description="By", ordering="actor")
    def who(self, event: AuditEvent) -> str:
        return event.actor if event.actor_kind == "system" else f"{event.actor_kind} {event.actor}"

    @display(description="Operation")
    def operation(self, event: AuditEvent) -> str:
        if event.operation_id is None:
            return look.NOTHING
        return look.link(reverse("admin:operations_operation_change", args=[event.operation_id]), "open the operation")

    @display(description="Request id")
    def asked_by_request(self, event: AuditEvent) -> str:
        return look.code(event.request_id) if event.request_id else look.NOTHING

    @display(description="Before and after")
    def difference(self, event: AuditEvent) -> str:
        return look.changes(event.before, event.after)
