"""What changes a tenant: creation, suspension, quota, tokens.

Decides: what is refused and what is recorded. Not: what a tenant's pods do meanwhile (pods/).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.services import SYSTEM, Actor, Resource, record
from core.errors import Invalid, NotFound, refusing_violations
from tenants.models import PLATFORM_REFERENCE, REFERENCE, ApiToken, Quota, Tenant

MOST_GRACE_HOURS = 8760  # a year
QUOTA_FIELDS = ("pods", "cores", "memory_mib", "disk_gib")


@transaction.atomic
def platform_tenant() -> Tenant:
    """The platform's own tenant, made on first use, with its quota or not at all."""
    tenant, made = Tenant.objects.get_or_create(
        kind=Tenant.Kind.PLATFORM,
        defaults={"reference": PLATFORM_REFERENCE, "name": "MigraHosting (platform)"},
    )
    if made:
        Quota.objects.create(tenant=tenant)
        record(by=SYSTEM, tenant=tenant, action="tenant.create", resource=_resource(tenant))
    return tenant


def tenant_by_reference(reference: str, *, field: str = "tenant") -> Tenant:
    """Refused: NotFound, naming the field."""
    try:
        return Tenant.objects.select_related("quota").get(reference=reference)
    except Tenant.DoesNotExist:
        raise NotFound(f"There is no tenant {reference}.", field=field) from None


@transaction.atomic
def create_tenant(*, by: Actor, reference: str, name: str, quota: dict[str, int] | None = None) -> Tenant:
    """Refused: Invalid (reference, name, quota), ReferenceTaken; then nothing changed."""
    _check_reference(reference)
    if reference == PLATFORM_REFERENCE:
        raise Invalid(f"{PLATFORM_REFERENCE} is the platform's own reference.", field="reference")
    if not name.strip():
        raise Invalid("A tenant needs a name.", field="name")
    limits = _checked_quota(quota or {})
    with refusing_violations():
        tenant = Tenant.objects.create(reference=reference, name=name.strip())
    Quota.objects.create(tenant=tenant, **limits)
    after = {"reference": reference, "name": tenant.name, "quota": limits}
    record(by=by, tenant=tenant, action="tenant.create", resource=_resource(tenant), after=after)
    return tenant


@transaction.atomic
def set_state(*, by: Actor, tenant: Tenant, state: str, reason: str) -> Tenant:
    """Suspend or reactivate. A suspended tenant gets nothing new; its pods are stopped by pods.services."""
    if state not in Tenant.State.values:
        raise Invalid(f"A tenant's state is one of {', '.join(Tenant.State.values)}.", field="state")
    locked = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if locked.is_platform:
        raise Invalid("The platform's own tenant cannot be suspended.", field="state")
    before, locked.state = locked.state, state
    locked.suspended_reason = reason[:500] if state == Tenant.State.SUSPENDED else ""
    locked.save(update_fields=["state", "suspended_reason"])
    record(
        by=by,
        tenant=locked,
        action="tenant.state",
        resource=_resource(locked),
        reason=reason,
        before={"state": before},
        after={"state": state},
    )
    return locked


@transaction.atomic
def set_grace(*, by: Actor, tenant: Tenant, hours: int) -> Tenant:
    """How long the tenant's destroyed pods are kept. What is deleted already is purged when it was to be."""
    if not 0 <= hours <= MOST_GRACE_HOURS:
        raise Invalid(f"A grace period has 0 to {MOST_GRACE_HOURS} hours.", field="grace_hours")
    locked = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    before, locked.grace_hours = locked.grace_hours, hours
    locked.save(update_fields=["grace_hours"])
    record(
        by=by,
        tenant=locked,
        action="tenant.grace",
        resource=_resource(locked),
        before={"grace_hours": before},
        after={"grace_hours": hours},
    )
    return locked


@transaction.atomic
def set_quota(*, by: Actor, tenant: Tenant, limits: dict[str, int]) -> Quota:
    """Change some of the limits. Lowering one below what is held takes nothing away; it refuses what comes next."""
    checked = _checked_quota(limits)
    quota: Quota = Quota.objects.select_for_update(no_key=True).get(tenant=tenant)
    before = {name: getattr(quota, name) for name in checked}
    for name, value in checked.items():
        setattr(quota, name, value)
    quota.save(update_fields=list(checked))
    record(by=by, tenant=tenant, action="tenant.quota", resource=_resource(tenant), before=before, after=checked)
    return quota


@transaction.atomic
def create_token(*, by: Actor, tenant: Tenant, name: str, expires_at: Any = None) -> tuple[ApiToken, str]:
    """A new token and its text, which is shown this once: `mc_<prefix>_<secret>`."""
    if not name.strip():
        raise Invalid("A token needs a name that says who uses it.", field="name")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        tenant=tenant, name=name.strip(), prefix=prefix, digest=_digest(secret), expires_at=expires_at
    )
    resource = Resource("token", token.pk, token.name)
    record(by=by, tenant=tenant, action="token.create", resource=resource, after={"prefix": prefix})
    return token, f"mc_{prefix}_{secret}"


@transaction.atomic
def revoke_token(*, by: Actor, token: ApiToken) -> None:
    """The token opens nothing from now on. Revoking it twice is once."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    if revoked:
        resource = Resource("token", token.pk, token.name)
        record(by=by, tenant=token.tenant, action="token.revoke", resource=resource)


def token_of(text: str) -> ApiToken | None:
    """The live token whose text this is, or None: unknown, wrong, expired and revoked are told alike."""
    match text.split("_", 2):
        case ["mc", prefix, secret] if prefix.isalnum():  # PostgreSQL refuses to look for some bytes
            live = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
            token: ApiToken | None = ApiToken.objects.select_related("tenant").filter(live, prefix=prefix).first()
            if token and hmac.compare_digest(token.digest, _digest(secret)):
                return token
    return None


def _check_reference(reference: str) -> None:
    try:
        REFERENCE(reference)
    except ValidationError as error:
        raise Invalid(error.messages[0], field="reference") from None


def _digest(secret: str) -> str:
    # A plain hash is enough: the secret has 256 random bits, there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


def _checked_quota(limits: dict[str, int]) -> dict[str, int]:
    for name, value in limits.items():
        if name not in QUOTA_FIELDS:
            raise Invalid(f"A quota has no {name}; it has {', '.join(QUOTA_FIELDS)}.", field="quota")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000_000:
            raise Invalid(f"quota.{name} has to be a whole number from 0 to 1,000,000,000.", field="quota")
    return dict(limits)


def _resource(tenant: Tenant) -> Resource:
    return Resource("tenant", tenant.pk, tenant.reference)
