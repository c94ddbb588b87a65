"""What the demo's database holds besides the cluster: an admin, and mPanel's token.

Decides: names and random secrets. Not: the tenants; mPanel makes those (scenario.py). Needs Django set up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from audit.services import SYSTEM
from tenants.models import User
from tenants.services import create_token, platform_tenant


@dataclass(frozen=True)
class Credentials:
    """What a person logs in with, and what mPanel authenticates itself with."""

    admin: str
    password: str
    token: str


def seed() -> Credentials:
    """Both are good for this demo's database only, which the next demo drops."""
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser("admin", "admin@localhost", password)
    _, token = create_token(by=SYSTEM, tenant=platform_tenant(), name="mpanel")
    return Credentials("admin", password, token)
