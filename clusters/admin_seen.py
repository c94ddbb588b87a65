"""What was seen of clusters, nodes and tiers in the admin: beside what was declared, always with its time.

Decides: how it is shown. Not: what was declared (admin.py), nor what it is worth now (freshness.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit import look
from audit.admin_base import ReadAdmin
from audit.places import page_url
from clusters.freshness import is_stale, observation_of
from clusters.models import Cluster, ClusterObservation, Node, NodeObservation, StorageTier, TierObservation

NOT_YET = "The controller looks at each cluster every minute."
STATES = {"online": "good", "offline": "bad"}


class SeenCluster:
    """For the admin of clusters: needs `observation` read along."""

    @display(description="Seen", ordering="observation__unreachable_since")
    def seen(self, cluster: Cluster) -> str:
        return seen_of_cluster(cluster)


class SeenNode:
    """For the admin of nodes: needs `observation` read along."""

    @display(description="Seen", ordering="observation__state")
    def seen(self, node: Node) -> str:
        return seen_of_node(node)

    @display(description="Load", ordering="observation__load")
    def load(self, node: Node) -> str:
        return load_of(node)

    @display(description="Memory used", ordering="observation__memory_used_mib")
    def memory_used(self, node: Node) -> str:
        return used_memory(node)


class SeenTier:
    """For the admin of tiers: what each node sees of a storage."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[StorageTier]:
        return with_observations(super().get_queryset(request))  # type: ignore[misc]

    @display(description="Used")
    def fullest(self, tier: StorageTier) -> str:
        return fullest_of(tier)

    @display(description="Used on each node")
    def used(self, tier: StorageTier) -> str:
        seen = tier.observations.all()
        if not seen:
            return look.NOTHING
        lines = ((used_of(row, by_name=True), look.ago(row.observed_at)) for row in seen)
        return format_html_join("", '<div>{} <span class="mc-subtle">as of {}</span></div>', lines)


def seen_of_cluster(cluster: Cluster) -> SafeString:
    """Whether it answers, and since when that is known."""
    seen = observation_of(cluster)
    if seen is None:
        return look.badge("not looked at yet")
    if seen.unreachable_since is not None:
        return _with_time(look.badge("does not answer", "bad"), "since", seen.unreachable_since)
    if is_stale(cluster):
        return _with_time(look.badge("unknown", "warn"), "last looked at", seen.tried_at)
    return _with_time(look.badge("answers", "good"), "as of", seen.observed_at)


def seen_of_node(node: Node) -> SafeString:
    seen = observation_of_node(node)
    if seen is None:
        return look.badge("not seen yet")
    return _with_time(look.badge(seen.state, STATES.get(seen.state, "")), "as of", seen.observed_at)


def load_of(node: Node) -> str:
    seen = observation_of_node(node)
    if seen is None or seen.load is None:
        return look.NOTHING
    return f"{seen.load:.0%} of {seen.cores or '?'} cores"


def with_observations(tiers: QuerySet[StorageTier]) -> QuerySet[StorageTier]:
    observations = TierObservation.objects.select_related("node").order_by("node__name")
    return tiers.prefetch_related(Prefetch("observations", observations))


def fullest_of(tier: StorageTier) -> SafeString | str:
    """On the node where it is fullest; where it cannot be used, that comes first. Of a tier `with_observations`."""
    seen = sorted(tier.observations.all(), key=lambda row: (row.available, -_filled(row)))
    return used_of(seen[0], by_name=len(seen) > 1) if seen else look.NOTHING


def filled(tier: StorageTier) -> float:
    """From 0 to 1 where it is fullest; a place that cannot be used counts as full. -1: not looked at yet."""
    return max((_filled(row) if row.available else 1.0 for row in tier.observations.all()), default=-1.0)


def used_memory(node: Node) -> SafeString | str:
    """Of what the machine has; another figure than what was promised to pods."""
    seen = observation_of_node(node)
    if seen is None or seen.memory_used_mib is None or not seen.memory_mib:
        return look.NOTHING
    words = f"{seen.memory_used_mib / 1024:.1f} of {seen.memory_mib / 1024:.1f} GiB"
    return look.meter(seen.memory_used_mib, seen.memory_mib, words)


def observation_of_node(node: Node) -> NodeObservation | None:
    found: NodeObservation | None = getattr(node, "observation", None)
    return found


def _with_time(badge: SafeString, words: str, moment: Any) -> SafeString:
    return format_html('{} <span class="mc-subtle">{} {}</span>', badge, words, look.ago(moment))


def _filled(row: TierObservation) -> float:
    return (row.used_gib or 0) / row.total_gib if row.total_gib else 0.0


def used_of(row: TierObservation, *, by_name: bool) -> SafeString:
    where = f" on {row.node}" if by_name else ""
    if not row.available:
        return format_html("{}{}", look.badge("not available", "bad"), where)
    if row.used_gib is None or not row.total_gib:
        return format_html("{}{}", look.NOTHING, where)
    return look.meter(int(row.used_gib), int(row.total_gib), f"{row.used_gib:.1f} of {row.total_gib:.0f} GiB{where}")


# The rows themselves, as they were recorded.


@admin.register(ClusterObservation)
class ClusterObservationAdmin(ReadAdmin):
    list_display = ["cluster_name", "tried", "answered", "silent", "error_code"]
    list_select_related = ["cluster"]
    search_fields = ["cluster__name", "error_code"]
    search_help_text = "Cluster or code"
    fieldsets = [(None, {"fields": ["cluster_name", ("tried", "answered"), "silent", ("error_code", "error_message")]})]
    empty_hint = NOT_YET

    @display(description="Cluster", ordering="cluster__name")
    def cluster_name(self, row: ClusterObservation) -> str:
        return str(row.cluster)

    @display(description="Asked", ordering="tried_at")
    def tried(self, row: ClusterObservation) -> str:
        return look.ago(row.tried_at)

    @display(description="Answered", ordering="observed_at")
    def answered(self, row: ClusterObservation) -> str:
        return look.ago(row.observed_at)

    @display(description="Does not answer since", ordering="unreachable_since")
    def silent(self, row: ClusterObservation) -> str:
        return look.ago(row.unreachable_since)


class _OfANode(ReadAdmin):
    empty_hint = NOT_YET

    @display(description="Seen", ordering="observed_at")
    def as_of(self, row: Any) -> str:
        return look.ago(row.observed_at)


@admin.register(NodeObservation)
class NodeObservationAdmin(_OfANode):
    list_display = ["node", "state", "as_of", "cores", "memory_mib", "memory_used_mib"]
    list_select_related = ["node__cluster"]
    list_filter = ["state"]
    search_fields = ["node__name", "node__cluster__name"]
    search_help_text = "Node or cluster"
    fieldsets = [
        (None, {"fields": [("node_link", "state"), "as_of", ("cores", "load"), ("memory_mib", "memory_used_mib")]})
    ]

    @display(description="Node")
    def node_link(self, row: NodeObservation) -> str:
        return look.link(page_url(row.node), row.node)


@admin.register(TierObservation)
class TierObservationAdmin(_OfANode):
    list_display = ["tier", "node", "available", "as_of", "used_gib", "total_gib"]
    list_select_related = ["tier__cluster", "node"]
    list_filter = ["available"]
    search_fields = ["tier__name", "node__name"]
    search_help_text = "Tier or node"
    fieldsets = [(None, {"fields": [("tier", "node"), ("available", "as_of"), ("used_gib", "total_gib")]})]
