"""Cluster, MarkKey, Node, StorageTier, Attachment: a Proxmox cluster, how it is reached, and what it offers.

Decides: fields and invariants. Not: how they come here (declaration.py) or how the cluster is spoken to (dataplane/).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from core.errors import Refused, constraint_means
from core.rows import Row
from ipam.models import Network

VMID = [MinValueValidator(100), MaxValueValidator(999_999_999)]  # what Proxmox accepts


class Cluster(Row):
    """A Proxmox cluster: its endpoints, how its certificate is verified, our token, and our own ranges of VMIDs."""

    class KeyDelivery(models.TextChoices):
        ENV = "env"  # the option `env` of containers, from Proxmox VE 9.1
        SCRIPT = "script"  # the contract's scripts on the nodes
        NONE = "none"

    name = models.SlugField(max_length=63, unique=True)
    endpoints = ArrayField(models.URLField(), help_text="https addresses of its API, tried in this order")
    ca_file = models.CharField(max_length=255, blank=True, help_text="path of the CA that signed its certificates")
    fingerprint = models.CharField(max_length=95, blank=True, help_text="SHA-256 of its certificate, pinned")
    token_id = models.CharField(max_length=128, help_text="user@realm!name; never root@pam")
    token_env = models.CharField(max_length=64, blank=True, help_text="environment variable with the token's secret")
    token_sealed = models.TextField(blank=True, editable=False)
    pod_vmid_first = models.PositiveIntegerField(validators=VMID)
    pod_vmid_last = models.PositiveIntegerField(validators=VMID)
    template_vmid_first = models.PositiveIntegerField(validators=VMID, default=9000)
    template_vmid_last = models.PositiveIntegerField(validators=VMID, default=9099)
    key_delivery = models.CharField(
        max_length=6,
        choices=KeyDelivery,
        default=KeyDelivery.NONE,
        help_text="how a tenant's SSH keys reach its containers",
    )
    enabled = models.BooleanField(default=True, help_text="placement offers its nodes")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(pod_vmid_first__gte=100, pod_vmid_first__lte=F("pod_vmid_last")),
                name="cluster_pod_vmids",
            ),
            models.CheckConstraint(
                condition=Q(template_vmid_first__gte=100, template_vmid_first__lte=F("template_vmid_last")),
                name="cluster_template_vmids",
            ),
            models.CheckConstraint(
                condition=Q(pod_vmid_last__lt=F("template_vmid_first")) | Q(template_vmid_last__lt=F("pod_vmid_first")),
                name="cluster_vmids_apart",
            ),
            models.CheckConstraint(
                condition=(Q(token_env="") & ~Q(token_sealed="")) | (~Q(token_env="") & Q(token_sealed="")),
                name="cluster_one_token_source",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """Where operations on its containers are carried out, as the engine knows it."""
        return f"cluster/{self.pk}"


class MarkKey(Row):
    """A key that signs the marks in our containers' descriptions. A retired one verifies until no CT bears it."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="mark_keys")
    key_id = models.SlugField(max_length=16)
    sealed = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["cluster", "id"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "key_id"], name="mark_key_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster} {self.key_id}"


class Node(Row):
    """A machine of a cluster."""

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="nodes")
    name = models.SlugField(max_length=63)
    address = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)
    memory_mib = models.PositiveIntegerField(
        "memory for pods (MiB)", null=True, blank=True, help_text="empty: placement does not count it"
    )
    enabled = models.BooleanField(default=True, help_text="placement offers it")
    written_off_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="since when it is given up for lost"
    )

    class Meta:
        ordering = ["cluster", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="node_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def io_lane(self) -> str:
        """The lane of what moves whole disks on it."""
        return f"io {self.cluster.name}/{self.name}"


class StorageTier(Row):
    """A storage of a cluster with its role: live pods, backups, archive, or templates and ISOs."""

    class Role(models.TextChoices):
        PRIMARY = "primary"
        BACKUP = "backup"
        ARCHIVE = "archive"
        TEMPLATE = "template"

    class CloneMode(models.TextChoices):
        LINKED = "linked"  # zfspool, lvmthin, rbd, btrfs only
        FULL = "full"

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="tiers")
    name = models.CharField(max_length=63, help_text="the storage's id in Proxmox")
    role = models.CharField(max_length=8, choices=Role)
    storage_type = models.CharField(max_length=16, help_text="as in storage.cfg: dir, zfspool, lvmthin ...")
    content = ArrayField(models.CharField(max_length=16), default=list)
    clone_mode = models.CharField(max_length=6, choices=CloneMode, default=CloneMode.FULL)
    shared = models.BooleanField(default=False, help_text="every node sees the same storage")
    nodes = models.ManyToManyField(Node, blank=True, related_name="tiers", help_text="empty: on every node")
    keep_last = models.PositiveSmallIntegerField(null=True, blank=True, help_text="backups kept a pod")

    class Meta:
        ordering = ["cluster", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="tier_name_once"),
            models.CheckConstraint(
                condition=Q(clone_mode="full") | Q(storage_type__in=["zfspool", "lvmthin", "rbd", "btrfs"]),
                name="tier_linked_needs_snapshots",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Attachment(Row):
    """How a cluster is attached to a network: by which bridge, with which VLAN tag."""

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="attachments")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="attachments")
    bridge = models.CharField(max_length=15)
    vlan = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(4094)]
    )

    class Meta:
        ordering = ["cluster", "network"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "network"], name="attachment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.network} on {self.cluster} by {self.bridge}"


class PlaneContradiction(Refused):
    """The declared data plane would contradict itself."""

    code = "data_plane"
    status = 400


for _name, _message, _field in (
    (
        "cluster_pod_vmids",
        "The VMID range for pods begins at 100 or more and ends after it begins.",
        "pod_vmid_first",
    ),
    (
        "cluster_template_vmids",
        "The VMID range for templates begins at 100 or more and ends after it begins.",
        "template_vmid_first",
    ),
    ("cluster_vmids_apart", "The VMID ranges for pods and templates must not overlap.", "pod_vmid_first"),
    (
        "cluster_one_token_source",
        "The token's secret is either in the environment or stored, not both.",
        "token_env",
    ),
    ("mark_key_id_once", "The cluster has a mark key with this id already.", "key_id"),
    ("node_name_once", "The cluster has a node of this name already.", "name"),
    ("tier_name_once", "The cluster has a tier of this name already.", "name"),
    (
        "tier_linked_needs_snapshots",
        "Linked clones need zfspool, lvmthin, rbd or btrfs; on this storage the clone mode is full.",
        "clone_mode",
    ),
    ("attachment_once", "The cluster is attached to this network already.", "network"),
):
    constraint_means(_name, PlaneContradiction, _message, field=_field)
