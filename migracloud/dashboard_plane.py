"""The machines, for the overview: nodes and tiers with their load, clusters that do not answer, and what is missing.

Decides: which are shown, and what is said of them. Not: the figures (dashboard.py), nor what was seen (clusters/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from audit.places import list_url, page_url
from clusters.admin_seen import filled, fullest_of, load_of, used_memory, with_observations
from clusters.freshness import STALE_AFTER, does_not_answer, is_old, standing
from clusters.models import Cluster, Node, StorageTier, TemplateCopy
from clusters.pages_nodes import with_promised
from pods.models import CloudPod
from tenants.models import Tenant

SHOWN = 8


@dataclass(frozen=True)
class Hint:
    """What to do first, or what is broken."""

    words: str
    command: str = ""
    url: str = ""
    link: str = ""


def nodes() -> list[dict[str, Any]]:
    """Each with its live pods and the memory promised to them; and what was seen in use, whoever uses it."""
    found = with_promised(Node.objects.select_related("cluster", "observation")).order_by("-promised_mib", "name")
    return [
        {
            "node": node,
            "seen": used_memory(node),
            "load": load_of(node),
            "pods": list_url(CloudPod, node__id__exact=str(node.pk), live="yes"),
            "old": hasattr(node, "observation") and is_old(node.observation.observed_at),
        }
        for node in found[:SHOWN]
    ]


def tiers() -> list[dict[str, Any]]:
    """The fullest first."""
    found = with_observations(StorageTier.objects.select_related("cluster"))
    fullest = sorted(found, key=filled, reverse=True)[:SHOWN]
    return [{"tier": tier, "used": fullest_of(tier), **_seen(tier)} for tier in fullest]


def _seen(tier: StorageTier) -> dict[str, Any]:
    """Since when the oldest of what is shown of a tier is so."""
    moments = [row.observed_at for row in tier.observations.all()]
    return {"as_of": min(moments), "old": is_old(min(moments))} if moments else {}


def unseen_clusters() -> list[Hint]:
    """Clusters that do not answer, or that nobody asks: their pods are unknown, not gone."""
    live = Q(pods__isnull=False, pods__gone_at=None)
    asked_long_ago = Q(observation__tried_at__lt=timezone.now() - STALE_AFTER)
    found = (
        Cluster.objects.filter(Q(observation__unreachable_since__isnull=False) | asked_long_ago)
        .select_related("observation")
        .annotate(live=Count("pods", filter=live))
    )
    return [_unseen(cluster) for cluster in found[:SHOWN]]


def _unseen(cluster: Any) -> Hint:
    words = standing(cluster)
    if does_not_answer(cluster) and cluster.live:
        pods = "Its pod is unknown" if cluster.live == 1 else f"Its {cluster.live} pods are unknown"
        words = f"{words} {pods}, not gone."
    return Hint(words, url=page_url(cluster), link="Look at the cluster")


def next_steps() -> list[Hint]:
    """For a control plane that cannot make a pod yet: what is missing, in the order in which it is put right."""
    if not Cluster.objects.exists():
        words = "No cluster is declared. Describe it in a file and run"
        return [Hint(words, command="manage.py bootstrap demo/cluster.toml")]
    hints = []
    if not TemplateCopy.objects.filter(enabled=True, node__enabled=True, cluster__enabled=True).exists():
        hints.append(
            Hint(
                "No node in use has a template copy in use, so no pod can be placed.",
                url=list_url(TemplateCopy),
                link="Look at the template copies",
            )
        )
    if not Tenant.objects.filter(kind=Tenant.Kind.CUSTOMER).exists():
        hints.append(Hint("There is no tenant yet.", url=list_url(Tenant) + "add/", link="Add the first tenant"))
    return hints


def number_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
