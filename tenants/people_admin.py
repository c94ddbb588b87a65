"""People in the admin: users, what each may do for which tenant, and groups. Each change is recorded here.

Decides: forms, pages, and who may give rights. Not: what a role allows (services.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from audit import look
from audit.admin_base import TenantFilter
from audit.services import Resource, record
from core.errors import refusing_violations
from tenants.admin_base import Addable, actor_of
from tenants.models import Membership, User
from tenants.services import platform_tenant


@admin.register(Membership)
class MembershipAdmin(Addable):
    list_display = ["user", "tenant", "role"]
    list_select_related = ["user", "tenant"]
    list_filter = ["role", TenantFilter]
    search_fields = ["user__username", "user__email", "tenant__reference"]
    search_help_text = "User or tenant"
    autocomplete_fields = ["user", "tenant"]
    fields = ["user", "tenant", "role"]
    ordering = ["tenant__reference", "user__username"]
    empty_hint = "Add one to let a person act for a tenant."

    # Harmless: the world holds nothing by a membership, and the trail keeps who had it.
    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(ModelAdmin.has_delete_permission(self, request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user", "tenant"] if obj else []

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        with refusing_violations():
            obj.save()
        self._record(request, obj, "membership.change" if change else "membership.create")

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        self._record(request, obj, "membership.remove")
        obj.delete()

    def _record(self, request: HttpRequest, membership: Membership, action: str) -> None:
        user = membership.user
        record(
            by=actor_of(request),
            tenant=membership.tenant,
            action=action,
            resource=Resource("membership", membership.pk, user.get_username()),
            after={"user": user.get_username(), "role": membership.role},
        )


@admin.register(User)
class UserAdmin(DjangoUserAdmin, Addable):  # type: ignore[type-arg, misc]
    """People. Only a superuser gives rights, and touches others who have some."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "email", "staff", "usable", "last_seen"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    search_help_text = "Name or e-mail"
    readonly_fields = ["last_login", "date_joined"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        others_with_rights = isinstance(obj, User) and obj.pk != request.user.pk and (obj.is_staff or obj.is_superuser)
        if others_with_rights and not request.user.is_superuser:
            return False  # whoever sets a person's password has that person's rights
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        rights = [] if request.user.is_superuser else ["is_staff", "is_superuser", "groups", "user_permissions"]
        return [*self.readonly_fields, *rights]

    # Django calls these two for every form of a user, the password's too; what they get holds names, never values.
    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> None:  # type: ignore[override]
        self._record(request, obj, "user.create", message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> None:  # type: ignore[override]
        self._record(request, obj, "user.change", message)

    def _record(self, request: HttpRequest, user: User, action: str, message: Any) -> None:
        record(
            by=actor_of(request),
            tenant=platform_tenant(),
            action=action,
            resource=Resource("user", user.pk, user.get_username()),
            after={"what": message},
        )

    @display(description="Role", ordering="is_superuser")
    def staff(self, user: User) -> str:
        word = "superuser" if user.is_superuser else "staff" if user.is_staff else "tenant's"
        return look.badge(word, tone="busy" if user.is_staff else "quiet")

    @display(description="State", ordering="is_active")
    def usable(self, user: User) -> str:
        return look.badge("active" if user.is_active else "disabled")

    @display(description="Last seen", ordering="last_login")
    def last_seen(self, user: User) -> str:
        return look.ago(user.last_login) if user.last_login else "never"


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Permissions in bundles; Django's own model, in our dress. Who gives rights here could give them to themselves."""

    actions = None
    list_fullwidth = True
    empty_hint = "Add one to give several people the same permissions."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def log_addition(self, request: HttpRequest, obj: Group, message: Any) -> None:  # type: ignore[override]
        self._record(request, obj, "group.create", message)

    def log_change(self, request: HttpRequest, obj: Group, message: Any) -> None:  # type: ignore[override]
        self._record(request, obj, "group.change", message)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        self._record(request, obj, "group.remove", "")
        super().delete_model(request, obj)

    def _record(self, request: HttpRequest, group: Group, action: str, message: Any) -> None:
        platform = platform_tenant()  # a group's id is a number; the trail names resources by UUID
        resource = Resource("group", platform.pk, group.name)
        record(by=actor_of(request), tenant=platform, action=action, resource=resource, after={"what": message})
