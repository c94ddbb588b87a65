"""The admin site, in unfold's dress.

Decides: which site class Django's admin uses, and that its pages hold nothing inline.
Not: what each model shows (each app's admin.py).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class MigraCloudAdminSite(UnfoldAdminSite):
    """Unfold's site with our names."""

    index_title = "Overview"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Unfold writes its colours into an inline <style>, which our policy forbids; they are in our style sheet.
        context: dict[str, Any] = super().each_context(request)
        return {**context, "colors": None, "border_radius": None}
