"""Freezes in the admin: everything or one cluster is frozen and thawed, each after a question that says what it means.

Decides: who may, the questions, and the words of the banner on every page. Not: what stands still (operations/
freezing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.timezone import now

from audit import look
from audit.admin_base import ReadAdmin
from audit.confirming import Asked, ask_and_do
from audit.places import page_url
from clusters.freshness import moment
from clusters.models import Cluster
from core.clock import control_now
from operations.freezing import freeze, in_force, thaw
from operations.models import Freeze
from tenants.admin_base import actor_of

FREEZE, THAW = "operations.add_freeze", "operations.change_freeze"
MINUTES = Asked("minutes", "Minutes after which it ends by itself (0: somebody ends it)", usual="0", most=43_200)


@dataclass(frozen=True)
class Banner:
    """One freeze in force, for the top of every page."""

    words: str
    url: str


def banners() -> list[Banner]:
    return [Banner(_words(row), page_url(row)) for row in in_force()]


def _words(row: Freeze) -> str:
    what = f"Cluster {row.place_name} is" if row.place else "Everything is"
    since = f"since {moment(row.began_at)} ({look.relative(now() - row.began_at)})"
    until = f"until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else "until somebody thaws it"
    return f"{what} frozen {since}, {until}: {row.reason.rstrip('.')}. Frozen by {row.actor_name}."


@admin.register(Freeze)
class FreezeAdmin(ReadAdmin):
    list_display = ["where", "state", "reason", "by", "began", "ends"]
    list_display_links = ["where"]
    search_fields = ["reason", "place_name", "actor_name"]
    search_help_text = "Reason, cluster or who froze it"
    empty_hint = "Nothing was ever frozen."
    ordering = ["-id"]
    fieldsets = [
        (None, {"fields": [("where", "state"), "reason", ("by", "code")]}),
        ("When", {"fields": [("began", "ends"), "ended_by"]}),
    ]
    change_form_template = "admin/clusters/freeze.html"
    change_list_template = "admin/clusters/freezes.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("new/", view(self.freeze_view), name="operations_freeze_new"),
            path("<uuid:pk>/thaw/", view(self.thaw_view), name="operations_freeze_thaw"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context["may_thaw"] = row is not None and _holds(row) and request.user.has_perm(THAW)
        return super().render_change_form(request, context, *args, **kwargs)

    def freeze_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks and changes nothing; POST freezes."""
        if not request.user.has_perm(FREEZE):
            raise PermissionDenied
        names = list(Cluster.objects.order_by("name").values_list("name", flat=True))
        options = (("", "everything"), *((name, f"cluster {name}") for name in names))
        return ask_and_do(
            self,
            request,
            None,
            partial(self._freeze, request),
            then=reverse("admin:operations_freeze_changelist"),
            title="Freeze",
            consequences=[
                "No new work is taken: whoever asks for some is refused (503) and reads the reason, tenants too.",
                "What is going on stands still at its next safe point; tasks of Proxmox run to their end.",
                "When it is thawed, all goes on where it stood, and the time in between is not taken off.",
            ],
            button="Freeze",
            asks=(Asked("cluster", "What", options=options), MINUTES),
            needs_reason=True,
            back=reverse("admin:index"),
        )

    def _freeze(self, request: HttpRequest, *, cluster: str | None, minutes: int, reason: str) -> str:
        found = get_object_or_404(Cluster, name=cluster) if cluster else None
        made = freeze(
            by=actor_of(request),
            reason=reason,
            place=found.place if found else "",
            place_name=found.name if found else "",
            until=control_now() + timedelta(minutes=minutes) if minutes else None,
        )
        return f"{made.place_name or 'Everything'} is frozen."

    def thaw_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks and changes nothing; POST thaws."""
        row = get_object_or_404(Freeze, pk=pk)
        if not request.user.has_perm(THAW):
            raise PermissionDenied
        consequences = ["New work is taken again, and what stood still goes on at once."]
        if row.code:
            consequences.append(
                f"The platform froze it by itself ({row.code}); what is still so makes it freeze again."
            )
        return ask_and_do(
            self,
            request,
            row,
            partial(_thaw, request, row),
            title=f"Thaw {row.place_name or 'everything'}",
            consequences=consequences,
            button="Thaw",
            dangerous=False,
        )

    @display(description="Where", ordering="place_name")
    def where(self, row: Freeze) -> str:
        return f"cluster {row.place_name}" if row.place else "everything"

    @display(description="State", ordering="ended_at")
    def state(self, row: Freeze) -> str:
        return look.badge("frozen") if _holds(row) else look.badge("over")

    @display(description="By", ordering="actor_name")
    def by(self, row: Freeze) -> str:
        return row.actor_name

    @display(description="Since", ordering="began_at")
    def began(self, row: Freeze) -> str:
        return look.ago(row.began_at)

    @display(description="Until", ordering="until")
    def ends(self, row: Freeze) -> str:
        ended = row.ended_at or row.until
        return look.ago(ended) if ended else "somebody thaws it"


def _holds(row: Freeze) -> bool:
    return row.ended_at is None and (row.until is None or row.until > control_now())


def _thaw(request: HttpRequest, row: Freeze, *, reason: str) -> str:
    thaw(by=actor_of(request), freeze=row, reason=reason)
    return f"{row.place_name or 'Everything'} goes on."
