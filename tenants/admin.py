"""Tenants and their tokens in the admin. Every change goes through tenants/services.py.

Decides: forms and lists. Not: what is refused (services.py); what a tenant's page tells (pages.py); people
(people_admin.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from audit import look
from audit.admin_base import ReadAdmin, TenantFilter
from audit.admin_pages import EditedPageAdmin
from audit.confirming import confirm
from audit.places import page_url
from core.errors import Refused
from tenants import people_admin as people_admin  # its pages are registered with these
from tenants.admin_base import Addable, actor_of
from tenants.forms import TenantForm, TokenForm
from tenants.models import ApiToken, Quota, Tenant
from tenants.pages import token_state
from tenants.services import (
    QUOTA_FIELDS,
    create_tenant,
    create_token,
    revoke_token,
    set_grace,
    set_quota,
)


@admin.register(Tenant)
class TenantAdmin(EditedPageAdmin, Addable):
    form = TenantForm
    page_template = "admin/tenants/tenant/page.html"
    list_display = ["reference", "name", "state_badge", "kind", "limits", "created"]
    list_filter = ["state", "kind"]
    list_select_related = ["quota"]
    search_fields = ["reference", "name"]
    search_help_text = "Reference or name"
    empty_hint = "Add the first tenant, or let mPanel do it: POST /api/v1/tenants."
    add_fieldsets = [
        (None, {"fields": ["reference", "name"]}),
        ("Quota", {"fields": [("pods", "cores"), ("memory_mib", "disk_gib")]}),
    ]
    fieldsets = [
        (None, {"fields": ["reference", "name", "grace_hours"]}),
        ("Quota", {"fields": [("pods", "cores"), ("memory_mib", "disk_gib")]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["reference", "name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        by, data = actor_of(request), form.cleaned_data
        limits = {name: data[name] for name in QUOTA_FIELDS}
        if not change:
            made = create_tenant(by=by, reference=obj.reference, name=obj.name, quota=limits)
            obj.pk = made.pk
            return
        if "grace_hours" in form.changed_data:
            set_grace(by=by, tenant=obj, hours=data["grace_hours"])
        if changed := {name: limits[name] for name in QUOTA_FIELDS if name in form.changed_data}:
            set_quota(by=by, tenant=obj, limits=changed)

    @display(description="State", ordering="state")
    def state_badge(self, tenant: Tenant) -> str:
        return look.badge(tenant.state)

    @display(description="May hold")
    def limits(self, tenant: Tenant) -> str:
        quota = tenant.quota
        return f"{quota.pods} pods, {quota.cores} cores, {look.memory(quota.memory_mib)}, {quota.disk_gib} GiB disk"

    @display(description="Created", ordering="created_at")
    def created(self, tenant: Tenant) -> str:
        return look.ago(tenant.created_at)


@admin.register(Quota)
class QuotaAdmin(ReadAdmin):
    """To read and compare; it is changed on the tenant's page."""

    list_display = ["tenant", "pods", "cores", "memory", "disk_gib"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter]
    search_fields = ["tenant__reference", "tenant__name"]
    search_help_text = "Tenant"
    ordering = ["tenant__reference"]
    fieldsets = [(None, {"fields": ["tenant", ("pods", "cores"), ("memory", "disk_gib")]})]
    empty_hint = "A quota comes with its tenant."

    @display(description="Memory", ordering="memory_mib")
    def memory(self, quota: Quota) -> str:
        return look.memory(quota.memory_mib)


@admin.register(ApiToken)
class ApiTokenAdmin(Addable):
    """Made and revoked. Its text is in the one answer that makes it, and nowhere else: no session, no cookie."""

    form = TokenForm
    list_display = ["name", "state_badge", "tenant", "prefix", "created", "expires"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter]
    search_fields = ["name", "prefix", "tenant__reference"]
    search_help_text = "Name, prefix or tenant"
    empty_hint = "Add one for each program that calls the API."
    autocomplete_fields = ["tenant"]
    add_fieldsets = [(None, {"fields": ["tenant", "name", "expires_at"]})]
    fieldsets = [
        (None, {"fields": [("name", "tenant"), ("state_badge", "prefix")]}),
        ("Times", {"fields": [("created", "expires"), "revoked"]}),
    ]
    change_form_template = "admin/token.html"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<uuid:pk>/revoke/", view, name="tenants_apitoken_revoke"), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["state_badge", "created", "expires", "revoked"] if obj else []

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if obj.tenant.is_platform and not request.user.is_superuser:
            raise Refused("Only a superuser makes a token of the platform: it acts for every tenant.", field="tenant")
        token, text = create_token(by=actor_of(request), tenant=obj.tenant, name=obj.name, expires_at=obj.expires_at)
        obj.pk = token.pk
        request.token_text = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: Any = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": f"Token {obj.name}",
            "text": request.token_text,  # type: ignore[attr-defined]
            "page": page_url(obj),
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/token_made.html", context, headers=headers)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        token = kwargs.get("obj")
        context["show_save_and_continue"] = False
        context["may_revoke"] = token is not None and token.revoked_at is None and self._may_revoke(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def revoke_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks, POST revokes."""
        token = get_object_or_404(self.get_queryset(request).select_related("tenant"), pk=pk)
        if not self._may_revoke(request):
            raise PermissionDenied
        if request.method == "POST":
            revoke_token(by=actor_of(request), token=token)
            messages.success(request, f"Token {token.name} is revoked: it opens nothing from now on.")
            return HttpResponseRedirect(page_url(token))
        return confirm(
            self,
            request,
            token,
            title=f"Revoke token {token.name}",
            consequences=[
                f"The program that uses {token.name} ({token.prefix}) is refused from now on.",
                f"It acted for {token.tenant}. Other tokens of that tenant stay as they are.",
                "It cannot be undone; a new token can be made.",
            ],
            button="Revoke this token",
            asks_reason=False,
        )

    def _may_revoke(self, request: HttpRequest) -> bool:
        return bool(ModelAdmin.has_change_permission(self, request))

    @display(description="State")
    def state_badge(self, token: ApiToken) -> str:
        return look.badge(token_state(token))

    @display(description="Created", ordering="created_at")
    def created(self, token: ApiToken) -> str:
        return look.ago(token.created_at)

    @display(description="Expires", ordering="expires_at")
    def expires(self, token: ApiToken) -> str:
        return look.ago(token.expires_at) if token.expires_at else "never"

    @display(description="Revoked", ordering="revoked_at")
    def revoked(self, token: ApiToken) -> str:
        return look.ago(token.revoked_at) if token.revoked_at else "no"
