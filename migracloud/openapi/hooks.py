"""What is done to the generated document: the order of routes, whole answers, the meaning of fields and values.

Decides: how the words reach the document. Not: the words (words.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migracloud.openapi import words
from migracloud.openapi.routes import ROUTES

OPTIONAL = {("Problem", "errors"), ("Problem", "operation")}
EVERYWHERE = {"401": "Unauthenticated", "406": "NotAcceptable", "500": "InternalError"}


def in_reading_order(endpoint: tuple[str, str, str, Any]) -> int:
    """As they stand in the routes' table; one that is not there comes first, and fails the generation."""
    _path, _regex, method, callback = endpoint
    name = f"{callback.initkwargs['basename']}.{callback.actions[method.lower()]}"
    return list(ROUTES).index(name) if name in ROUTES else -1


def filters_before_pages(parameter: dict[str, Any]) -> int:
    """Sorting is stable: the filters stay as they stand in the routes' table."""
    return {"page_size": 1, "cursor": 2}.get(parameter["name"], 0)


def answers_are_whole(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Answers always have all their members, and promise no limits: DRF tells what a writer may leave out and has to
    keep to. What DRF itself says of a page is of OpenAPI 3.0, with an address of somebody else's."""
    schemas = result["components"]["schemas"]
    sent = set(_named_in([operation.get("requestBody") for *_, operation in operations_in(result)], schemas))
    for name, schema in schemas.items():
        if schema.get("type") != "object" or name in sent:
            continue
        schema["required"] = [member for member in schema["properties"] if (name, member) not in OPTIONAL]
        for member in schema["properties"].values():
            for word in ("readOnly", "default", "example", "minimum", "maximum", "maxLength", "pattern"):
                member.pop(word, None)
            if member.pop("nullable", False):
                member["type"] = [member["type"], "null"]
    for path, _method, operation in operations_in(result):
        for example in _examples(operation["responses"].get("200", {})):
            if "results" in example["value"]:
                next_page = f"https://cloud.example.net{path}?cursor=cD0wMTlhOWQzZS02ZjJj"
                example["value"] |= {"next": next_page, "previous": None}
    return result


def say_what_it_means(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Each body, each member and each value of an enum says what it means."""
    for name, schema in result["components"]["schemas"].items():
        if name in words.BODIES:
            schema["description"] = words.BODIES[name]
        for member, about in schema.get("properties", {}).items():
            about.pop("title", None)  # DRF's verbose names
            if meaning := words.MEMBERS.get(name, {}).get(member):
                about["description"] = meaning
        if values := words.VALUES.get(name):
            schema["description"] = "\n".join(f"- `{value}`: {meaning}" for value, meaning in values.items())
    return result


def say_once(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What every route answers alike stands once, among the components."""
    shared = result["components"].setdefault("responses", {})
    for _path, _method, operation in operations_in(result):
        for status, name in EVERYWHERE.items():
            said = operation["responses"].get(status)
            if said is not None and shared.setdefault(name, said) == said:
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return result


def operations_in(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of every route, in the document's order."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _examples(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for body in response.get("content", {}).values():
        yield from body.get("examples", {}).values()


def _named_in(part: Any, schemas: dict[str, Any]) -> Iterator[str]:
    """The components that a part of the document names, and those that they name."""
    if isinstance(part, dict):
        if name := str(part.get("$ref", "")).rpartition("/")[2]:
            yield name
            yield from _named_in(schemas[name], schemas)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _named_in(inner, schemas)
