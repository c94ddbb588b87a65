"""Every request gets an id, which its answer, its log lines, its audit events and its operations bear.

Decides: the id, the header X-Request-ID, and the one log line and the counts of each request.
Not: what else is logged meanwhile, nor how the id is carried on (audit/trace.py, operations/engine.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit import trace
from migracloud import counters
from tenants.models import ApiToken

log = logging.getLogger("migracloud.request")

HEADER = "X-Request-ID"
QUIET = ("/static/", "/health/", "/metrics")  # asked all day long; told only when something is wrong


def id_of(request: HttpRequest) -> str:
    """Empty for a request that did not come through the middleware."""
    return getattr(request, "request_id", "")


class RequestId:
    """The first middleware: whatever answers, the answer has the id. What a client calls its request is not taken."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = trace.new_request_id()
        request.request_id = request_id  # type: ignore[attr-defined]
        began = time.monotonic()
        with trace.tracing(request=request_id):
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            _tell(request, response.status_code, time.monotonic() - began)
        return response


def _tell(request: HttpRequest, status: int, seconds: float) -> None:
    """Never headers, a query or a body: there is where secrets are."""
    match = request.resolver_match
    route = (match.view_name if match else "") or "none"
    counters.count_request(method=request.method or "", route=route, status=status, seconds=seconds)
    quiet = request.path.startswith(QUIET) and status < 500
    who, milliseconds = _who(request), round(seconds * 1000)
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "%s %s: %d in %d ms%s",
        request.method,
        request.path,
        status,
        milliseconds,
        f", {who}" if who else "",
        extra={
            "method": request.method,
            "path": request.path,
            "status": status,
            "milliseconds": milliseconds,
            "who": who,
            "route": route,
        },
    )


def _who(request: HttpRequest) -> str:
    """As far as the view has asked for it: the log costs no query."""
    user = vars(request).get("user")
    if type(user) is ApiToken:  # isinstance() would make a lazy user look itself up
        return f"token {user.prefix}"
    found = getattr(request, "_cached_user", None)
    return f"user {found.get_username()}" if found is not None and found.is_authenticated else ""
