"""Lists in pages by keyset: the cursor is the last row's id, so that pages stay right while rows come and go.

Decides: page size and order. Not: filters, which belong to each list.
"""

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

    def decode_cursor(self, request: Request) -> Any:
        """Ids are unique, so an honest cursor is an id and a direction. Refused: BadCursor."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                UUID(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise BadCursor(
                "This cursor is not valid: take it from `next` or `previous` of a page, or leave it out.",
                field=self.cursor_query_param,
            ) from error
        return cursor
