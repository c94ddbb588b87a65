"""Lists in pages by keyset: the cursor is the last row's id, so that pages stay right while rows come and go.

Decides: page size and order. Not: filters, which belong to each list.
"""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Newest first, 50 a page unless `page_size` says otherwise (at most 200)."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
