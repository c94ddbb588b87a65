"""The admin site, in unfold's dress.

Decides: which site class Django's admin uses, that its pages hold nothing inline, and that each of them says when the
workers or the controller are missing, and what is frozen.
Not: what each model shows (each app's admin.py).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from unfold.sites import UnfoldAdminSite

from audit import look
from clusters.freshness import moment
from operations.heartbeats import Kind, Seen, last_seen


class MigraCloudAdminSite(UnfoldAdminSite):
    """Unfold's site with our names."""

    index_title = "Overview"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Unfold writes its colours into an inline <style>, which our policy forbids; they are in our style sheet.
        context: dict[str, Any] = super().each_context(request)
        from clusters.admin_freezes import banners  # its models are there only when the apps are

        inside = self.has_permission(request)
        told = {"missing_processes": missing_processes(), "freezes": banners()} if inside else {}
        return {**context, "colors": None, "border_radius": None, **told}

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ours in place of unfold's, which keeps its answers for five minutes and searches in small letters only."""
        from migracloud import admin_search

        return admin_search.answer(request)


def missing_processes() -> list[str]:
    """For the top of every page: which of the processes that do the work is not there, since when, what to do."""
    seen = last_seen()
    return [_missing_words(seen[kind]) for kind in (Kind.WORKER, Kind.CONTROLLER) if seen[kind].missing]


def _missing_words(seen: Seen) -> str:
    since = f"since {moment(seen.at)} ({look.relative(now() - seen.at)})" if seen.at else "lately"
    effect = "Nothing is carried out" if seen.kind == Kind.WORKER else "What waits for Proxmox is not woken"
    return f"No {seen.kind} has been seen {since}. {effect} until it runs: start manage.py {seen.kind}, or see its log."
