"""Answers: what an operator is asked, taken from a flag, from the default (`--yes`), or from a line of the input.

Decides: that each answer is judged at once, and asked again where somebody can answer. Not: what is asked.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import Invalid

T = TypeVar("T")


class NotAnswered(Invalid):
    """There is no answer that could be taken. Nothing was written."""

    code = "not_answered"


@dataclass
class Answers:
    """`given` are the flags by their names (with `_` for `-`); what was not given is None."""

    given: Mapping[str, Any]
    say: Callable[[str], object]
    read: Callable[[], str]  # a line with its newline; nothing at the end of the input

    def ask(self, name: str, question: str, judge: Callable[[str], T], *, default: str | None = None) -> T:
        """`judge` makes the value of the text, or raises ValueError with a sentence that says what it has to be.

        Refused: NotAnswered, which names the flag.
        """
        flag = f"--{name.replace('_', '-')}"
        given = self.given.get(name)
        if given is not None or self.given.get("yes"):
            text = given if given is not None else default
            if text is None:
                raise NotAnswered(f"{flag} is missing, and there is no default for it. It says: {question}.")
            try:
                return judge(str(text))
            except ValueError as error:
                raise NotAnswered(f"{flag}: {error}") from error
        return self._asked(
            flag, f"{question} [{default}]: " if default is not None else f"{question}: ", judge, default
        )

    def _asked(self, flag: str, prompt: str, judge: Callable[[str], T], default: str | None) -> T:
        while True:
            self.say(prompt)
            line = self.read()
            if not line:
                raise NotAnswered(f"The input ended before this was answered (or give {flag}): {prompt.rstrip(': ')}")
            text = line.strip() or default
            if text is None:
                self.say("This needs an answer.\n")
                continue
            try:
                return judge(text)
            except ValueError as error:
                self.say(f"{error}\n")

    def secret(self, variable: str) -> str:
        """The token's secret, typed without echo, or a line of a pipe. It is never a flag: others see those."""
        question = f"The token's secret ({variable} is not set; what you type is not shown and not written): "
        if self.given.get("yes"):
            raise NotAnswered(f"The environment variable {variable} is not set. Put the token's secret there.")
        if sys.stdin.isatty():
            return getpass.getpass(question)
        self.say(question)
        line = self.read().strip()
        if not line:
            raise NotAnswered(f"The input ended before the token's secret was given (or set {variable}).")
        return line
