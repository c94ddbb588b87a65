"""suggest_tenants(): the few tenants that somebody may mean who has begun to type one.

Decides: which, and in which order. Not: who may ask.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from tenants.models import Tenant

SUGGESTED = 10


def as_reference(typed: str) -> str:
    """What a person types for a reference, written whole: 123 and tenant-123 are TENANT-123."""
    typed = typed.strip().upper()
    return typed if typed.startswith("TENANT-") or not typed.isascii() or not typed.isdigit() else f"TENANT-{typed}"


def suggest_tenants(typed: str) -> QuerySet[Tenant]:
    """Those whose reference or name begins with it, by their numbers. Both are found by an index."""
    begins = Q(reference__startswith=as_reference(typed)) | Q(name__istartswith=typed.strip())
    return Tenant.objects.filter(begins).order_by(Length("reference"), "reference")[:SUGGESTED]
