"""Holds real answers against the document of the API: route, status, headers, media type, members, codes.

Decides: what a client generated from the document relies on. Not: which answer is due.
"""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from core.problems import CONTENT_TYPE
from migracloud.openapi.document import document

# What is answered before the route, its method or its body is looked at; the introduction says so.
BEFORE_THE_ROUTE = {404: {"not_found"}, 405: {"method_not_allowed"}}


def check(method: str, path: str, answer: Any) -> None:
    """Fails when the answer is none that the document describes. `path` is without its query."""
    operation = described(method, path)
    status = answer.status_code
    if operation is None:
        body = answer.json()
        assert body["code"] in BEFORE_THE_ROUTE[status], body
        return is_valid(body, {"$ref": "#/components/schemas/Problem"})
    said = operation["responses"].get(str(status))
    assert said, f"{method} {path}: {status} is not in the document: {answer.content!r}"
    said = _resolved(said)
    kind = answer.headers["Content-Type"]
    assert kind in said["content"], f"{method} {path}: {status} in {kind} is not in the document"
    assert set(said["headers"]) <= set(answer.headers), f"{method} {path}: {status} lacks {set(said['headers'])}"
    is_valid(answer.json(), said["content"][kind]["schema"])
    if kind == CONTENT_TYPE:
        codes = {example["value"]["code"] for example in said["content"][kind]["examples"].values()}
        assert answer.json()["code"] in codes, f"{method} {path}: {answer.json()['code']} is not in the document"


def described(method: str, path: str) -> dict[str, Any] | None:
    """The document's operation for an address."""
    for template, methods in document_read()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            operation: dict[str, Any] | None = methods.get(method.lower())
            return operation
    return None


def is_valid(value: Any, schema: dict[str, Any]) -> None:
    """By the schema, and without any member that it does not name."""
    within = {**_closed(schema), "components": _closed_components()}
    Draft202012Validator(within, format_checker=FormatChecker()).validate(value)


@cache
def document_read() -> dict[str, Any]:
    return document()


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    found: dict[str, Any] = document_read()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found


@cache
def _closed_components() -> dict[str, Any]:
    schemas = document_read()["components"]["schemas"]
    return {"schemas": {name: _closed(schema) for name, schema in schemas.items()}}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    closed = copy.deepcopy(schema)
    if "properties" in closed:
        closed["additionalProperties"] = False
    return closed
