"""Examples as HTML in which strings, numbers and names have classes: the page has no script to colour them.

Decides: which text is what. Not: which colour that is (static/api/docs.css).
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\b\d+(?:\.\d+)?\b')


def coloured_json(value: Any) -> SafeString:
    """Indented, with a class a token."""
    return _coloured(json.dumps(value, indent=2, ensure_ascii=False))


def coloured_shell(method: str, url: str, body: Any) -> SafeString:
    """A curl command that does what the route does; the token is in the variable TOKEN."""
    usual = "GET" if body is None else "POST"  # what curl does by itself
    said = "" if method == usual else f"-X {method} "
    lines = [format_html('<span class="k">curl</span> {}<span class="s">"{}"</span>', said, url)]
    headers = ["Authorization: Bearer $TOKEN", *([] if body is None else ["Content-Type: application/json"])]
    lines += [format_html('  -H <span class="s">"{}"</span>', header) for header in headers]
    if body is not None:
        text = json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        lines.append(format_html("  -d '{}'", _coloured(text)))
    return mark_safe(" \\\n".join(lines))  # noqa: S308 (made of escaped parts)


def _coloured(text: str) -> SafeString:
    parts, at = [], 0
    for token in _TOKEN.finditer(text):
        parts.append(escape(text[at : token.start()]))
        string, colon, word = token.groups()
        kind = "n" if colon else "s" if string else "k" if word else "d"
        parts.append(format_html('<span class="{}">{}</span>{}', kind, string or token[0], colon or ""))
        at = token.end()
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # noqa: S308 (made of escaped parts)
