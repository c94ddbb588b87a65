"""What is answered where there is no page, or where ours broke: programs get a problem in JSON, people a page.

Decides: the answers outside of DRF's views. Not: what a view refuses (core/problems.py).
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import bad_request, server_error

from core.problems import CONTENT_TYPE


def no_such_route(request: HttpRequest, **names: Any) -> HttpResponse:
    """Any address under /api/ that is none of ours."""
    return _problem(404, "not_found", "There is no such route; the routes are listed in README.md.")


def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler500. It says nothing of the cause: the log does."""
    if request.path.startswith("/api/"):
        return _problem(500, "internal_error", "Something broke on our side; nothing is known to have changed.")
    return server_error(request)


def bad(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what it refuses before or around a view, such as a foreign host name or too large a body."""
    if isinstance(exception, RequestDataTooBig):
        return refused(request, 413, "too_large", "The request is too large.")
    return refused(request, 400, "invalid", "The request cannot be understood.")


def refused(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """A request that no view of ours gets to answer."""
    if request.path.startswith("/api/"):
        return _problem(status, code, detail)
    page = bad_request(request, Exception(detail))
    page.status_code = status
    return page


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    body = {"status": status, "code": code, "detail": detail}
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
