"""What is answered where there is no page, or where ours broke: programs get a problem in JSON, people a page.

Decides: the answers outside of DRF's views. Not: what a view refuses (core/problems.py).
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

from core.problems import CONTENT_TYPE
from migracloud.request_id import id_of

BROKEN = "Something broke on our side; nothing is known to have changed."


@csrf_exempt  # a program has no form's token; it is to learn that the address is wrong, whatever the method
def no_such_route(request: HttpRequest, **names: Any) -> HttpResponse:
    """Any address under /api/ that is none of ours."""
    return _problem(request, 404, "not_found", "There is no such route; /api/v1/docs lists those that there are.")


def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler500. It says nothing of the cause: the log does."""
    if request.path.startswith("/api/"):
        return _problem(request, 500, "internal_error", BROKEN)
    return _page(request, 500)


def bad(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what it refuses before or around a view, such as a foreign host name or too large a body."""
    if isinstance(exception, RequestDataTooBig):
        return refused(request, 413, "too_large", "The request is too large.")
    return refused(request, 400, "invalid", "The request cannot be understood.")


def refused(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """A request that no view of ours gets to answer."""
    if request.path.startswith("/api/"):
        return _problem(request, status, code, detail)
    return _page(request, status, "400.html")


def _problem(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    body = {"status": status, "code": code, "detail": detail, "request_id": id_of(request)}
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def _page(request: HttpRequest, status: int, template: str = "500.html") -> HttpResponse:
    """Without the request in the template: its context processors ask for session and user, and may be what broke."""
    return HttpResponse(render_to_string(template, {"request_id": id_of(request)}), status=status)
