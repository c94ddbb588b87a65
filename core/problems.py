"""Answers to requests that are not carried out, in the form of RFC 9457 (application/problem+json).

Decides: the shape of every error answer of the API. Not: what is refused and why (each service's refusals).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import Refused

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# A body of a million mistakes is answered in a few lines, and so is a field whose name is a megabyte.
MOST_ERRORS = 20
LONGEST_NAME = 80


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    """One problem: `code` for programs, `detail` for people, `errors` names each field and its reason.

    `more`: members of this very code, such as the operation that is in the way.
    """
    body: dict[str, Any] = {**(more or {}), "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. What it does not know becomes Django's 500. Each problem bears its request's id."""
    set_rollback()
    answer = _answer(error)
    request_id = getattr(context.get("request"), "request_id", "")  # set by migracloud/request_id.py
    if answer is not None and request_id:
        answer.data["request_id"] = request_id
    return answer


def _answer(error: Exception) -> Response | None:
    if isinstance(error, Refused):
        errors = [{"field": error.field, "message": error.message}] if error.field else None
        headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else None
        return problem(error.status, error.code, error.message, errors=errors, headers=headers, more=error.data)
    if isinstance(error, exceptions.ValidationError):
        errors = list(islice(_flatten(error.detail), MOST_ERRORS))
        return problem(400, "invalid", _sentence(errors), errors=errors)
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(404, "not_found", "There is no such thing here.")
    if isinstance(error, DataError):
        log.warning("a value in a request was refused by PostgreSQL: %s", error)
        return problem(400, "invalid", "A value in the address or the body cannot be stored, such as a NUL byte.")
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.NotAuthenticated):
        error = exceptions.NotAuthenticated("Send the header: Authorization: Bearer <token>.")
    if isinstance(error, exceptions.APIException):
        headers = {"WWW-Authenticate": "Bearer"} if error.status_code == 401 else None
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else "invalid"
        return problem(error.status_code, code, str(error.detail), headers=headers)
    return None


def _sentence(errors: list[dict[str, str]]) -> str:
    return " ".join(f"{e['field']}: {e['message']}" for e in errors)


def _flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested details as a flat list of field and message."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            name = "request" if key == "non_field_errors" else str(key)[:LONGEST_NAME]
            yield from _flatten(value, f"{path}.{name}" if path else name)
    elif isinstance(detail, list):
        for value in detail:
            yield from _flatten(value, path)
    else:
        yield {"field": path or "request", "message": str(detail)}
