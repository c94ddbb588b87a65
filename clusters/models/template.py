"""GoldenTemplate and its copies: CT 9000 as a thing, and where it stands ready to be cloned.

Decides: fields and invariants. Not: how a template is built (pods/golden/, a later kind).
"""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import VMID, Cluster, Node, PlaneContradiction, StorageTier
from core.errors import constraint_means
from core.rows import Row


class GoldenTemplate(Row):
    """What pods are cloned from. A pod is never smaller than it."""

    name = models.SlugField(max_length=63, unique=True)
    appliance = models.CharField(max_length=255, help_text="the volume it was made from")
    cores = models.PositiveSmallIntegerField()
    memory_mib = models.PositiveIntegerField("memory (MiB)")
    swap_mib = models.PositiveIntegerField("swap (MiB)")
    disk_gib = models.PositiveIntegerField("disk (GiB)")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateCopy(Row):
    """The template on one node. A node clones only what is on it, and VMIDs are unique in a cluster: each its own."""

    template = models.ForeignKey(GoldenTemplate, on_delete=models.PROTECT, related_name="copies")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="template_copies")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="template_copies")
    tier = models.ForeignKey(StorageTier, on_delete=models.PROTECT, related_name="template_copies")
    vmid = models.PositiveIntegerField("VMID", validators=VMID)
    enabled = models.BooleanField(default=True, help_text="placement uses it")

    class Meta:
        verbose_name_plural = "template copies"
        ordering = ["template", "node"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "vmid"], name="template_copy_vmid_once"),
            models.UniqueConstraint(fields=["template", "node"], name="template_copy_once_a_node"),
        ]

    def __str__(self) -> str:
        return f"{self.template} ({self.vmid} on {self.node})"

    @property
    def lane(self) -> str:
        """The lane of its clones: Proxmox locks the source while it clones, so they take turns."""
        return f"clone {self.cluster.name}/{self.vmid}"


constraint_means(
    "template_copy_vmid_once",
    PlaneContradiction,
    "A template copy of this cluster has this VMID already.",
    field="vmid",
)
constraint_means(
    "template_copy_once_a_node",
    PlaneContradiction,
    "The node has a copy of this template already.",
    field="node",
)
