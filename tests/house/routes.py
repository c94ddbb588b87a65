"""Every route of portal and API, and how it is asked for a tenant's things: what a new route is added to.

Decides: what each route is to the walk. Not: the walk itself (test_tenant_isolation.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from ipam.models import IPLease
from operations.models import Operation
from pods.models import CloudPod
from tenants.models import Tenant
from tests.migracloud.portal_people import KEY


@dataclass(frozen=True)
class Route:
    """An address with its parts' names, and one method."""

    name: str
    method: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.name}"

    @property
    def is_portals(self) -> bool:
        return self.name.startswith("portal:")


@dataclass(frozen=True)
class Things:
    """What one tenant has, one of each."""

    tenant: Tenant
    pod: CloudPod
    operation: Operation
    lease: IPLease
    going: Operation  # one that is not done yet, with another pod

    def id_of(self, thing: str) -> str:
        """A snapshot goes by its pod's id and its name."""
        thing = "pod" if thing == "snapshot" else thing
        return str(getattr(self, thing).pk)

    @property
    def ids(self) -> set[str]:
        return {self.id_of(thing) for thing in ("tenant", "pod", "operation", "lease", "going")}

    @property
    def traces(self) -> set[str]:
        """What an answer has in it if it tells of any of them."""
        return self.ids | {self.pod.hostname, self.tenant.reference, self.lease.address}


@dataclass(frozen=True)
class Shows:
    """A GET that tells of one thing: to others it is 404."""

    thing: str


@dataclass(frozen=True)
class Lists:
    """A GET that tells of many: to others it is 404, or has none of them. `trace` is what its owner finds in it."""

    trace: str = "hostname"


@dataclass(frozen=True)
class Does:
    """A method that changes something: its owner is answered 202, others 404, and then nothing has changed.

    `first`: what the pod has to be, for that.
    """

    thing: str
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 202
    first: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Staffs:
    """A method that the platform's token alone may use: the thing's owner is answered 403, others 404."""

    thing: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Nobodys:
    """It names nothing of any tenant's; why that is so."""

    reason: str


Step = Shows | Lists | Does | Staffs | Nobodys
WHY = {"reason": "asked for"}
DELETED = {"phase": "deleted", "deleted_at": "2026-11-23T09:00Z", "purge_at": "2026-11-26T09:00Z"}
PLATFORMS = "the platform's token alone: tests/clusters/test_api.py"

WALK: dict[tuple[str, str], Step] = {
    ("root", "GET"): Nobodys("sends each to their own page"),
    ("^api/", "GET"): Nobodys("404 for whatever is no route"),
    ("openapi", "GET"): Nobodys("describes the routes; holds nobody's things"),
    ("docs", "GET"): Nobodys("describes the routes; holds nobody's things"),
    ("portal:home", "GET"): Lists("reference"),
    ("portal:login", "GET"): Nobodys("a form"),
    ("portal:login", "POST"): Nobodys("opens what the other routes show"),
    ("portal:logout", "POST"): Nobodys("ends a session"),
    ("portal:tenant", "GET"): Lists(),
    ("portal:pods", "GET"): Lists(),
    ("portal:pod", "GET"): Shows("pod"),
    ("portal:addresses", "GET"): Lists("address"),
    ("portal:operations", "GET"): Lists(),
    ("portal:operation", "GET"): Shows("operation"),
    ("tenant-list", "GET"): Lists("reference"),
    ("tenant-list", "POST"): Nobodys("the platform's token alone makes tenants: tests/tenants/test_api.py"),
    ("tenant-detail", "GET"): Shows("tenant"),
    ("pod-list", "GET"): Lists(),
    ("pod-list", "POST"): Does("tenant", {"tenant": "TENANT-101", "hostname": "one-more"}),
    ("pod-detail", "GET"): Shows("pod"),
    ("pod-detail", "DELETE"): Does("pod"),
    ("pod-start", "POST"): Does("pod"),
    ("pod-stop", "POST"): Does("pod"),
    ("pod-reboot", "POST"): Does("pod"),
    ("pod-purge", "POST"): Staffs("pod", WHY),
    ("pod-restore", "POST"): Does("pod", first=DELETED),
    ("pod-rebuild", "POST"): Does("pod"),
    ("pod-resize", "POST"): Does("pod", {"cores": 3}),
    ("pod-rename", "POST"): Does("pod", {"hostname": "called-otherwise"}),
    ("pod-move", "POST"): Staffs("pod"),
    ("pod-suspend", "POST"): Staffs("pod", WHY),
    ("pod-resume", "POST"): Staffs("pod"),
    ("pod-protection", "PUT"): Does("pod", {"protected": True}, status=200),
    ("pod-snapshots", "GET"): Shows("snapshot"),
    ("pod-snapshots", "POST"): Does("pod", {"name": "one-more"}),
    ("pod-delete-snapshot", "DELETE"): Does("pod"),
    ("pod-rollback", "POST"): Does("pod"),
    ("pod-ssh-keys", "PUT"): Does("pod", {"ssh_keys": [KEY]}),
    ("operation-list", "GET"): Lists(),
    ("operation-detail", "GET"): Shows("operation"),
    ("operation-cancel", "POST"): Does("going"),
    ("operation-retry", "POST"): Staffs("operation", WHY),
    ("operation-skip", "POST"): Staffs("operation", WHY),
    ("operation-resolve", "POST"): Staffs("operation", WHY),
    ("tenant-suspend", "POST"): Staffs("tenant", WHY),
    ("tenant-resume", "POST"): Staffs("tenant"),
    ("freeze-list", "GET"): Nobodys(PLATFORMS),
    ("freeze-list", "POST"): Nobodys(PLATFORMS),
    ("freeze-detail", "GET"): Nobodys(PLATFORMS),
    ("freeze-detail", "DELETE"): Nobodys(PLATFORMS),
    ("finding-list", "GET"): Nobodys(PLATFORMS),
    ("finding-close", "POST"): Nobodys(PLATFORMS),
}

# The admin is the staff's: who may do what there is in tests/*/test_admin.py.
LEFT_OUT = ("admin",)


def routes() -> list[Route]:
    """From the URL resolver, so that none can be forgotten."""
    return list(_routes(get_resolver(), ""))


def _routes(resolver: URLResolver, space: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            name = f"{space}{entry.name or entry.pattern}"
            for method in _methods(entry.callback):
                yield Route(name, method, tuple(entry.pattern.regex.groupindex))
        elif entry.namespace not in LEFT_OUT:
            yield from _routes(entry, f"{entry.namespace}:" if entry.namespace else space)


def _methods(view: Any) -> list[str]:
    """What a viewset has been given, or a class answers; a plain function reads."""
    if actions := getattr(view, "actions", None):
        return sorted(method.upper() for method in actions if method != "head")
    if view_class := getattr(view, "view_class", None) or getattr(view, "cls", None):
        named = [method for method in view_class.http_method_names if method not in ("head", "options", "put")]
        return sorted(method.upper() for method in named if hasattr(view_class, method))
    return ["GET"]
