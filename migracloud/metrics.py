"""/metrics: what Prometheus may know, for whoever has the token or asks from one of the networks.

Decides: who is answered. Not: what is counted (counters.py) or read from rows (metrics_rows.py).
"""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry, generate_latest

from migracloud.metrics_files import ProcessCounters
from migracloud.metrics_rows import Rows

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Set by proxies. What came through one has the proxy's address, whoever asked: it is let in by the token only.
BY_A_PROXY = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")


def metrics(request: HttpRequest) -> HttpResponse:
    if _has_token(request) or _is_near(request):
        return HttpResponse(exposition(), content_type=CONTENT_TYPE)
    if settings.METRICS_TOKEN:
        return _refused(401, "Send the header: Authorization: Bearer <METRICS_TOKEN>.", {"WWW-Authenticate": "Bearer"})
    if settings.METRICS_NETWORKS:
        return _refused(403, "Metrics are for METRICS_NETWORKS only, and not through a proxy.")
    return _refused(403, "Metrics are closed. Set METRICS_TOKEN, METRICS_NETWORKS or both to open them.")


def exposition() -> bytes:
    registry = CollectorRegistry()
    registry.register(ProcessCounters())
    registry.register(Rows())
    text: bytes = generate_latest(registry)
    return text


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    right = constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    return bool(settings.METRICS_TOKEN) and scheme.lower() == "bearer" and right


def _is_near(request: HttpRequest) -> bool:
    if any(name in request.headers for name in BY_A_PROXY):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a socket of the file system has none
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.METRICS_NETWORKS)


def _refused(status: int, reason: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(reason + "\n", status=status, headers=headers, content_type="text/plain; charset=utf-8")
