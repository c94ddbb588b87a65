"""What pages of floors below tell of pods: a tenant's use and its pods, a cluster's by state, a node's.

Decides: which pods are shown there, and what counts as use. Not: a pod's own page (pages.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import HttpRequest

from audit import look
from audit.admin_pages import may_see, tells_of
from audit.places import list_url
from clusters.models import Cluster, Node
from pods.models import CloudPod
from pods.pages import observed_tone
from pods.queries import held_by, with_primary_address
from tenants.models import Quota, Tenant

OF_A_TENANT, ON_A_NODE = 10, 20


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


@dataclass(frozen=True)
class PodCount:
    """So many pods are in this phase and were seen in this state; `url` lists them."""

    phase: str
    state: str
    count: int
    url: str


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


@tells_of(Cluster)
def tell_of_cluster(request: HttpRequest, cluster: Cluster) -> dict[str, Any]:
    """How many of its live pods are in each phase, and were seen in each state."""
    if not may_see(request, CloudPod):
        return {}
    on_it = CloudPod.objects.live().filter(cluster=cluster)
    counted = on_it.order_by("phase", "observed_state").values_list("phase", "observed_state").annotate(Count("pk"))
    return {
        "sees_pods": True,
        "pod_counts": [_counted(cluster, *row) for row in counted],
        "pods_url": list_url(CloudPod, cluster__id__exact=str(cluster.pk)),
    }


@tells_of(Node)
def tell_of_node(request: HttpRequest, node: Node) -> dict[str, Any]:
    if not may_see(request, CloudPod):
        return {}
    on_it = with_primary_address(CloudPod.objects.live().filter(node=node)).select_related("tenant")
    return {
        "sees_pods": True,
        "pods": [PodLine(pod, observed_tone(pod)) for pod in on_it.order_by("hostname", "id")[:ON_A_NODE]],
        "pods_url": list_url(CloudPod, node__id__exact=str(node.pk), live="yes"),
    }


def _counted(cluster: Cluster, phase: str, state: str, count: int) -> PodCount:
    these = {"phase__exact": phase, "observed_state__exact": state, "cluster__id__exact": str(cluster.pk)}
    return PodCount(phase, state, count, list_url(CloudPod, **these))


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
