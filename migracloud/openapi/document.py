"""The document itself, generated once a process: it depends on the code alone.

Decides: nothing; it is made from config.py, schema.py and routes.py. Not: how it is read (reading.py, views.py).
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


@cache
def as_json() -> bytes:
    """As it is served, and as it is kept in docs/openapi.json."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    text: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return text


def document() -> dict[str, Any]:
    """Plain JSON, without drf-spectacular's lazy parts."""
    read: dict[str, Any] = json.loads(as_json())
    return read
