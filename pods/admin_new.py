"""The admin's pages that make and resize a pod: a form, beside it what it would come to, and the button that does it.

Decides: who may, and the way from the form to the service. Not: the inputs (admin_form.py), what is shown of the future
(admin_preview.py), nor what is refused (services).

`…/preview/` is for the script (static/migracloud/form.js): the part beside the form, asked for while somebody types.
The button "Check" does the same without a script. Both answer 200 whatever they find: that is what they were asked for.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from audit.places import list_url, page_url
from core.errors import Refused
from operations.models import Operation
from pods.admin_deeds import POWER
from pods.admin_form import NewPodForm, ResizeForm, SizeForm
from pods.admin_preview import Preview, preview_new, preview_size
from pods.models import CloudPod
from pods.questions import on_resize
from pods.services import create_pod, resize_pod
from tenants.admin_base import actor_of
from tenants.queries import suggest_tenants

CREATE = "pods.add_cloudpod"
FRAGMENT = "admin/parts/pod_preview.html"


def urls(model_admin: Any) -> list[URLPattern]:
    def view(function: Any) -> Any:
        return model_admin.admin_site.admin_view(partial(function, model_admin))

    return [
        path("new/", view(_new), name="pods_cloudpod_new"),
        path("new/preview/", view(_new_preview), name="pods_cloudpod_new_preview"),
        path("new/tenants/", view(_tenants), name="pods_cloudpod_new_tenants"),
        path("<uuid:pk>/resize/", view(_resize), name="pods_cloudpod_resize"),
        path("<uuid:pk>/resize/preview/", view(_resize_preview), name="pods_cloudpod_resize_preview"),
    ]


def _may(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _new(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """GET asks and changes nothing; so does POST with `check`; POST makes the pod, or says why not."""
    _may(request, CREATE)
    if request.method != "POST":
        first = {"plan": "small", "tenant": request.GET.get("tenant", "")}
        return _new_page(model_admin, request, NewPodForm(initial=first))
    form = NewPodForm(request.POST)
    if "check" in request.POST:
        return _new_page(model_admin, request, form, preview_new(actor_of(request), form))
    if not form.is_valid():
        return _new_page(model_admin, request, form, status=400)
    try:
        operation = create_pod(by=actor_of(request), **form.wanted())
    except Refused as refused:
        form.tell(refused)
        return _new_page(model_admin, request, form, status=refused.status)
    return _begun(request, operation, "Creating")


def _resize(model_admin: Any, request: HttpRequest, pk: Any) -> HttpResponse:
    """The same for a pod's size."""
    pod = _pod(model_admin, request, pk)
    if request.method != "POST":
        return _resize_page(model_admin, request, pod, ResizeForm(pod))
    form = ResizeForm(pod, request.POST)
    if "check" in request.POST:
        return _resize_page(model_admin, request, pod, form, preview_size(actor_of(request), pod, form))
    if not form.is_valid():
        return _resize_page(model_admin, request, pod, form, status=400)
    try:
        size, reason = form.changed_size(), form.cleaned_data["reason"]
        operation = resize_pod(by=actor_of(request), pod=pod, size=size, reason=reason)
    except Refused as refused:
        form.tell(refused)
        return _resize_page(model_admin, request, pod, form, status=refused.status)
    return _begun(request, operation, "Resizing")


def _new_preview(model_admin: Any, request: HttpRequest) -> HttpResponse:
    _may(request, CREATE)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    found = preview_new(actor_of(request), NewPodForm(request.POST))
    return TemplateResponse(request, FRAGMENT, {"preview": found})


def _resize_preview(model_admin: Any, request: HttpRequest, pk: Any) -> HttpResponse:
    pod = _pod(model_admin, request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    found = preview_size(actor_of(request), pod, ResizeForm(pod, request.POST))
    return TemplateResponse(request, FRAGMENT, {"preview": found})


def _tenants(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Suggestions for what has been typed, as options."""
    _may(request, CREATE)
    typed = request.GET.get("q", "").strip()[:200]
    found = suggest_tenants(typed) if typed else []
    return TemplateResponse(request, "admin/parts/tenant_options.html", {"tenants": found})


def _pod(model_admin: Any, request: HttpRequest, pk: Any) -> CloudPod:
    _may(request, POWER)
    rows = model_admin.get_queryset(request).select_related("tenant", "cluster", "node", "tier")
    pod: CloudPod = get_object_or_404(rows, pk=pk)
    return pod


def _begun(request: HttpRequest, operation: Operation, doing: str) -> HttpResponse:
    told = '{} {} has begun. <a class="mc-link" href="{}">Follow the operation</a>.'
    messages.success(request, format_html(told, doing, operation.subject_name, page_url(operation)))
    return HttpResponseRedirect(reverse("admin:pods_cloudpod_change", args=[operation.subject_id]))


def _new_page(
    model_admin: Any, request: HttpRequest, form: SizeForm, preview: Preview | None = None, *, status: int = 200
) -> HttpResponse:
    page = {
        "title": "Create a pod",
        "button": "Create the pod",
        "preview_url": reverse("admin:pods_cloudpod_new_preview"),
        "tenants_url": reverse("admin:pods_cloudpod_new_tenants"),
        "back": list_url(CloudPod),
    }
    return _page(model_admin, request, form, preview, status, page)


def _resize_page(
    model_admin: Any,
    request: HttpRequest,
    pod: CloudPod,
    form: SizeForm,
    preview: Preview | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    page = {
        "title": f"Resize {pod.hostname}",
        "button": f"Resize {pod.hostname}",
        "original": pod,
        "consequences": on_resize(pod),
        "preview_url": reverse("admin:pods_cloudpod_resize_preview", args=[pod.pk]),
        "back": page_url(pod),
    }
    return _page(model_admin, request, form, preview, status, page)


def _page(
    model_admin: Any, request: HttpRequest, form: SizeForm, preview: Preview | None, status: int, page: dict[str, Any]
) -> HttpResponse:
    context = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "form": form, **page}
    template = "admin/pods/cloudpod/form.html"
    return TemplateResponse(request, template, {**context, "preview": preview}, status=status)
