"""What every admin page of ours shares: it is read, nothing is deleted, its history is the audit trail.

Decides: permissions by default, refusals as form errors, and filters. Not: what a model shows (each app's admin.py),
nor the question before anything is done (confirming.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from audit.keyset import KeysetList
from audit.places import history_url
from audit.sheet import as_csv
from core.errors import Refused

SECRET_FIELDS = {"password", "digest", "sealed", "token_sealed"}


class ReadAdmin(ModelAdmin):
    """Lists and pages to read. Rows come and go by services, so nothing is added, changed or deleted here."""

    actions: Any = None  # no bulk deletion, and with it every cascade
    list_per_page = 50
    list_disable_select_all = True  # what is done to many rows is done to rows that the person sees
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each filter's numbers would count all rows
    list_fullwidth = True
    compressed_fields = True
    empty_hint = "There is none yet."

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetList]:
        return KeysetList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(partial(as_csv, self)))
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return [path("csv/", view, name=name), *super().get_urls()]

    def read_along(self, rows: Sequence[Any]) -> None:
        """Puts onto the rows of a page what their columns need besides, in a constant number of queries."""

    def is_live(self, rows: Sequence[Any]) -> bool:
        """Whether something goes on with one of the rows of a page, so that their cells are to be kept fresh."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Django joins `list_select_related` for lists only; pages and searches want it too."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related) if self.list_select_related else rows

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """A filter typed into the address must not guess at what no page shows."""
        if SECRET_FIELDS & set(lookup.split("__")):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    # One history, not two: Django's own log would repeat the audit trail without reason and before and after.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        return None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(history_url(object_id))

    def read_page(
        self,
        request: HttpRequest,
        object_id: str,
        template: str,
        more: Callable[[HttpRequest, Any], dict[str, Any]],
    ) -> HttpResponse:
        """A page of its own in place of Django's form. `more` gives what the template needs besides the row."""
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        if obj is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return missing
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": str(obj),
            "history_url": history_url(obj.pk),
            **more(request, obj),
        }
        return TemplateResponse(request, template, context)


class RefusingAdmin(ReadAdmin):
    """Changes by services. What a service refuses is shown at the field that it names; nothing was changed then."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            # The transaction is rolled back. Once more, now with a form that knows the answer.
            request.refused = refused  # type: ignore[attr-defined]
            response = super().changeform_view(request, object_id, form_url, extra_context)
        return response

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """One button more than enough is one too many."""
        context["show_save_and_add_another"] = False
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        refused = getattr(request, "refused", None)
        return _told(form, refused) if refused else form


def _told(form: Any, refused: Refused) -> Any:
    def clean(self: Any) -> Any:
        cleaned = form.clean(self)
        self.add_error(refused.field if refused.field in self.fields else None, refused.message)
        return cleaned

    return type(form.__name__, (form,), {"clean": clean})


class TenantFilter(admin.SimpleListFilter):
    """By a tenant's reference, typed: a list of all tenants would be as long as there are tenants."""

    title = "tenant"
    parameter_name = "tenant"
    template = "admin/filter_tenant.html"
    lookup = "tenant__reference"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # an empty list would hide the filter

    def choices(self, changelist: Any) -> Any:
        others = changelist.get_query_string(remove=[self.parameter_name])
        yield {"value": self.value() or "", "clear": others, "params": changelist.kept}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        typed = (self.value() or "").strip().upper()
        if not typed:
            return queryset
        reference = typed if typed.startswith("TENANT-") else f"TENANT-{typed}"
        return queryset.filter(**{self.lookup: reference})


class SinceFilter(admin.SimpleListFilter):
    """Since when, by the moment that the model calls its beginning."""

    title = "since"
    parameter_name = "since"
    field = "created_at"
    SPANS = {"hour": ("1 hour", timedelta(hours=1)), "day": ("24 hours", timedelta(days=1)),
             "week": ("7 days", timedelta(days=7)), "month": ("30 days", timedelta(days=30))}  # fmt: skip

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in self.SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        span = self.SPANS.get(self.value() or "")
        return queryset.filter(**{f"{self.field}__gte": timezone.now() - span[1]}) if span else queryset
