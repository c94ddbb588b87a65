"""The fixed cast: alice and bob of TENANT-101, charlie of TENANT-102, olga of the platform, each with an API token.

Decides: who is who in tests. Not: what they have (factories.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.test import Client

from audit.services import SYSTEM, Actor
from tenants.models import Tenant
from tenants.services import create_tenant, create_token, platform_tenant
from tests import described


@dataclass
class Person:
    """Somebody who acts for a tenant, by hand (`actor`) or by program (`get`, `post`, `put`, `delete` on the API)."""

    actor: Actor
    tenant: Tenant
    token: str

    def get(self, path: str, **query: Any) -> Any:
        return _described("GET", path, self._client.get(f"/api/v1/{path}", query))

    def post(self, path: str, **body: Any) -> Any:
        return _described("POST", path, self._client.post(f"/api/v1/{path}", body, content_type="application/json"))

    def put(self, path: str, **body: Any) -> Any:
        return _described("PUT", path, self._client.put(f"/api/v1/{path}", body, content_type="application/json"))

    def delete(self, path: str) -> Any:
        return _described("DELETE", path, self._client.delete(f"/api/v1/{path}"))

    @property
    def _client(self) -> Client:
        return Client(headers={"authorization": f"Bearer {self.token}"})


def _described(method: str, path: str, answer: Any) -> Any:
    """Every answer that a test gets is one that the API's document describes."""
    described.check(method, f"/api/v1/{path.partition('?')[0]}", answer)
    return answer


def cast() -> dict[str, Person]:
    one = create_tenant(by=SYSTEM, reference="TENANT-101", name="Alice's shop")
    other = create_tenant(by=SYSTEM, reference="TENANT-102", name="Charlie's")
    return {
        "alice": _person("alice", one),
        "bob": _person("bob", one),
        "charlie": _person("charlie", other),
        "olga": _person("olga", platform_tenant()),
    }


def _person(name: str, tenant: Tenant) -> Person:
    token, text = create_token(by=SYSTEM, tenant=tenant, name=name)
    return Person(token.actor, tenant, text)
