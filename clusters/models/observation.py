"""ClusterObservation, NodeObservation, TierObservation: what was last seen of a cluster, its nodes and its storages.

Decides: fields. What was declared stays apart from it (cluster.py). Not: when and how is looked (observation.py).
"""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Cluster, Node, PlaneContradiction, StorageTier
from core.errors import constraint_means
from core.rows import Row


class ClusterObservation(Row):
    """The last look at a cluster, and the last one that it answered. Never both an answer and a reason."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="observation")
    tried_at = models.DateTimeField(help_text="when it was last asked")
    observed_at = models.DateTimeField(null=True, blank=True, help_text="when it last answered")
    unreachable_since = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)

    class Meta:
        ordering = ["cluster"]

    def __str__(self) -> str:
        return f"{self.cluster} as of {self.observed_at}"

    @property
    def answers(self) -> bool:
        return self.observed_at is not None and self.unreachable_since is None


class NodeObservation(Row):
    """A node as its cluster lists it. Load from 0 to 1; memory in MiB."""

    class State(models.TextChoices):
        ONLINE = "online"
        OFFLINE = "offline"
        UNKNOWN = "unknown"

    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="observation")
    observed_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State)
    cores = models.PositiveIntegerField(null=True, blank=True)
    load = models.FloatField(null=True, blank=True, help_text="of all cores, 0 to 1")
    memory_mib = models.PositiveIntegerField("memory (MiB)", null=True, blank=True)
    memory_used_mib = models.PositiveIntegerField("memory used (MiB)", null=True, blank=True)
    up_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["node"]

    def __str__(self) -> str:
        return f"{self.node} {self.state}"


class TierObservation(Row):
    """A storage as one node sees it. GiB."""

    tier = models.ForeignKey(StorageTier, on_delete=models.CASCADE, related_name="observations")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="tier_observations")
    observed_at = models.DateTimeField()
    available = models.BooleanField(help_text="its node can use it")
    total_gib = models.FloatField("size (GiB)", null=True, blank=True)
    used_gib = models.FloatField("used (GiB)", null=True, blank=True)

    class Meta:
        ordering = ["tier", "node"]
        constraints = [models.UniqueConstraint(fields=["tier", "node"], name="tier_observed_once_a_node")]

    def __str__(self) -> str:
        return f"{self.tier} on {self.node}"


constraint_means(
    "tier_observed_once_a_node", PlaneContradiction, "The tier has an observation on this node already.", field="node"
)
