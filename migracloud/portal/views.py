"""The portal's pages: what a tenant has and what happens to it, to be read only.

Decides: what is on each page, read on the tenant's behalf. Not: who may see it (access.py), or the words (words.py).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.views import LoginView, LogoutView
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from ipam.models import IPLease
from migracloud.portal import lists
from migracloud.portal.access import person_in, personal_page, tenant_page, tenants_of
from migracloud.portal.words import operation_words, pod_words, size_words, story
from operations.models import Operation
from operations.timeline import with_steps
from pods.models import CloudPod, InterfaceAddress, Snapshot
from pods.ssh_keys import read_keys
from tenants.models import Tenant

HISTORY_SHOWN = 20


class Login(LoginView):
    """Django's own; who has logged in already goes on."""

    template_name = "portal/login.html"
    next_page = "portal:home"
    redirect_authenticated_user = True

    def get_success_url(self) -> str:
        """Not back to here: for who has logged in already that would be a circle, at which Django breaks."""
        url = super().get_success_url()
        return self.get_default_redirect_url() if url == self.request.path else url


class Logout(LogoutView):
    next_page = "portal:login"


def root(request: HttpRequest) -> HttpResponse:
    """The site's bare address: a tenant's people go to the portal, all others to the admin."""
    user = request.user
    is_tenants = user.is_authenticated and not user.is_staff
    return redirect("portal:home" if is_tenants else "admin:index")


@personal_page
def home(request: HttpRequest) -> HttpResponse:
    """The only tenant's pods; a choice for a person of several; for a person of none, that it is so."""
    tenants = list(tenants_of(person_in(request)))
    if len(tenants) == 1:
        return redirect("portal:pods", tenants[0].reference)
    return render(request, "portal/home.html", {"tenants": tenants})


@tenant_page
def tenant_home(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    return redirect("portal:pods", tenant.reference)


@tenant_page
def pods(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    own: QuerySet[CloudPod] = CloudPod.objects.of(tenant)
    now = lists.chosen(lists.PODS, request.GET)
    wanted = request.GET.get("q", "").strip()
    found = own.filter(hostname__icontains=wanted) if wanted else own
    page = lists.page_of(found.filter(now.rows).select_related("tenant", "cluster__observation"), request.GET)
    live = _live_by_pod(tenant, page.rows)
    addresses = _addresses_by_pod(tenant, page.rows)
    rows = [
        {
            "pod": pod,
            "words": pod_words(pod, live[pod.pk].operation if pod.pk in live else None),
            "size": size_words(pod),
            "address": addresses.get(pod.pk, ""),
            "operation": live.get(pod.pk),
        }
        for pod in page.rows
    ]
    context = {
        "rows": rows,
        "page": page,
        "choices": lists.choices(lists.PODS, found, now),
        "chosen": now.name,
        "q": wanted,
        "has_any": bool(wanted or now.name or page.rows) or own.exists(),
        "refreshes": bool(live),
    }
    return _render(request, tenant, "pods", context)


@tenant_page
def pod(request: HttpRequest, tenant: Tenant, pk: UUID) -> HttpResponse:
    own: QuerySet[CloudPod] = CloudPod.objects.of(tenant).select_related("tenant", "cluster__observation")
    pod = get_object_or_404(own, pk=pk)
    done = Operation.objects.of(tenant).filter(subject_kind="pod", subject_id=pod.pk).order_by("-pk")
    history = list(with_steps(done)[:HISTORY_SHOWN])
    going_on = next((one for one in history if one.state in Operation.LIVE), None)
    latest = going_on or (history[0] if history else None)
    context = {
        "pod": pod,
        "words": pod_words(pod, going_on),
        "size": size_words(pod),
        "address": _addresses_by_pod(tenant, [pod]).get(pod.pk, ""),
        "leases": _leases(tenant).filter(interface_address__interface__pod=pod).order_by("pk"),
        "keys": read_keys(pod.ssh_keys),
        # What goes on now, or why the last thing did not work: told in full. What went well is a line in the history.
        "story": story(latest) if latest and latest.state != Operation.State.SUCCEEDED else None,
        "history": [operation_words(operation) for operation in history],
        "refreshes": any(operation.is_live for operation in history),
        "snapshots": list(Snapshot.objects.of(tenant).filter(pod=pod)),
    }
    return _render(request, tenant, "pod", context)


@tenant_page
def addresses(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    now = lists.chosen(lists.ADDRESSES, request.GET)
    own = _leases(tenant)
    page = lists.page_of(own.filter(now.rows), request.GET)
    borne = InterfaceAddress.objects.of(tenant).filter(lease__in=page.rows).select_related("interface__pod")
    holders = {address.lease_id: address.interface.pod for address in borne}
    context = {
        "rows": [{"lease": lease, "pod": holders.get(lease.pk)} for lease in page.rows],
        "page": page,
        "choices": lists.choices(lists.ADDRESSES, own, now),
        "chosen": now.name,
    }
    return _render(request, tenant, "addresses", context)


@tenant_page
def operations(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    now = lists.chosen(lists.OPERATIONS, request.GET)
    own: QuerySet[Operation] = Operation.objects.of(tenant)
    page = lists.page_of(own.filter(now.rows).prefetch_related("steps"), request.GET)
    context = {
        "rows": [operation_words(operation) for operation in page.rows],
        "page": page,
        "choices": lists.choices(lists.OPERATIONS, own, now),
        "chosen": now.name,
        "refreshes": any(operation.is_live for operation in page.rows),
    }
    return _render(request, tenant, "operations", context)


@tenant_page
def operation(request: HttpRequest, tenant: Tenant, pk: UUID) -> HttpResponse:
    found = get_object_or_404(with_steps(Operation.objects.of(tenant)), pk=pk)
    is_pods = found.subject_kind == "pod"
    pod = CloudPod.objects.of(tenant).filter(pk=found.subject_id).first() if is_pods else None
    context = {"story": story(found), "operation": found, "pod": pod, "refreshes": found.is_live}
    return _render(request, tenant, "operation", context)


def _render(request: HttpRequest, tenant: Tenant, name: str, context: dict[str, Any]) -> HttpResponse:
    """`tenants` are all that the person may turn to, for the menu at the top."""
    frame = {"tenant": tenant, "tenants": list(tenants_of(person_in(request)))}
    return render(request, f"portal/{name}.html", frame | context)


def _leases(tenant: Tenant) -> QuerySet[IPLease]:
    leases: QuerySet[IPLease] = IPLease.objects.of(tenant).select_related("subnet")
    return leases


def _addresses_by_pod(tenant: Tenant, pods: list[CloudPod]) -> dict[UUID, str]:
    """Each pod's primary address, as long as it holds it."""
    primary = InterfaceAddress.objects.of(tenant).filter(primary=True, lease__released_at=None)
    held = primary.filter(interface__pod__in=pods).order_by("-interface__index")
    return dict(held.values_list("interface__pod_id", "lease__address"))


def _live_by_pod(tenant: Tenant, pods: list[CloudPod]) -> dict[UUID, Any]:
    """What goes on with each pod; at most one thing does at a time (others may stand behind it)."""
    live = Operation.objects.of(tenant).filter(subject_kind="pod", subject_id__in=[pod.pk for pod in pods])
    going_on = live.filter(state__in=Operation.LIVE).prefetch_related("steps")
    return {operation.subject_id: operation_words(operation) for operation in going_on}
