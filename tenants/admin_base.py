"""What a person may change: a few fields of rows that are declared elsewhere, or whole rows that people make.

Decides: that nothing else can be edited, and that each such change is recorded. Not: which fields (each admin.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from audit.admin_base import RefusingAdmin
from audit.services import Resource, record
from core.errors import refusing_violations
from tenants.models import User
from tenants.services import platform_tenant


class SwitchAdmin(RefusingAdmin):
    """`switches` are the fields that may be edited; every other one is shown. The platform's tenant owns the change."""

    switches: tuple[str, ...] = ()
    resource_kind = ""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(ModelAdmin.has_change_permission(self, request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [name for name in flatten_fieldsets(self.get_fieldsets(request, obj)) if name not in self.switches]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changed = [name for name in form.changed_data if name in self.switches]
        if not changed:
            return
        with refusing_violations():
            obj.save(update_fields=changed)
        record(
            by=actor_of(request),
            tenant=platform_tenant(),
            action=f"{self.resource_kind}.change",
            resource=Resource(self.resource_kind, obj.pk, str(obj)),
            before={name: form.initial[name] for name in changed},
            after={name: getattr(obj, name) for name in changed},
        )


class Addable(RefusingAdmin):
    """May be added and changed by those who have the permission; deleted by nobody."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(ModelAdmin.has_add_permission(self, request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(ModelAdmin.has_change_permission(self, request, obj))


def actor_of(request: HttpRequest) -> Any:
    """Who is logged in, as the audit trail names them."""
    assert isinstance(request.user, User)
    return request.user.actor
