"""Addresses inside the admin: the page of a row, a list with filters, the history of a resource.

Decides: how they are written. Not: who may open them.
"""

from __future__ import annotations

from django.db.models import Model
from django.urls import reverse


def page_url(obj: Model) -> str:
    """The admin's page of a row."""
    meta = obj._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk])


def list_url(model: type[Model], **parameters: str) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist", query=parameters or None)


def history_url(resource_id: object) -> str:
    """The audit trail of one resource."""
    return reverse("admin:audit_auditevent_changelist", query={"resource_id__exact": str(resource_id)})
