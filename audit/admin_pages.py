"""A row's own page in the admin, to be read; what can be edited of it has a form of its own, behind a button.

Decides: where page and form are, and that each floor adds to the page what it knows of the row. Not: what is told
(pages.py and the like of each app).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.admin_base import ReadAdmin
from audit.models import AuditEvent
from audit.places import list_url, page_url

EVENTS_SHOWN = 12

Part = Callable[[HttpRequest, Any], dict[str, Any]]
_parts: dict[type[Model], list[Part]] = {}


def tells_of(model: type[Model]) -> Callable[[Part], Part]:
    """What the function returns is in the context of the model's pages. Upper floors add so to pages of lower ones."""

    def added(part: Part) -> Part:
        _parts.setdefault(model, []).append(part)
        return part

    return added


def may_see(request: HttpRequest, model: type[Model]) -> bool:
    """Whether the person may open the model's list: no page tells more of its rows than that."""
    return bool(admin.site.get_model_admin(model).has_view_permission(request))


def events_of(request: HttpRequest, filters: dict[str, str], **where: Any) -> dict[str, Any]:
    """The newest of the audit trail for a page, and the list with all of it."""
    if not may_see(request, AuditEvent):
        return {}
    events = list(AuditEvent.objects.filter(**where)[:EVENTS_SHOWN])
    return {"sees_events": True, "events": events, "events_url": list_url(AuditEvent, **filters)}


class PageAdmin(ReadAdmin):
    """`page_template` shows what all floors tell of the row."""

    page_template = ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.read_page(request, object_id, self.page_template, self.told)

    def told(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        context: dict[str, Any] = {}
        for part in _parts.get(self.model, ()):
            context |= part(request, obj)
        return context


class EditedPageAdmin(PageAdmin):
    """Django's form stands at `<pk>/edit/`, for those who may change the row; from there it goes back to the page."""

    change_form_template = "admin/edit.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.edit_view)
        return [path("<uuid:pk>/edit/", view, name=self._edit_name), *super().get_urls()]

    @property
    def _edit_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_edit"

    def told(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        may_edit = self.has_change_permission(request, obj)
        edit_url = reverse(f"admin:{self._edit_name}", args=[obj.pk]) if may_edit else ""
        return {"edit_url": edit_url, **super().told(request, obj)}

    def edit_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        form: HttpResponse = super(PageAdmin, self).change_view(request, str(pk))
        return form

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["show_save_and_continue"] = False
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(page_url(obj))
