"""audit/look.py's pieces for templates. Decides: their names there. Not: how they look."""

from __future__ import annotations

from datetime import datetime

from django import template

from audit import look
from audit.places import page_url
from operations.models import Attempt

register = template.Library()
register.filter("badge", look.badge)
register.filter("ago", look.ago)
register.filter("memory", look.memory)
register.filter("page_url", page_url)
register.simple_tag(look.progress, name="progress")
register.simple_tag(look.filling, name="filling")
register.simple_tag(look.meter, name="meter")


@register.filter
def tone(word: str) -> str:
    return look.TONES.get(word, "quiet")


@register.filter
def plain(kind: str) -> str:
    """A name of the program's as words: set_keys -> set keys."""
    return kind.replace("_", " ")


@register.filter
def took(attempt: Attempt) -> str:
    ended: datetime | None = attempt.ended_at
    return look.duration(ended - attempt.begun_at) if ended else ""
