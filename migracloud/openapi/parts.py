"""What the page is made of: fields, routes, bodies, chapters.

Decides: what each has to show. Not: where that comes from (reading.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """One member of a body, or one parameter."""

    name: str
    type: str
    about: str
    note: str = ""
    default: str = ""
    limits: str = ""
    values: tuple[tuple[str, str], ...] = ()
    link: str = ""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Example:
    """Something to copy."""

    title: str
    text: str


@dataclass(frozen=True)
class Answer:
    """How a route answers when all is well."""

    status: str
    about: str
    type: str
    link: str
    headers: tuple[Field, ...]
    example: str


@dataclass(frozen=True)
class Problem:
    """One code that a route can answer with."""

    status: str
    code: str
    when: str


@dataclass(frozen=True)
class Route:
    """One route with all that the page says of it."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: dict[str, tuple[Field, ...]]
    body: tuple[Field, ...]
    body_required: bool
    calls: tuple[Example, ...]
    answer: Answer
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Body:
    """A body that several routes answer with."""

    name: str
    id: str
    about: str
    fields: tuple[Field, ...]
    example: str = ""


@dataclass
class Chapter:
    """A tag: its routes, and the bodies that its routes answer with."""

    name: str
    id: str
    about: str
    routes: list[Route] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A part of the introduction."""

    id: str
    title: str
    html: str
