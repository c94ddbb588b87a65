"""Lists in pages by keyset: the cursor is the last row's id, so that pages stay right while rows come and go.

Decides: page size and order, and how a filter is written. Not: which filters a list has.
"""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from core.errors import Invalid


class BadCursor(Invalid):
    """The cursor is none that a page's `next` or `previous` held."""

    code = "bad_cursor"


class NewestFirst(CursorPagination):
    """Newest first, 50 a page unless `page_size` says otherwise (at most 200)."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int | None:
        """Refused: Invalid, for what is no number of rows; more than the most gives the most."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is not None and not re.fullmatch(r"0*[1-9][0-9]{0,8}", asked, re.ASCII):
            raise Invalid("page_size is a whole number from 1; at most 200 are given.", field="page_size")
        return super().get_page_size(request)

    def decode_cursor(self, request: Request) -> Any:
        """Ids are unique, so an honest cursor is an id and a direction. Refused: BadCursor."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None:  # without a position it would be the first page, again and again
                UUID(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise BadCursor(
                "This cursor is not valid: take it from `next` or `previous` of a page, or leave it out.",
                field=self.cursor_query_param,
            ) from error
        return cursor


def check_query(request: Request, *known: str) -> None:
    """Refused: Invalid, for a filter that the list does not have, that is empty or stands twice.

    Left out silently, it would show what the asker believes it has filtered out.
    """
    query = request.query_params
    for name in sorted(set(query) - {*known, "cursor", "page_size"}):
        raise Invalid(f"This list has no filter {name[:40]!r}; it has {', '.join(known) or 'none'}.", field=name[:40])
    for name in sorted(set(query) & set(known)):
        if len(query.getlist(name)) > 1:
            raise Invalid(f"{name} stands twice: a filter is given once.", field=name)
        if not query[name]:
            raise Invalid(f"{name} is empty: give a value, or leave the filter out.", field=name)


def choices_in(request: Request, name: str, allowed: Iterable[str]) -> list[str]:
    """The values of a filter that takes several, separated by commas; empty without the filter. Refused: Invalid."""
    given = request.query_params.get(name)
    if given is None:
        return []
    values, known = given.split(","), list(allowed)
    if not set(values) <= set(known):
        raise Invalid(f"{name} is one of {', '.join(known)}, or several of them with commas between.", field=name)
    return values
