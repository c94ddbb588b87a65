"""A list of the admin as CSV: all rows that its filters leave, in its order, with the columns that it shows.

Decides: how a cell is written. Not: which rows and columns (each admin).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from itertools import islice
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.html import conditional_escape

from audit.look import NOTHING

ROWS_AT_ONCE = 1000
# A spreadsheet would take a cell that begins so for a formula; tenants choose what stands here.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """Written row by row as it is read: a list may be longer than memory is large."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    try:
        listed = model_admin.get_changelist_instance(request)
    except IncorrectLookupParameters as error:
        raise Http404 from error
    name = f"{model_admin.opts.verbose_name_plural}-{timezone.localdate():%Y-%m-%d}.csv".lower().replace(" ", "-")
    return StreamingHttpResponse(
        _lines(model_admin, listed),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _lines(model_admin: Any, listed: Any) -> Iterator[str]:
    columns = [name for name in listed.list_display if name != "action_checkbox"]
    writer = csv.writer(_Echo())
    heads = (_text(label_for_field(name, model_admin.model, model_admin)) for name in columns)
    yield writer.writerow(["Id", *(head[:1].upper() + head[1:] for head in heads)])
    found = listed.queryset.iterator(chunk_size=ROWS_AT_ONCE)
    while rows := list(islice(found, ROWS_AT_ONCE)):
        model_admin.read_along(rows)
        for row in rows:
            yield writer.writerow([str(row.pk), *(_cell(name, row, model_admin) for name in columns)])


def _cell(name: str, row: Any, model_admin: Any) -> str:
    _, _, value = lookup_field(name, row, model_admin)
    words = _text(value)
    return f"'{words}" if words.startswith(FORMULAS) else words


def _text(value: Any) -> str:
    """What a person reads in the cell, and a moment exactly."""
    if value is None or value == NOTHING:
        return ""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    reader = _Reader()
    reader.feed(conditional_escape(value))
    reader.close()
    return " ".join("".join(reader.parts).split())


class _Reader(HTMLParser):
    """The text of a cell's HTML, with the exact time of a <time> in place of `3 min ago`."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._in_time = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        exact = dict(attrs).get("datetime") if tag == "time" else None
        if exact:
            self._in_time = True
            self.parts.append(exact)

    def handle_endtag(self, tag: str) -> None:
        self._in_time = self._in_time and tag != "time"

    def handle_data(self, data: str) -> None:
        if not self._in_time:
            self.parts.append(data)


class _Echo:
    """What `csv` writes into, and gets each line back from."""

    def write(self, line: str) -> str:
        return line
