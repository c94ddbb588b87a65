"""What can be done with several pods at once from their list: asked once, done one by one, and reported pod by pod.

Decides: for which deeds, and what is told of each pod. Not: what a deed is (admin_deeds.py) or refuses (services).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.confirming import check_typed, read_form
from audit.places import page_url
from core.errors import Invalid, Refused
from operations.models import Operation
from pods.admin_actions import why_not
from pods.admin_deeds import DEEDS, DESTROY, Deed
from pods.models import CloudPod
from tenants.models import User

# Those that ask for nothing that is another thing for each pod.
NAMES = ("start", "stop", "reboot", "suspend", "resume", "protect", "unprotect", "restore", "destroy")
BULK = {deed.name: deed for deed in DEEDS if deed.name in NAMES}
SELECTED = "_selected_action"  # Django's name


@dataclass(frozen=True)
class Line:
    """What is, or was, to be said of one pod; with the operation that has begun."""

    pod: CloudPod
    words: str
    tone: str
    url: str = ""


def actions() -> list[Callable[..., HttpResponse]]:
    return [_action(deed) for deed in BULK.values()]


def may(request: HttpRequest, name: str) -> bool:
    return name in BULK and request.user.has_perm(BULK[name].permission)


def check_selection(request: HttpRequest) -> None:
    """Only rows that the person has seen and ticked. Raised: BadRequest."""
    if request.POST.get("select_across", "0") not in ("", "0"):
        raise BadRequest("Pods are selected one by one.")
    for pk in request.POST.getlist(SELECTED):
        try:
            UUID(pk)
        except ValueError as error:
            raise BadRequest("What was selected is no pod.") from error


def _action(deed: Deed) -> Callable[..., HttpResponse]:
    def action(model_admin: Any, request: HttpRequest, queryset: Any) -> HttpResponse:
        return _ask_and_do(deed, model_admin, request, queryset)

    action.__name__ = deed.name
    action.short_description = f"{deed.label} …"  # type: ignore[attr-defined]  # Django's way to name an action
    return action


def _ask_and_do(deed: Deed, model_admin: Any, request: HttpRequest, queryset: Any) -> HttpResponse:
    """The first POST asks, the second (`confirmed`) does it and reports."""
    rows = queryset.select_related("tenant", "cluster", "node", "tier", "source__template")
    pods = list(rows.order_by("hostname", "pk"))
    if not pods:
        raise BadRequest("None of the selected pods is there any more.")
    reasons = _why_not(deed, pods)
    to_type = _count(pods) if deed.permission == DESTROY else ""
    refused = None
    if "confirmed" in request.POST:
        try:
            check_typed(request, to_type)
            asked = read_form(request, deed.asks(pods[0]))
            if deed.needs_reason and not asked["reason"]:
                raise Invalid("Say why: it goes into the audit trail.", field="reason")
        except Refused as error:
            refused = error
        else:
            done = [_do(deed, request, pod, reasons[pod.pk], asked) for pod in pods]
            return _page(model_admin, request, "bulk_done", deed, pods, lines=done)
    lines = [Line(pod, reasons[pod.pk] or "will be asked for", "quiet" if reasons[pod.pk] else "busy") for pod in pods]
    more = {"to_type": to_type, "refused": refused, "asks": _asks(deed, pods[0], request)}
    return _page(model_admin, request, "bulk", deed, pods, lines=lines, **more)


def _asks(deed: Deed, pod: CloudPod, request: HttpRequest) -> list[tuple[Any, str]]:
    return [(one, request.POST.get(one.name, one.usual)) for one in deed.asks(pod)]


def _why_not(deed: Deed, pods: list[CloudPod]) -> dict[Any, str]:
    """By pod: why nothing is asked for it; empty where it is."""
    going_on: dict[Any, Operation] = {}
    for operation in Operation.objects.filter(
        subject_kind="pod", subject_id__in=[pod.pk for pod in pods], state__in=Operation.LIVE
    ):
        going_on.setdefault(operation.subject_id, operation)
    return {pod.pk: _reason(deed, pod, going_on.get(pod.pk)) for pod in pods}


def _reason(deed: Deed, pod: CloudPod, running: Operation | None) -> str:
    if pod.gone_at is not None:
        return "it is gone"
    if not deed.shown(pod):
        return "there is nothing to do"
    return why_not(deed, pod, running)


def _do(deed: Deed, request: HttpRequest, pod: CloudPod, reason: str, asked: dict[str, Any]) -> Line:
    """Each in a transaction of its own: what is refused to one does not keep the others."""
    assert isinstance(request.user, User)
    if reason:
        return Line(pod, f"left alone: {reason}", "quiet")
    try:
        begun = deed.service(by=request.user.actor, pod=pod, **asked)
    except Refused as refused:
        return Line(pod, f"refused: {refused.message}", "bad")
    if isinstance(begun, Operation):
        return Line(pod, f"{deed.name} has begun", "good", page_url(begun))
    return Line(pod, "it is so from now on", "good")


def _page(
    model_admin: Any, request: HttpRequest, template: str, deed: Deed, pods: list[CloudPod], **more: Any
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": f"{deed.label} {_count(pods)}",
        "deed": deed,
        "selected": [str(pod.pk) for pod in pods],
        "reason": request.POST.get("reason", ""),
        "typed": request.POST.get("typed", ""),
        "dangerous": deed.dangerous,
        "asks_reason": True,
        "needs_reason": deed.needs_reason,
        "button": f"{deed.label} {_count(pods)}",
        "back": reverse("admin:pods_cloudpod_changelist"),
        **more,
    }
    refused = more.get("refused")
    status = refused.status if refused else 200
    return TemplateResponse(request, f"admin/pods/cloudpod/{template}.html", context, status=status)


def _count(pods: list[CloudPod]) -> str:
    return "1 pod" if len(pods) == 1 else f"{len(pods)} pods"
