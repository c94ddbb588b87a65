"""What a person can do with a pod in the admin: start, stop, reboot, destroy, each after a question that says what will
happen.

Decides: who may, when there is nothing to do, and the questions. Not: what is refused (services) or done (kinds/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from audit.admin_base import Number, confirm
from audit.places import page_url
from core.errors import Invalid, Refused
from operations.models import Operation
from pods.kinds.power import MOST_TIMEOUT_S, USUAL_TIMEOUT_S
from pods.models import CloudPod
from pods.services import destroy_pod, reboot_pod, start_pod, stop_pod
from tenants.models import User

Desired, Observed = CloudPod.Desired, CloudPod.Observed

TIMEOUT = Number("timeout_s", "Seconds that it may take to shut down (0: stop it at once)", USUAL_TIMEOUT_S,
                 MOST_TIMEOUT_S)  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """`name` is its place in addresses, `doing` what has begun; `idle` says why there is nothing to do, if so."""

    name: str
    doing: str
    permission: str
    service: Callable[..., Operation]
    consequences: Callable[[Any], list[str]]
    idle: Callable[[CloudPod], str] = lambda pod: ""
    dangerous: bool = True
    numbers: tuple[Number, ...] = ()

    @property
    def label(self) -> str:
        return self.name.capitalize()

    @property
    def url_name(self) -> str:
        return f"pods_cloudpod_{self.name}"


def _on_start(pod: Any) -> list[str]:
    return [
        f"CT {pod.vmid} on node {pod.node} is started, and from now on whenever its node starts.",
        "If the start fails, it is left stopped and the operation says why.",
        STRANGERS,
    ]


def _on_stop(pod: Any) -> list[str]:
    return [
        f"CT {pod.vmid} on node {pod.node} is asked to shut down; if that takes too long, it is stopped hard.",
        "What runs on it is unreachable until somebody starts it; it no longer starts with its node.",
        f"It keeps its disk, its address and VMID {pod.vmid}.",
        STRANGERS,
    ]


def _on_reboot(pod: Any) -> list[str]:
    return [
        f"CT {pod.vmid} on node {pod.node} is asked to shut down; if that takes too long, it is stopped hard. "
        "Then it is started.",
        "What runs on it is unreachable meanwhile.",
        STRANGERS,
    ]


def _on_destroy(pod: Any) -> list[str]:
    address = f"Address {pod.primary_address} and VMID {pod.vmid} are" if pod.primary_address else f"VMID {pod.vmid} is"
    return [
        f"CT {pod.vmid} on node {pod.node} is stopped and destroyed with its {pod.disk_gib} GiB disk on {pod.tier}.",
        f"Everything that {pod.tenant} ({pod.tenant.name}) has on it is lost; it cannot be undone.",
        f"{address} given back and left unused for a while.",
        STRANGERS,
    ]


STRANGERS = "A container at that VMID that does not bear this pod's mark is left alone, and the operation says so."


def _runs(pod: CloudPod) -> str:
    return "it runs already" if pod.desired_state == pod.observed_state == Desired.RUNNING else ""


def _is_stopped(pod: CloudPod) -> str:
    return "it is stopped already" if pod.desired_state == pod.observed_state == Desired.STOPPED else ""


def _is_meant_to_be_stopped(pod: CloudPod) -> str:
    return "it should be stopped; start it instead" if pod.desired_state == Desired.STOPPED else ""


POWER, DESTROY = "pods.change_cloudpod", "pods.delete_cloudpod"
DEEDS = (
    Deed("start", "Starting", POWER, start_pod, _on_start, idle=_runs, dangerous=False),
    Deed("stop", "Stopping", POWER, stop_pod, _on_stop, idle=_is_stopped, numbers=(TIMEOUT,)),
    Deed("reboot", "Rebooting", POWER, reboot_pod, _on_reboot, idle=_is_meant_to_be_stopped, numbers=(TIMEOUT,)),
    Deed("destroy", "Destroying", DESTROY, destroy_pod, _on_destroy),
)


@dataclass(frozen=True)
class Button:
    """`why_not`: it cannot be pressed now, and this is why."""

    label: str
    url: str
    dangerous: bool
    why_not: str


def buttons(request: HttpRequest, pod: CloudPod, running: Operation | None) -> list[Button]:
    """For somebody who may; none for a pod that is gone."""
    may = [deed for deed in DEEDS if pod.gone_at is None and request.user.has_perm(deed.permission)]
    return [
        Button(
            label=deed.label,
            url=reverse(f"admin:{deed.url_name}", args=[pod.pk]),
            dangerous=deed.permission == DESTROY,
            why_not=_why_not(deed, pod, running),
        )
        for deed in may
    ]


def _why_not(deed: Deed, pod: CloudPod, running: Operation | None) -> str:
    if running is not None:
        return f"{running.kind.replace('_', ' ')} is going on"
    if pod.phase == CloudPod.Phase.NEEDS_ATTENTION and deed.permission != DESTROY:
        return "it needs a person; it can only be destroyed"
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
    ]


def _view(model_admin: Any, deed: Deed) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks and changes nothing; POST does it, or says why not."""
        pod = get_object_or_404(model_admin.get_queryset(request).select_related("tenant", "node", "tier"), pk=pk)
        if not request.user.has_perm(deed.permission):
            raise PermissionDenied
        refused = None
        if request.method == "POST":
            try:
                operation = _do(deed, request, pod)
            except Refused as error:
                refused = error
            else:
                told = '{} {} has begun. <a class="mc-link" href="{}">Follow the operation</a>.'
                messages.success(request, format_html(told, deed.doing, pod.hostname, page_url(operation)))
                return HttpResponseRedirect(page_url(pod))
        title = f"{deed.label} {pod.hostname}"
        return confirm(
            model_admin,
            request,
            pod,
            title=title,
            consequences=deed.consequences(pod),
            button=title,
            numbers=deed.numbers,
            dangerous=deed.dangerous,
            refused=refused,
        )

    return view


def _do(deed: Deed, request: HttpRequest, pod: CloudPod) -> Operation:
    """Refused: Invalid for what is no number, and all that the service refuses."""
    assert isinstance(request.user, User)
    asked: dict[str, Any] = {"reason": request.POST.get("reason", "").strip()}
    for number in deed.numbers:
        typed = request.POST.get(number.name, str(number.usual)).strip()
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
            raise Invalid(f"{typed[:20]!r} is no number of seconds.", field=number.name)
        asked[number.name] = int(typed)
    return deed.service(by=request.user.actor, pod=pod, **asked)
