"""/api/v1/openapi.json and /api/v1/docs: the document for programs, and the page that people read.

Decides: who may read them: everybody. They hold no secret and nobody's data, only what the code can do, and a panel's
programmers read them before they have a token. Not: what they say (document.py, reading.py).
"""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

from migracloud import no_page
from migracloud.openapi.document import as_json, document
from migracloud.openapi.reading import Reader

# No script, no form, nothing inline: stricter than any other page's.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECONDS = 300  # that a browser or a proxy may keep them


@csrf_exempt  # it only reads; another method is answered 405, like everywhere in the API
def openapi(request: HttpRequest) -> HttpResponse:
    """The document, as OpenAPI's own media type for JSON."""
    return _read_only(request, as_json(), "application/json")


@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    """The page. Its examples call the address that it is read at."""
    response = _read_only(request, _page(f"{request.scheme}://{request.get_host()}"), "text/html; charset=utf-8")
    if response.status_code == 200:
        response.headers["Content-Security-Policy"] = POLICY
    return response


def _read_only(request: HttpRequest, content: bytes, kind: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        response = no_page.refused(request, 405, "method_not_allowed", f"{request.method} is not offered here.")
        response.headers["Allow"] = "GET, HEAD"
        return response
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": f"public, max-age={SECONDS}"})


@lru_cache(maxsize=8)
def _page(base: str) -> bytes:
    """A host's page is made once: ALLOWED_HOSTS bounds how many there are."""
    read = document()
    reader = Reader(read, base)
    context = {
        "document": read,
        "base": base,
        "introduction": reader.introduction(),
        "chapters": reader.chapters(),
        "problem": reader.problem(),
        "codes": reader.codes(),
    }
    return render_to_string("api/docs.html", context).encode()
