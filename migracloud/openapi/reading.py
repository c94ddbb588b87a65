"""The document as the page shows it: chapters, routes, fields. Pure; made from the document alone.

Decides: what stands where on the page. Not: its look (templates/api/docs.html, static/api/docs.css).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt

from migracloud.openapi.coloured import coloured_json, coloured_shell
from migracloud.openapi.hooks import operations_in
from migracloud.openapi.parts import Answer, Body, Chapter, Example, Field, Problem, Route, Section

# What is said of a member that is not among the required ones, and of one that is.
IN_ANSWERS, IN_REQUESTS = ("may be missing", ""), ("", "required")
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
FORMATS = {"uuid": "UUID", "date-time": "time", "uri": "address"}
TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}


class Reader:
    """Reads one document; `base` is the address that its examples call."""

    def __init__(self, document: dict[str, Any], base: str) -> None:
        self.document = document
        self.schemas: dict[str, Any] = document["components"]["schemas"]
        self.base = base

    def introduction(self) -> list[Section]:
        first, *others = re.split(r"^## ", self.document["info"]["description"], flags=re.MULTILINE)
        sections = [Section("introduction", "Introduction", MARKDOWN.render(first))]
        for part in others:
            title, _, text = part.partition("\n")
            sections.append(Section(f"about-{_slug(title)}", title, MARKDOWN.render(text)))
        return sections

    def chapters(self) -> list[Chapter]:
        chapters = {tag["name"]: Chapter(tag["name"], _slug(tag["name"]), tag["description"]) for tag in self._tags()}
        shown: set[str] = set()
        for path, method, operation in operations_in(self.document):
            chapter = chapters[operation["tags"][0]]
            chapter.routes.append(self._route(path, method, operation))
            name, example = self._answered(operation)
            if name not in shown:
                shown.add(name)
                self._chapter_of(name, chapters, chapter).bodies.append(self._body(name, example))
        return list(chapters.values())

    def problem(self) -> Body:
        return self._body("Problem", None)

    def codes(self) -> list[Problem]:
        """Every code of every route, once."""
        found = {
            (problem.status, problem.code, problem.when): problem
            for *_, operation in operations_in(self.document)
            for problem in self._problems(operation)
        }
        return [found[key] for key in sorted(found)]

    def _tags(self) -> list[dict[str, str]]:
        tags: list[dict[str, str]] = self.document["tags"]
        return tags

    def _chapter_of(self, name: str, chapters: dict[str, Chapter], asked_in: Chapter) -> Chapter:
        """Pods' routes answer with operations too: those are described in their own chapter."""
        own = (chapter for chapter in chapters.values() if name.startswith(chapter.name.removesuffix("s")))
        return next(own, asked_in)

    def _route(self, path: str, method: str, operation: dict[str, Any]) -> Route:
        parameters = operation.get("parameters", [])
        body = operation.get("requestBody", {})
        content = body.get("content", {}).get("application/json", {})
        return Route(
            id=operation["operationId"],
            method=method,
            path=path,
            summary=operation["summary"],
            about=MARKDOWN.render(operation["description"]),
            parameters={
                where: tuple(self._parameter(found) for found in parameters if found["in"] == where)
                for where in ("path", "query")
            },
            body=self._fields(content["schema"], IN_REQUESTS) if content else (),
            body_required=bool(body.get("required")),
            calls=tuple(self._calls(path, method, parameters, content)),
            answer=self._answer(operation),
            problems=tuple(self._problems(operation)),
        )

    def _parameter(self, parameter: dict[str, Any]) -> Field:
        schema = {**parameter["schema"], "description": parameter["description"]}
        return self._field(parameter["name"], schema, IN_REQUESTS[parameter.get("required", False)])

    def _fields(self, schema: dict[str, Any], note: tuple[str, str] = IN_ANSWERS) -> tuple[Field, ...]:
        schema = self._resolved(schema)
        required = schema.get("required", [])
        return tuple(
            self._field(name, about, note[name in required], note)
            for name, about in schema.get("properties", {}).items()
        )

    def _field(self, name: str, schema: dict[str, Any], note: str, inside: tuple[str, str] = IN_ANSWERS) -> Field:
        of = self._target(schema)
        target = self.schemas.get(of, {})
        inner = target or schema.get("items", schema)
        shown = of in self._shown_bodies()
        return Field(
            name=name,
            type=self._type(schema),
            about=MARKDOWN.renderInline(schema.get("description", "")),
            note=note,
            default=_default(schema),
            limits=_limits(schema),
            values=_values(inner),
            link=_slug(of) if shown else "",
            fields=() if shown or "enum" in target else self._fields({"$ref": f"/{of}"}, inside) if of else (),
        )

    def _shown_bodies(self) -> set[str]:
        """Those that have a place of their own on the page."""
        return {self._answered(operation)[0] for *_, operation in operations_in(self.document)} | {"Problem"}

    def _target(self, schema: Any) -> str:
        """The component that a member holds, one or a list of them."""
        if "$ref" in schema:
            return str(schema["$ref"]).rpartition("/")[2]
        for word in ("allOf", "oneOf", "anyOf"):
            for option in schema.get(word, []):
                if found := self._target(option):
                    return found
        return self._target(schema["items"]) if "items" in schema else ""

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        of = self._target(schema)
        return self.schemas[of] if of else schema

    def _type(self, schema: dict[str, Any]) -> str:
        if "items" in schema:
            inner = self._type(schema["items"])
            return f"list of {inner}"
        if of := self._target(schema):
            nullable = any(option.get("type") == "null" for option in schema.get("oneOf", []))
            words = "one of these" if "enum" in self.schemas[of] else "object"
            return f"{words} or null" if nullable else words
        if "enum" in schema:
            return "one of these"
        kinds = schema.get("type", "any")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        said = [FORMATS.get(schema.get("format", ""), TYPES.get(kind, kind)) for kind in kinds if kind != "null"]
        return " or ".join([*said, *(["null"] if "null" in kinds else [])])

    def _answered(self, operation: dict[str, Any]) -> tuple[str, Any]:
        """The body that a route answers with, or has pages of, and an example of it."""
        content = self._good(operation)[1]["content"]["application/json"]
        name = self._target(content["schema"])
        example = next(iter(content["examples"].values()))["value"]
        if "results" in self.schemas[name].get("properties", {}):
            return self._target(self.schemas[name]["properties"]["results"]), example["results"][0]
        return name, example

    def _good(self, operation: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        status = min(operation["responses"])
        return status, operation["responses"][status]

    def _answer(self, operation: dict[str, Any]) -> Answer:
        status, good = self._good(operation)
        content = good["content"]["application/json"]
        name = self._answered(operation)[0]
        example = next(iter(content["examples"].values()))["value"]
        headers = tuple(
            Field(header, self._type(about["schema"]), MARKDOWN.renderInline(about["description"]))
            for header, about in good.get("headers", {}).items()
        )
        return Answer(status, good["description"], name, _slug(name), headers, coloured_json(example))

    def _body(self, name: str, example: Any) -> Body:
        schema = self.schemas[name]
        shown = coloured_json(example) if example else ""
        return Body(name, _slug(name), MARKDOWN.renderInline(schema["description"]), self._fields(schema), shown)

    def _problems(self, operation: dict[str, Any]) -> Iterator[Problem]:
        for status, response in operation["responses"].items():
            if "$ref" in response:
                response = self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
            content = response.get("content", {}).get("application/problem+json", {})
            for example in content.get("examples", {}).values():
                yield Problem(status, example["value"]["code"], MARKDOWN.renderInline(example["summary"]))

    def _calls(
        self, path: str, method: str, parameters: list[dict[str, Any]], content: dict[str, Any]
    ) -> Iterator[Example]:
        for parameter in parameters:
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", parameter["schema"]["examples"][0])
        examples = content.get("examples", {"": {"value": None}})
        for name, example in examples.items():
            title = example.get("summary", name)  # left out by drf-spectacular where it is the name itself
            yield Example(title, coloured_shell(method, self.base + path, example["value"]))


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    return "" if default is None or default == "" else str(default)


def _limits(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    longest = schema.get("maxLength")
    if least is not None and most is not None:
        return f"{least} to {most}"
    if least is not None:
        return f"from {least}"
    return f"at most {longest} characters" if longest else ""


def _values(schema: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The values of an enum; their meanings are lines of its description."""
    said = dict(re.findall(r"^- `([^`]*)`: (.*)$", schema.get("description", ""), flags=re.MULTILINE))
    return tuple((value, MARKDOWN.renderInline(said.get(value, ""))) for value in schema.get("enum", []))
