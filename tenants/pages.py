"""What a tenant's page tells of the tenant itself: its state in a sentence, its people, its API tokens, its audit.

Decides: these words, and how much of each is shown to whom. Not: its pods, addresses and operations (floors above), nor
how it is laid out (templates).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from audit.admin_pages import events_of, may_see, tells_of
from audit.models import AuditEvent
from audit.places import list_url
from tenants.models import ApiToken, Membership, Tenant

SHOWN = 10


@dataclass(frozen=True)
class TokenLine:
    token: ApiToken
    state: str


@tells_of(Tenant)
def tell(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    return {
        "sentence": sentence(tenant),
        "suspension": _suspension(tenant),
        "quota": tenant.quota,
        **_people(request, tenant),
        **_tokens(request, tenant),
        **events_of(request, {"tenant": tenant.reference}, tenant_id=tenant.pk),
    }


def sentence(tenant: Tenant) -> str:
    """Where the tenant stands, for somebody who has just opened its page."""
    if tenant.is_platform:
        return f"{tenant} is the platform itself: what is done for nobody in particular is on its account."
    if tenant.state == Tenant.State.SUSPENDED:
        return f"{tenant} is suspended: its pods stand still, and it gets nothing new until it is resumed."
    return f"{tenant} is active: it may ask for pods."


def token_state(token: ApiToken) -> str:
    if token.revoked_at:
        return "revoked"
    expired = token.expires_at is not None and token.expires_at <= timezone.now()
    return "expired" if expired else "active"


def _suspension(tenant: Tenant) -> AuditEvent | None:
    """Since when and by whom it is suspended: the tenant's row has the reason alone."""
    if tenant.state != Tenant.State.SUSPENDED:
        return None
    events = AuditEvent.objects.filter(resource_kind="tenant", resource_id=tenant.pk, action="tenant.state")
    found: AuditEvent | None = events.first()
    return found


def _people(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    if not may_see(request, Membership):
        return {}
    people = Membership.objects.of(tenant).select_related("user").order_by("user__username")
    return {
        "sees_people": True,
        "people": list(people[:SHOWN]),
        "people_url": list_url(Membership, tenant=tenant.reference),
    }


def _tokens(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """The live ones first."""
    if not may_see(request, ApiToken):
        return {}
    tokens = ApiToken.objects.of(tenant).order_by(F("revoked_at").desc(nulls_first=True), "-id")
    return {
        "sees_tokens": True,
        "tokens": [TokenLine(token, token_state(token)) for token in tokens[:SHOWN]],
        "tokens_url": list_url(ApiToken, tenant=tenant.reference),
    }
