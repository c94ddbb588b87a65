"""The base of every refusal: a request that is not carried out, told so that its reader can act.

Decides: code, HTTP status, field, and which message a violated constraint has. Not: how it is drawn (problems.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError


class Refused(Exception):
    """A request that is refused; nothing was changed.

    `code` is stable (programs decide by it), `status` is HTTP's, `field` names the input that has to change, if it is
    one. The message is a sentence for people. `data` are further members of the answer: JSON, under names that
    belong to the code.
    """

    code = "refused"
    status = 409
    retry_after_s: int | None = None  # seconds after which it may be granted, when that can be said

    def __init__(self, message: str, *, field: str | None = None, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.data = data


class Invalid(Refused):
    """An input that can never be right, whatever the state of things."""

    code = "invalid"
    status = 400


class NotFound(Refused):
    """There is no such thing, or it is another tenant's: the two are told alike."""

    code = "not_found"
    status = 404


class StaffOnly(Refused):
    """Only the platform's staff, and its token, may do this."""

    code = "staff_only"
    status = 403


# A constraint's name -> the refusal it means. Each app adds its own next to its models (see `constraint_means`).
_CONSTRAINTS: dict[str, tuple[type[Refused], str, str | None]] = {}


def constraint_means(name: str, refusal: type[Refused], message: str, *, field: str | None = None) -> None:
    """Say once what it means to people when the constraint `name` is violated."""
    _CONSTRAINTS[name] = (refusal, message, field)


def known_constraints() -> frozenset[str]:
    """The names that have a message; a test compares them with the models'."""
    return frozenset(_CONSTRAINTS)


@contextmanager
def refusing_violations() -> Iterator[None]:
    """Turn the violation of a known constraint into its refusal; an unknown one passes unchanged."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if name not in _CONSTRAINTS:
            raise
        refusal, message, field = _CONSTRAINTS[name]
        raise refusal(message, field=field) from error
