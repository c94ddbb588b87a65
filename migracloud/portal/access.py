"""Who may look at what in the portal: a person at the tenants that they are a member of, and nobody at anything else.

Decides: whose page a request is for, or that there is no such page. Not: what stands on it (views.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tenants.models import Tenant, User

LOGIN = "portal:login"


def person_in(request: HttpRequest) -> User:
    """Who has logged in; only behind `login_required`."""
    return cast(User, request.user)


def tenants_of(user: User) -> QuerySet[Tenant]:
    """By membership alone: staff see others' things in the admin, where it is their right, and not here."""
    return Tenant.objects.filter(memberships__user=user).order_by("reference")


def personal_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Somebody has logged in, only reads, and no cache keeps what they saw."""
    page: Callable[..., HttpResponse] = require_safe(never_cache(login_required(view, login_url=LOGIN)))
    return page


def tenant_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The only way to a page with a tenant's things: `reference` is the address's, `tenant` is the view's.

    A tenant that is not the person's is told exactly like one that does not exist.
    """

    @personal_page
    @wraps(view)
    def page(request: HttpRequest, reference: str, **names: Any) -> HttpResponse:
        tenant = get_object_or_404(tenants_of(person_in(request)), reference=reference)
        return view(request, tenant, **names)

    return page
