"""Lists of the admin in pages by keyset: a page begins behind a row, however many rows lie before it.

Decides: which rows a page shows, and the links to its neighbours. Nothing is counted beyond COUNTED rows, so a list of
100,000 costs what one of 100 does. Not: filters, columns or order (each admin).
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.views import ChangeList

AFTER, BEFORE = "after", "before"  # the id of the row behind, or before, which the page lies
COUNTED = 1000


class KeysetList(ChangeList):
    """In the order that is asked for: by any columns, and by id where they are the same."""

    newer_url = older_url = ""
    count_words = ""
    refreshes = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(self.opts.verbose_name_plural)  # Django asks to "Select CloudPod to view"

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in (AFTER, BEFORE)}

    @property
    def kept(self) -> dict[str, Any]:
        """What a form on the page takes along: filters, search and order, but not the page."""
        return {name: value for name, value in self.filter_params.items() if name not in (AFTER, BEFORE)}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Another filter or order begins with its first page."""
        words: str = super().get_query_string({AFTER: None, BEFORE: None, **(new_params or {})}, remove)
        return words

    def get_results(self, request: HttpRequest) -> None:
        after, before = request.GET.get(AFTER), request.GET.get(BEFORE)
        rows = self.queryset.reverse() if before else self.queryset
        if anchor := after or before:
            rows = rows.filter(self._behind(anchor, backwards=bool(before)))
        page = list(rows[: self.list_per_page + 1])
        has_more = len(page) > self.list_per_page
        del page[self.list_per_page :]
        if before:
            page.reverse()
        self._link(page, has_newer=has_more if before else bool(after), has_older=has_more or bool(before))
        self._tell(page)

    def _link(self, page: list[Model], *, has_newer: bool, has_older: bool) -> None:
        if page and has_newer:
            self.newer_url = self.get_query_string({BEFORE: page[0].pk})
        if page and has_older:
            self.older_url = self.get_query_string({AFTER: page[-1].pk})

    def _tell(self, page: list[Model]) -> None:
        """What the admin's templates read of a list."""
        alone = not (self.newer_url or self.older_url)
        count = len(page) if alone else self.queryset.order_by()[: COUNTED + 1].count()
        self.model_admin.read_along(page)
        self.refreshes = self.model_admin.is_live(page)
        self.count_words = f"more than {COUNTED:,}" if count > COUNTED else str(count)
        self.result_list = page
        self.result_count = count
        self.full_result_count = count  # unfold would tell of "all" where this is another number
        self.show_full_result_count = False
        self.show_admin_actions = bool(page)
        self.can_show_all = self.multi_page = False

    def _behind(self, pk: str, *, backwards: bool) -> Q:
        """Rows that come after the row `pk` in the order, which is read anew: it may have changed since.

        Raised: IncorrectLookupParameters, for a row that is not there.
        """
        order = [_field(part) for part in self.queryset.query.order_by]
        try:
            values = self.root_queryset.filter(pk=pk).values_list(*(name for name, _ in order)).first()
        except (ValidationError, ValueError) as error:
            raise IncorrectLookupParameters(error) from error
        if values is None:
            raise IncorrectLookupParameters(f"There is no row {pk[:40]}.")
        behind, same = Q(pk__in=()), Q()
        for (name, falls), value in zip(order, values, strict=True):
            behind |= same & _later(name, value, falls=falls != backwards)
            same &= Q(**({f"{name}__isnull": True} if value is None else {name: value}))
        return behind


def _field(part: Any) -> tuple[str, bool]:
    """Its name, and whether it falls."""
    words = str(part)
    return words.lstrip("-"), words.startswith("-")


def _later(name: str, value: Any, *, falls: bool) -> Q:
    """What PostgreSQL puts behind `value`: nothing at all is the last when a column rises, the first when it falls."""
    if value is None:
        return Q(**{f"{name}__isnull": False}) if falls else Q(pk__in=())
    if falls:
        return Q(**{f"{name}__lt": value})
    return Q(**{f"{name}__gt": value}) | Q(**{f"{name}__isnull": True})
