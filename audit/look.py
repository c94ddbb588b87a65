"""The small pieces that every admin page is made of: badge, relative time, progress, link, code.

Decides: how a state, a moment or a quantity looks, and that a badge always says its word. Not: what a page shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NOTHING = "-"

# A state's word -> its tone. A word that is not here is quiet: colour is for what is good, busy, or wants a look.
TONES = {
    "active": "good",
    "running": "good",
    "succeeded": "good",
    "done": "good",
    "yes": "good",
    "held": "good",
    "allocatable": "good",
    "ready": "good",
    "resolved": "good",
    "creating": "busy",
    "deleting": "busy",
    "blocked": "warn",
    "destroying": "busy",
    "queued": "busy",
    "begun": "busy",
    "undoing": "busy",
    "parked": "warn",
    "undo_parked": "warn",
    "waiting": "warn",
    "wait": "warn",
    "retry": "warn",
    "refused": "warn",
    "suspended": "warn",
    "stopped": "warn",
    "no": "warn",
    "deleted": "warn",
    "frozen": "bad",
    "critical": "bad",
    "warning": "warn",
    "lost": "bad",
    "skipped": "warn",
    "failed": "bad",
    "needs_attention": "bad",
}


def badge(word: str, tone: str = "") -> SafeString:
    """A state by colour and word."""
    tone = tone or TONES.get(word, "quiet")
    return format_html('<span class="mc-badge mc-{}">{}</span>', tone, word.replace("_", " "))


def yes_no(value: bool) -> SafeString:
    return badge("yes" if value else "no")


def ago(moment: datetime | None) -> SafeString | str:
    """How long ago (or in how long), with the exact time at hand."""
    if moment is None:
        return NOTHING
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        relative(timezone.now() - moment),
    )


def relative(age: timedelta) -> str:
    seconds = age.total_seconds()
    words = duration(timedelta(seconds=abs(seconds)))
    if abs(seconds) < 1:
        return "just now"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def duration(span: timedelta) -> str:
    """In the largest unit that says something: 12 s, 3 min, 5 h, 2 days."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86_400} days"


def progress(done: int, total: int, state: str = "") -> SafeString:
    """A bar and its numbers: the bar alone says nothing to a screen reader."""
    return format_html(
        '<span class="mc-steps"><progress class="mc-bar mc-{}" max="{}" value="{}" aria-label="{}"></progress>'
        '<span class="mc-count">{}/{}</span></span>',
        TONES.get(state, "quiet"),
        max(total, 1),
        done,
        f"{done} of {total} steps done",
        done,
        total,
    )


def link(url: str | None, text: object) -> SafeString | str:
    return format_html('<a class="mc-link" href="{}">{}</a>', url, text) if url else str(text)


def code(text: object) -> SafeString:
    return format_html('<code class="mc-code">{}</code>', text)


def words_of_a_machine(text: str) -> SafeString | str:
    """Several lines as they came."""
    return format_html('<pre class="mc-pre">{}</pre>', text) if text else NOTHING


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> SafeString | str:
    """What was and what is, key by key; a key that changed is marked by a word as well."""
    keys = sorted({*before, *after})
    if not keys:
        return NOTHING
    rows = format_html_join(
        "",
        '<tr class="{}"><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        (
            (
                "mc-differs" if key in before and before[key] != after.get(key) else "",
                key,
                _plain(before.get(key)),
                _plain(after.get(key)),
            )
            for key in keys
        ),
    )
    return format_html(
        '<table class="mc-table"><thead><tr><th scope="col">Field</th><th scope="col">Before</th>'
        '<th scope="col">After</th></tr></thead><tbody>{}</tbody></table>',
        rows,
    )


def _plain(value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def memory(mib: int) -> str:
    return f"{mib / 1024:g} GiB" if mib % 256 == 0 and mib >= 1024 else f"{mib} MiB"


def filling(used_mib: int, of_mib: int | None) -> SafeString | str:
    """How much of a node's memory is promised; without a limit only how much."""
    if of_mib is None:
        return f"{memory(used_mib)}, no limit set"
    words = f"{used_mib / 1024:.0f} of {of_mib / 1024:.0f} GiB"
    return meter(used_mib, of_mib, words)


def meter(value: int, most: int, words: str) -> SafeString:
    """A quantity that has a limit; from nine tenths on it is marked."""
    return format_html(
        '<span class="mc-steps"><meter class="mc-meter" min="0" max="{}" high="{}" value="{}" aria-label="{}">'
        '</meter><span class="mc-count">{}</span></span>',
        max(most, 1),
        int(most * 0.9),
        value,
        words,
        words,
    )
