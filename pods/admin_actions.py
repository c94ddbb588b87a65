"""The buttons of what a person can do with a pod in the admin, and the pages that ask before it is done.

Decides: which can be pressed, and why others cannot. Not: what there is to do (admin_deeds.py), what is refused
(services) or done (kinds/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from audit.confirming import ask_and_do
from audit.places import page_url
from operations.models import Operation
from pods.admin_deeds import DEEDS, DESTROY, Deed
from pods.models import CloudPod
from tenants.models import User

Phase = CloudPod.Phase


@dataclass(frozen=True)
class Button:
    """`why_not`: it cannot be pressed now, and this is why."""

    label: str
    url: str
    dangerous: bool
    why_not: str


def buttons(request: HttpRequest, pod: CloudPod, running: Operation | None) -> list[Button]:
    """For somebody who may; none for a pod that is gone."""
    return [_button(deed, pod, running) for deed in _may(request, pod) if deed.shown(pod)]


def snapshot_buttons(request: HttpRequest, pod: CloudPod, running: Operation | None) -> list[Button]:
    """What can be done with each snapshot: its name is put behind the address."""
    named = [deed for deed in _may(request, pod) if deed.name in ("rollback", "delete_snapshot")]
    return [_button(deed, pod, running) for deed in named]


def _may(request: HttpRequest, pod: CloudPod) -> list[Deed]:
    return [deed for deed in DEEDS if pod.gone_at is None and request.user.has_perm(deed.permission)]


def _button(deed: Deed, pod: CloudPod, running: Operation | None) -> Button:
    return Button(
        label=deed.label,
        url=reverse(f"admin:{deed.url_name}", args=[pod.pk]),
        dangerous=deed.permission == DESTROY,
        why_not=why_not(deed, pod, running),
    )


def why_not(deed: Deed, pod: CloudPod, running: Operation | None) -> str:
    if running is not None and not deed.waits:
        return f"{running.kind.replace('_', ' ')} is going on"
    if running is not None and running.kind == deed.name and not running.undoing:
        return f"{running.kind} is going on"
    if not deed.anyhow and pod.phase == Phase.NEEDS_ATTENTION:
        return "it needs a person; it can only be destroyed"
    if not deed.anyhow and pod.phase == Phase.DELETED:
        return "it is deleted; restore it first"
    return deed.idle(pod)


def reasons(pressed: list[Button]) -> str:
    """Why some cannot be pressed, each reason once."""
    by_reason: dict[str, list[str]] = {}
    for button in pressed:
        if button.why_not:
            by_reason.setdefault(button.why_not, []).append(button.label)
    words = "; ".join(f"{', '.join(labels)} ({why_not})" for why_not, labels in by_reason.items())
    return f"Not now: {words}." if words else ""


def urls(model_admin: Any) -> list[URLPattern]:
    return [
        path(f"<uuid:pk>/{deed.name}/", model_admin.admin_site.admin_view(_view(model_admin, deed)), name=deed.url_name)
        for deed in DEEDS
        if not deed.own_page
    ]


def _view(model_admin: Any, deed: Deed) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks and changes nothing; POST does it, or says why not."""
        rows = model_admin.get_queryset(request).select_related("tenant", "cluster", "node", "tier", "source__template")
        pod = get_object_or_404(rows, pk=pk)
        if not request.user.has_perm(deed.permission):
            raise PermissionDenied
        of = " of" if deed.name.endswith("snapshot") else ""
        title = f"{deed.label}{of} {pod.hostname}"
        return ask_and_do(
            model_admin,
            request,
            pod,
            partial(_do, deed, request, pod),
            title=title,
            consequences=deed.consequences(pod),
            button=title,
            asks=deed.asks(pod),
            needs_reason=deed.needs_reason,
            dangerous=deed.dangerous,
            to_type=pod.hostname if deed.permission == DESTROY else "",
        )

    return view


def _do(deed: Deed, request: HttpRequest, pod: CloudPod, **asked: Any) -> str:
    """Refused: all that the service refuses. Returns what is said of it."""
    assert isinstance(request.user, User)
    begun = deed.service(by=request.user.actor, pod=pod, **asked)
    if not isinstance(begun, Operation):
        return f"{deed.doing} {pod.hostname}: it is so from now on."
    told = '{} {} has begun. <a class="mc-link" href="{}">Follow the operation</a>.'
    return format_html(told, deed.doing, pod.hostname, page_url(begun))
