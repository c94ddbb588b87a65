"""A tenant is suspended and resumed with all its pods in the admin, each after a question that says what it means.

Decides: who may, and the questions. Not: what is refused or done (services/suspension.py), nor the tenant's page
(tenants/admin.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html

from audit.confirming import ask_and_do
from audit.places import list_url
from operations.models import Operation
from pods.models import CloudPod
from pods.services import resume_tenant, suspend_tenant
from tenants.admin_base import actor_of
from tenants.models import Tenant

MAY = ("tenants.change_tenant", "pods.change_cloudpod")


def urls(model_admin: Any) -> list[URLPattern]:
    """The tenant's page links to these by name: it stands on a floor below."""
    view = model_admin.admin_site.admin_view
    return [
        path("of-tenant/<uuid:pk>/suspend/", view(partial(_suspend, model_admin)), name="tenants_tenant_suspend"),
        path("of-tenant/<uuid:pk>/resume/", view(partial(_resume, model_admin)), name="tenants_tenant_resume"),
    ]


def _tenant(request: HttpRequest, pk: Any) -> Tenant:
    if not request.user.has_perms(MAY):
        raise PermissionDenied
    return get_object_or_404(Tenant, pk=pk)


def _suspend(model_admin: Any, request: HttpRequest, pk: Any) -> HttpResponse:
    """GET asks and changes nothing; POST does it."""
    tenant = _tenant(request, pk)
    pods = CloudPod.objects.of(tenant).live().count()
    return ask_and_do(
        model_admin,
        request,
        tenant,
        partial(_do, request, tenant, suspend_tenant, "suspended"),
        title=f"Suspend {tenant}",
        consequences=[
            f"All pods of {tenant} ({tenant.name}) are shut down, {pods} of them, and none can be started until it is "
            "resumed.",
            "It gets no new pods. It keeps what it has, and reads the reason.",
            "One operation a pod is begun, all of one request.",
        ],
        button=f"Suspend {tenant}",
        needs_reason=True,
    )


def _resume(model_admin: Any, request: HttpRequest, pk: Any) -> HttpResponse:
    """GET asks and changes nothing; POST does it."""
    tenant = _tenant(request, pk)
    own = CloudPod.objects.of(tenant).live().filter(suspended_at__isnull=False).count()
    return ask_and_do(
        model_admin,
        request,
        tenant,
        partial(_do, request, tenant, resume_tenant, "active again"),
        title=f"Resume {tenant}",
        consequences=[
            f"The pods of {tenant} ({tenant.name}) run again, as far as they are meant to.",
            f"Those that are suspended for a reason of their own stay so: {own} of them.",
        ],
        button=f"Resume {tenant}",
        dangerous=False,
    )


def _do(request: HttpRequest, tenant: Tenant, service: Callable[..., Any], words: str, *, reason: str) -> str:
    begun = service(by=actor_of(request), tenant=tenant, reason=reason)
    if not begun:
        return f"{tenant} is {words}; no pod of its had to be changed."
    url = list_url(Operation, q=begun[0].request_id)
    told = '{} is {}. <a class="mc-link" href="{}">Follow its {} operations</a>.'
    return format_html(told, tenant, words, url, len(begun))
