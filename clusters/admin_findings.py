"""Findings in the admin: what needs a person and is no operation, the open ones first; each is closed with a reason.

Decides: columns, filters, and who may close one. Not: what is found, nor what to do (findings.py).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from audit import look
from audit.admin_base import ReadAdmin
from audit.confirming import ask_and_do
from clusters.findings import close_by_person
from clusters.models import Finding
from tenants.admin_base import actor_of

CLOSE = "clusters.change_finding"


class OpenFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "open"), ("no", "closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(closed_at__isnull=wanted)


@admin.register(Finding)
class FindingAdmin(ReadAdmin):
    list_display = ["what", "state", "severity_badge", "about", "cluster", "to_do", "opened"]
    list_display_links = ["what"]
    list_select_related = ["cluster"]
    list_filter = [OpenFilter, "severity", "code", "cluster"]
    search_fields = ["code", "about", "detail", "cluster__name"]
    search_help_text = "Code, what it is about, or cluster"
    empty_hint = "Nothing was ever found that needs a person."
    ordering = [F("closed_at").desc(nulls_first=True), "-id"]
    fieldsets = [
        (None, {"fields": [("what", "state"), ("severity_badge", "cluster"), "about"]}),
        ("What was seen", {"fields": ["seen_words", ("opened", "last_seen")]}),
        ("What to do", {"fields": ["what_to_do"]}),
        ("Its end", {"fields": [("closed", "closed_because")]}),
    ]
    change_form_template = "admin/clusters/finding.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.close_view)
        return [path("<uuid:pk>/close/", view, name="clusters_finding_close"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context["may_close"] = row is not None and row.closed_at is None and request.user.has_perm(CLOSE)
        return super().render_change_form(request, context, *args, **kwargs)

    def close_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks and changes nothing; POST closes."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if not request.user.has_perm(CLOSE):
            raise PermissionDenied
        return ask_and_do(
            self,
            request,
            row,
            partial(_close, request, row),
            title=f"Close {row.code.replace('_', ' ')} of {row.about}",
            consequences=[
                row.what_to_do,
                "You have dealt with it. What is still so is found again, within a minute or when it is next met.",
            ],
            button="Close it",
            needs_reason=True,
            dangerous=False,
        )

    @display(description="Finding", ordering="code")
    def what(self, row: Finding) -> str:
        return row.code.replace("_", " ")

    @display(description="State", ordering="closed_at")
    def state(self, row: Finding) -> str:
        return look.badge("open", tone="bad") if row.closed_at is None else look.badge("closed")

    @display(description="Severity", ordering="severity")
    def severity_badge(self, row: Finding) -> str:
        return look.badge(row.severity)

    @display(description="What to do")
    def to_do(self, row: Finding) -> str:
        words = row.what_to_do
        return words if len(words) <= 90 else f"{words[:90].rsplit(' ', 1)[0]} …"

    @display(description="Proxmox's words")
    def seen_words(self, row: Finding) -> str:
        return look.words_of_a_machine(row.detail)

    @display(description="Found", ordering="opened_at")
    def opened(self, row: Finding) -> str:
        return look.ago(row.opened_at)

    @display(description="Last found so", ordering="seen_at")
    def last_seen(self, row: Finding) -> str:
        return look.ago(row.seen_at)

    @display(description="Closed", ordering="closed_at")
    def closed(self, row: Finding) -> str:
        return look.ago(row.closed_at)


def _close(request: HttpRequest, row: Finding, *, reason: str) -> str:
    close_by_person(by=actor_of(request), finding=row, reason=reason)
    return f"{row} is closed."
