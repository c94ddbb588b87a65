"""The Content-Security-Policy of every answer: nothing inline, nothing from elsewhere.

Decides: what a page may load. The admin alone may evaluate expressions: its Alpine needs that.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

COMMON = (
    "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:"
)


class ContentSecurityPolicy:
    """Adds the header. API answers are no pages: they may load nothing at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            policy = "default-src 'none'; frame-ancestors 'none'"
        elif request.path.startswith(reverse("admin:index")):
            policy = f"{COMMON}; script-src 'self' 'unsafe-eval'"
        else:
            policy = f"{COMMON}; script-src 'self'"
        response.headers.setdefault("Content-Security-Policy", policy)
        return response
