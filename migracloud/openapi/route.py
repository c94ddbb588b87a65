"""The form of a row of the routes' table, and the parameters that several routes share.

Decides: what can be said of a route. Not: what is said (pods.py, routes.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from migracloud.openapi.problems import EVERYWHERE, Told


@dataclass(frozen=True, kw_only=True)
class Route:
    """A row: one route. `problems` are added to those that every route has."""

    id: str
    tag: str
    summary: str
    description: str
    answered: str
    answer: type[serializers.BaseSerializer[Any]]
    example: Any
    status: int = 200
    parameters: tuple[OpenApiParameter, ...] = ()
    headers: tuple[OpenApiParameter, ...] = ()
    body: type[serializers.BaseSerializer[Any]] | None = None
    body_examples: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[Told, ...] = ()

    @property
    def problems(self) -> tuple[Told, ...]:
        return (*self.refusals, *EVERYWHERE)


def query_filter(name: str, about: str, *, values: list[str] | None = None, **form: str) -> OpenApiParameter:
    """A filter; with `values`, it takes several of them with commas between."""
    if values is None:
        return OpenApiParameter(name, {"type": "string", **form}, description=about)
    several = {"type": "array", "items": {"type": "string", "enum": values}, "minItems": 1}
    return OpenApiParameter(
        name, several, description=f"{about} Several with commas between.", style="form", explode=False
    )


def path_parameter(name: str, about: str, example: str, **form: str) -> OpenApiParameter:
    schema = {"type": "string", **form, "examples": [example]}
    return OpenApiParameter(name, schema, OpenApiParameter.PATH, description=about, required=True)


PAGE = (
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "default": 50},
        description="Rows a page; at most 200 are given.",
    ),
    OpenApiParameter("cursor", str, description="Where the page begins. Take it from `next` or `previous`, as it is."),
)
REFERENCE = r"^TENANT-(0|[1-9][0-9]{0,8})$"
OF_TENANT = query_filter(
    "tenant", "Reference of the tenant whose rows to show; a tenant sees its own only.", pattern=REFERENCE
)
