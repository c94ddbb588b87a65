"""The forms behind the admin's pages of tenants and tokens.

Decides: which inputs there are. Not: what is refused (services.py).
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from tenants.models import ApiToken, Quota, Tenant
from tenants.services import QUOTA_FIELDS


class TenantForm(forms.ModelForm[Tenant]):
    """A tenant with its quota; the two are one thing to a person."""

    pods = forms.IntegerField(min_value=0, max_value=1_000_000_000, widget=UnfoldAdminIntegerFieldWidget)
    cores = forms.IntegerField(min_value=0, max_value=1_000_000_000, widget=UnfoldAdminIntegerFieldWidget)
    memory_mib = forms.IntegerField(
        label="Memory (MiB)", min_value=0, max_value=1_000_000_000, widget=UnfoldAdminIntegerFieldWidget
    )
    disk_gib = forms.IntegerField(
        label="Disk (GiB)", min_value=0, max_value=1_000_000_000, widget=UnfoldAdminIntegerFieldWidget
    )

    class Meta:
        model = Tenant
        fields = ["reference", "name", "grace_hours"]
        widgets = {"grace_hours": UnfoldAdminIntegerFieldWidget}
        help_texts = {"reference": "TENANT- and its number in mPanel, such as TENANT-123; it never changes"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quota = Quota() if self.instance._state.adding else self.instance.quota
        for name in QUOTA_FIELDS:
            self.initial.setdefault(name, getattr(quota, name))

    def validate_unique(self) -> None:
        """Left to the service, which says what a taken reference means."""

    def validate_constraints(self) -> None:
        """Left to the service likewise."""


class TokenForm(forms.ModelForm[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ["tenant", "name", "expires_at"]
        help_texts = {"expires_at": f"In time zone {settings.TIME_ZONE}. Leave it empty and the token never expires."}
