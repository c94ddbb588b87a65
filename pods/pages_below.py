"""What pages of floors below tell of pods: a tenant's use and its pods.

Decides: which pods are shown there, and what counts as use. Not: a pod's own page (pages.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from audit import look
from audit.admin_pages import may_see, tells_of
from audit.places import list_url
from pods.models import CloudPod
from pods.pages import observed_tone
from pods.queries import held_by, with_primary_address
from tenants.models import Quota, Tenant

OF_A_TENANT = 10


@dataclass(frozen=True)
class Use:
    """One of a quota's limits, and how much of it is held."""

    what: str
    held: int
    most: int
    words: str


@dataclass(frozen=True)
class PodLine:
    pod: CloudPod
    tone: str


@tells_of(Tenant)
def tell_of_tenant(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    if not may_see(request, CloudPod):
        return {}
    held = held_by(tenant)
    newest = with_primary_address(CloudPod.objects.of(tenant)).select_related("node").order_by("-id")
    return {
        "sees_pods": True,
        "holds": _holds(held["pods"], tenant.quota.pods),
        "use": use(held, tenant.quota),
        "pods": [PodLine(pod, observed_tone(pod)) for pod in newest[:OF_A_TENANT]],
        "pods_url": list_url(CloudPod, tenant=tenant.reference),
    }


def use(held: dict[str, int], quota: Quota) -> list[Use]:
    """What its live pods hold of each limit. A limit may have been set below what is held."""
    rows = (
        ("Pods", held["pods"], quota.pods, str),
        ("Cores", held["cores"], quota.cores, str),
        ("Memory", held["memory_mib"], quota.memory_mib, look.memory),
        ("Disk", held["disk_gib"], quota.disk_gib, "{} GiB".format),
    )
    return [Use(what, now, most, f"{words(now)} of {words(most)}") for what, now, most, words in rows]


def _holds(pods: int, most: int) -> str:
    return f"It holds {'no pod' if not pods else f'{pods} pod' if pods == 1 else f'{pods} pods'} of {most}."
