"""The portal's small pieces for templates. Decides: their names there. Not: how those of audit/look.py look."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit import look

register = template.Library()
register.filter("badge", look.badge)


@register.filter
def ago(moment: datetime) -> SafeString:
    """How long ago. The script keeps it true, and turns the exact time at hand into the reader's own zone."""
    return _time(moment, look.relative(datetime.now(UTC) - moment), exact=False)


@register.filter
def exactly(moment: datetime) -> SafeString:
    """Date and time. In UTC, which it says; the script turns it into the reader's own zone."""
    return _time(moment, _utc(moment), exact=True)


def _time(moment: datetime, words: str, *, exact: bool) -> SafeString:
    at = moment.astimezone(UTC).isoformat(timespec="seconds")
    kind = "exact" if exact else "ago"
    return format_html('<time datetime="{}" title="{}" data-time="{}">{}</time>', at, _utc(moment), kind, words)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
