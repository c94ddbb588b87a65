"""Requests that no honest client sends: the sender's mistake (4xx), where Django would break (500).

Decides: which they are. Not: the look of the answers (no_page.py), nor a value that a view itself refuses.
"""

from __future__ import annotations

import codecs
import logging
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

from migracloud import no_page

log = logging.getLogger(__name__)


def readable(content_type: str) -> str:
    """A Content-Type that Django can begin with: it reads even the query by the codec that is named there, zlib and
    punycode too, and breaks. Only UTF-8 is kept; whatever else is named there is left out with all parameters."""
    kind = content_type.partition(";")[0]
    try:
        _, parameters = parse_header_parameters(content_type)
        codec = codecs.lookup(parameters.get("charset", "utf-8"))
    except (LookupError, ValueError):
        return kind
    return content_type if codec.name in ("utf-8", "ascii") else kind


# What Django's own forms and filters let through to the database, or fall over on the way: a NUL byte, a year of eleven
# digits, an id that is none. A refusal of ours is none of these.
ODD_VALUES = (DataError, OverflowError, ValidationError)


class OddRequests:
    """What is found out only when a value is used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Nothing was changed: every write of ours is in a transaction, and the error has left it."""
        if not isinstance(error, ODD_VALUES):
            return None
        log.warning("a value in a request could not be used", exc_info=error)
        return no_page.refused(request, 400, "invalid", "A value in the address or the form cannot be used.")
