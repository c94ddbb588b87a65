"""Table: one TOML table, read key by key with types; what does not fit becomes a problem that names its key.

Decides: types, required keys, misspelt keys, `${VARIABLE}` in texts. Not: which keys there are (parse.py).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple, TypeVar

from clusters.declaration.problems import Problems

T = TypeVar("T")

MOST = 2_147_483_647  # of a whole number in the database
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NOWHERE = IPv4Address(0)  # stands in for an address that could not be read


class Form(NamedTuple):
    """What a text has to look like: a pattern for the whole of it, and the words for people."""

    pattern: str
    words: str


class Table:
    """Ask for every key that may be there; `each` and `one` then report what nobody asked for."""

    def __init__(self, data: Mapping[str, object], key: str, problems: Problems, environ: Mapping[str, str]) -> None:
        self.key = key
        self._data = data
        self._problems = problems
        self.environ = environ
        self._asked: set[str] = set()
        self._missing: list[str] = []

    def key_of(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name

    def problem(self, name: str, message: str) -> None:
        """Something is wrong with the value at `name`; the table counts as not read whole."""
        self._problem_at(self.key_of(name), message)

    def has(self, name: str) -> bool:
        """Whether the key is there; asking makes it one that may be."""
        self._asked.add(name)
        return name in self._data

    def text(self, name: str, form: Form | None = None, *, most: int = 255, substitute: bool = True) -> str:
        """A required text, not empty."""
        return self._get(name, str, "a text", "", lambda v: self._text(v, self.key_of(name), form, most, substitute))

    def maybe_text(self, name: str, form: Form | None = None, *, most: int = 255, default: str = "") -> str:
        return self.text(name, form, most=most) if self.has(name) else default

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of a few words; required without a default."""
        if default is not None and not self.has(name):
            return default
        return self.text(name, Form("|".join(map(re.escape, choices)), f"one of {', '.join(choices)}"))

    def texts(self, name: str, form: Form | None = None, *, most: int = 255, empty: bool = True) -> tuple[str, ...]:
        """A list of texts; a problem names the index."""
        nothing: list[object] = []
        items = self._get(name, list, "a list", nothing, lambda v: v)
        if items is not nothing and not items and not empty:
            self.problem(name, "This needs at least one.")
        read = []
        for index, item in enumerate(items):
            key = f"{self.key_of(name)}[{index}]"
            if isinstance(item, str):
                read.append(self._text(item, key, form, most, True))
            else:
                self._problem_at(key, f"This has to be a text, not {_type_name(item)}.")
        return tuple(read)

    def maybe_texts(self, name: str, form: Form | None = None) -> tuple[str, ...]:
        return self.texts(name, form) if self.has(name) else ()

    def whole(self, name: str, *, least: int, most: int = MOST) -> int:
        """A required whole number between two bounds."""

        def checked(value: int) -> int:
            if not least <= value <= most:
                self.problem(name, f"{value} is not between {least} and {most}.")
            return value

        return self._get(name, int, "a whole number", least, checked)

    def maybe_whole(self, name: str, *, least: int, most: int = MOST) -> int | None:
        return self.whole(name, least=least, most=most) if self.has(name) else None

    def truth(self, name: str) -> bool:
        """true or false; false when it is not there."""
        return self.has(name) and self._get(name, bool, "true or false", False, lambda v: v)

    def address(self, name: str) -> IPv4Address:
        text = self.text(name)
        try:
            return IPv4Address(text) if text else _NOWHERE
        except ValueError:
            self.problem(name, f"{text} is not an IPv4 address such as 10.1.10.50.")
            return _NOWHERE

    def maybe_address(self, name: str) -> IPv4Address | None:
        return self.address(name) if self.has(name) else None

    def cidr(self, name: str) -> IPv4Network:
        text = self.text(name)
        try:
            return IPv4Network(text or "0.0.0.0/0")
        except ValueError as error:
            self.problem(name, f"{text} is not an IPv4 network such as 10.1.10.0/24: {error}.")
            return IPv4Network("0.0.0.0/0")

    def each(self, name: str, make: Callable[[Table], T]) -> tuple[T, ...]:
        """The tables of an array `[[name]]`, which may be absent."""
        if not self.has(name):
            return ()
        items, key = self._data[name], self.key_of(name)
        if not isinstance(items, list):
            self._problems.broken.add(key)
            self._problems.add(key, f"This has to be a list of tables, [[{name}]], not {_type_name(items)}.")
            return ()
        made = []
        for index, item in enumerate(items):
            if isinstance(item, dict):
                made.append(self._made(item, f"{key}[{index}]", make))
            else:
                self._problems.broken.add(key)
                self._problems.add(f"{key}[{index}]", f"This has to be a table, not {_type_name(item)}.")
        return tuple(made)

    def one(self, name: str, make: Callable[[Table], T]) -> T:
        """A required table. A stand-in is made where it cannot be read, and told as one problem."""
        data, key = self._get(name, dict, "a table", None, lambda v: v), self.key_of(name)
        if data is not None:
            return self._made(data, key, make)
        stand_in = Problems()
        made = make(Table({}, key, stand_in, self.environ))
        self._problems.broken.add(key)
        return made

    def close(self) -> None:
        """Report keys that nobody asked for, and required ones that are missing."""
        for name in self._data:
            if name in self._asked:
                continue
            close = difflib.get_close_matches(name, sorted(self._asked - set(self._data)), n=1)
            if close and close[0] in self._missing:  # the same mistake, told once
                self._missing.remove(close[0])
            hint = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(sorted(self._asked))}."
            self.problem(name, f"There is no such key. {hint}")
        for name in self._missing:
            self.problem(name, "This is missing.")

    def _made(self, data: Mapping[str, object], key: str, make: Callable[[Table], T]) -> T:
        table = Table(data, key, self._problems, self.environ)
        made = make(table)
        table.close()
        return made

    def _get(self, name: str, kind: type, words: str, stand_in: T, read: Callable[..., T]) -> T:
        if not self.has(name):
            self._missing.append(name)
            return stand_in
        value = self._data[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problem(name, f"This has to be {words}, not {_type_name(value)}.")
            return stand_in
        return read(value)

    def _problem_at(self, key: str, message: str) -> None:
        self._problems.broken.add(self.key)
        self._problems.add(key, message)

    def _text(self, value: str, key: str, form: Form | None, most: int, substitute: bool) -> str:
        text = self._substituted(value, key) if substitute else value
        if text is None:
            return ""
        if problem := _why_not(text, form, most):
            self._problem_at(key, problem)
            return ""
        return text

    def _substituted(self, value: str, key: str) -> str | None:
        absent = sorted({name for name in _VARIABLE.findall(value) if not self.environ.get(name)})
        if absent:
            self._problem_at(
                key, f"The environment variable {', '.join(absent)} is not set. Set it, or write the value."
            )
            return None
        return _VARIABLE.sub(lambda found: self.environ[found[1]], value)


def _why_not(text: str, form: Form | None, most: int) -> str | None:
    """Why a text cannot be taken. The text itself is not repeated: it may come from the environment."""
    if not text:
        return "This must not be empty."
    if len(text) > most:
        return f"This is longer than {most} characters."
    if not text.isprintable():
        return "This has characters that cannot be printed."
    if form and not re.fullmatch(form.pattern, text, re.ASCII):
        return f"This has to be {form.words}."
    return None


def _type_name(value: object) -> str:
    match value:
        case str():
            return "a text"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number with a point"
        case list():
            return "a list"
        case dict():
            return "a table"
    return "a date or time"
