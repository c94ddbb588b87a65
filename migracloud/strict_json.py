"""What counts as a JSON body: UTF-8 that can be nested, stored and sent back.

Decides: what is refused before any view sees it. Not: which fields a body has (each view's serializer).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSON(JSONParser):
    """DRF's parser lets two things through that break later on: endless nesting, and halves of surrogate pairs."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = super().parse(stream, media_type, parser_context)
            json.dumps(body, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError(r"The body holds half of a surrogate pair, such as \ud800: that is no text.") from None
        return body
