"""What every row has: a UUID of version 7, and for what a tenant owns, the manager that reads on the tenant's behalf.

Decides: ids and tenant scoping. Not: who may act for which tenant (tenants/).
"""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from django.db import models
from uuid6 import uuid7


def new_id() -> UUID:
    """A UUID of version 7: ordered by time, so that keyset pages and indexes like it; it betrays no count."""
    return UUID(int=uuid7().int)


class Row(models.Model):
    """The base of every model."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class TenantQuerySet(models.QuerySet[Any]):
    """Rows that belong to tenants."""

    def of(self, tenant: Any) -> Self:
        """Only what this tenant owns. Every read on behalf of a tenant goes through here."""
        return self.filter(tenant=tenant)

    def visible_to(self, scope: Any) -> Self:
        """What the holder of a scope may see: everything for the platform, else its one tenant's rows.

        `scope` is a tenant (tenants.models.Tenant): the platform's own sees all.
        """
        return self.all() if scope.is_platform else self.of(scope)
