"""record(): the one way into the audit trail, called inside the transaction of what it records.

Decides: what an event holds. Not: what is worth an event (each service does).
"""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from audit import trace
from audit.models import AuditEvent


@dataclass(frozen=True)
class Actor:
    """Who acts: `kind` is user, token or system; `name` is what people call them."""

    kind: str
    name: str


SYSTEM = Actor("system", "control plane")


def at_the_command_line() -> Actor:
    """Who has typed a command, by the name of the account on this machine; behind sudo, who called it."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        name = f"user {os.getuid()}"
    return Actor("system", f"{name[:80]} at the command line")


class HasReference(Protocol):
    """A tenant, as far as the record needs it."""

    @property
    def id(self) -> UUID: ...
    @property
    def reference(self) -> str: ...


@dataclass(frozen=True)
class Resource:
    """What was acted upon, by value."""

    kind: str
    id: UUID
    name: str


def record(
    *,
    by: Actor,
    tenant: HasReference,
    action: str,
    resource: Resource,
    outcome: str = AuditEvent.Outcome.DONE,
    operation_id: UUID | None = None,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write one event. `before` and `after` hold plain JSON values and never a secret."""
    return AuditEvent.objects.create(
        tenant_id=tenant.id,
        tenant_reference=tenant.reference,
        actor_kind=by.kind,
        actor=by.name,
        action=action,
        outcome=outcome,
        resource_kind=resource.kind,
        resource_id=resource.id,
        resource_name=resource.name,
        operation_id=operation_id,
        request_id=trace.request_id(),
        reason=reason,
        before=before or {},
        after=after or {},
    )
