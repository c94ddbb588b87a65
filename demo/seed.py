"""What the demo's database holds besides the cluster: an admin, mPanel's token, one of a tenant's people.

Decides: names and random secrets. Not: the tenants; mPanel makes those (scenario.py). Needs Django set up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from audit.services import SYSTEM
from tenants.models import Membership, User
from tenants.services import create_token, platform_tenant, tenant_by_reference


@dataclass(frozen=True)
class Credentials:
    """What a person logs in with, and what mPanel authenticates itself with."""

    admin: str
    password: str
    token: str


def let_in(reference: str) -> tuple[str, str]:
    """One of the tenant's people, for the portal: name and password."""
    name, password = "alice", secrets.token_urlsafe(12)
    person = User.objects.create_user(name, password=password)
    Membership.objects.create(user=person, tenant=tenant_by_reference(reference))
    return name, password


def seed() -> Credentials:
    """Both are good for this demo's database only, which the next demo drops."""
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser("admin", "admin@localhost", password)
    _, token = create_token(by=SYSTEM, tenant=platform_tenant(), name="mpanel")
    return Credentials("admin", password, token)
