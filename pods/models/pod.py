"""CloudPod: a tenant's container as it should be, and as it was last seen.

Decides: fields and invariants. Not: how a pod comes and goes (services/, kinds/).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from clusters.models import Cluster, Node, StorageTier, TemplateCopy
from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from tenants.models import Tenant

# RFC 1123's label, in lower case: it becomes the container's host name.
HOSTNAME = RegexValidator(
    r"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z",
    "A host name is one DNS label: 1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'.",
)


class CloudPodQuerySet(TenantQuerySet):
    """Pods, and the ones that still hold something."""

    def live(self) -> CloudPodQuerySet:
        """Those that hold a VMID, an address and quota."""
        return self.filter(gone_at=None)


class CloudPod(Row):
    """A tenant's container: its `phase`, its state as wanted (`desired_`) and as seen (`observed_`, with the time)."""

    class Phase(models.TextChoices):
        CREATING = "creating"
        ACTIVE = "active"
        DESTROYING = "destroying"
        DELETED = "deleted"  # it is kept, stopped, until its purge; it can be restored
        NEEDS_ATTENTION = "needs_attention"  # an operation left something that only a person can judge
        FAILED = "failed"  # it never came to be; nothing is left of it
        GONE = "gone"
        LOST = "lost"  # its node was written off; what it held is given to nobody until the node is known to be wiped

    # What has come to its end. Only its row is left.
    ENDED = (Phase.FAILED, Phase.GONE, Phase.LOST)

    class Desired(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        ABSENT = "absent"

    class Observed(models.TextChoices):
        UNKNOWN = "unknown"  # its cluster or node does not answer, or nobody has looked yet
        RUNNING = "running"
        STOPPED = "stopped"
        ABSENT = "absent"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="pods")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="pods")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="pods")
    tier = models.ForeignKey(StorageTier, on_delete=models.PROTECT, related_name="pods")
    source = models.ForeignKey(TemplateCopy, on_delete=models.PROTECT, related_name="pods")
    vmid = models.PositiveIntegerField("VMID")
    hostname = models.CharField(max_length=63, validators=[HOSTNAME])
    cores = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(8192)])
    memory_mib = models.PositiveIntegerField("memory (MiB)")
    swap_mib = models.PositiveIntegerField("swap (MiB)")
    disk_gib = models.PositiveIntegerField("disk (GiB)")
    phase = models.CharField(max_length=16, choices=Phase, default=Phase.CREATING)
    desired_state = models.CharField(max_length=8, choices=Desired, default=Desired.RUNNING)
    observed_state = models.CharField(max_length=8, choices=Observed, default=Observed.UNKNOWN)
    observed_at = models.DateTimeField(null=True, blank=True, help_text="when it was last seen")
    # As it was last seen; while the cluster does not answer, observed_state is unknown and these stay.
    last_seen_state = models.CharField(max_length=8, choices=Observed, default=Observed.UNKNOWN)
    observed_node = models.CharField(max_length=63, blank=True)
    observed_hostname = models.CharField(max_length=255, blank=True)
    observed_cores = models.FloatField(null=True, blank=True)
    observed_memory_mib = models.PositiveIntegerField("memory it has (MiB)", null=True, blank=True)
    observed_disk_gib = models.FloatField("disk it has (GiB)", null=True, blank=True)
    memory_used_mib = models.PositiveIntegerField("memory used (MiB)", null=True, blank=True)
    up_since = models.DateTimeField(null=True, blank=True)
    ssh_keys = ArrayField(models.TextField(), default=list, blank=True, help_text="public keys, one a line")
    pending = ArrayField(
        models.CharField(max_length=63), default=list, blank=True, help_text="what counts from its next boot only"
    )
    protected = models.BooleanField(default=False, help_text="it refuses to be destroyed and rebuilt")
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=500, blank=True, help_text="why this pod was suspended itself")
    tenant_suspended = models.BooleanField(default=False, help_text="it stands still because its tenant is suspended")
    deleted_at = models.DateTimeField(null=True, blank=True)
    purge_at = models.DateTimeField(null=True, blank=True, help_text="when what is deleted is taken away for good")
    created_at = models.DateTimeField(auto_now_add=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(CloudPodQuerySet)()

    class Meta:
        verbose_name = "CloudPod"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "vmid"], condition=Q(gone_at=None), name="pod_one_live_a_vmid"),
            models.UniqueConstraint(
                fields=["tenant", "hostname"], condition=Q(gone_at=None), name="pod_hostname_once_a_tenant"
            ),
            models.CheckConstraint(condition=Q(cores__gte=1), name="pod_at_least_one_core"),
            models.CheckConstraint(
                condition=Q(gone_at=None) ^ Q(phase__in=["failed", "gone", "lost"]), name="pod_gone_in_phase_and_time"
            ),
            models.CheckConstraint(
                condition=~Q(phase="deleted") | Q(deleted_at__isnull=False, purge_at__isnull=False),
                name="pod_deleted_with_a_purge_to_come",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="pod_by_tenant"),
            models.Index(fields=["cluster", "vmid", "-gone_at"], name="pod_vmid_history"),
            models.Index(fields=["purge_at"], condition=Q(phase="deleted"), name="pod_to_purge"),
            models.Index(fields=["hostname"], name="pod_by_hostname"),
            # Of this class, an index finds beginnings in any collation.
            models.Index(
                fields=["hostname"],
                opclasses=["varchar_pattern_ops"],
                condition=Q(gone_at=None),
                name="pod_live_by_hostname",
            ),
        ]

    def __str__(self) -> str:
        return self.hostname

    def lease_purpose(self, interface: int) -> str:
        """What an address of one of its network cards is for, as text: it stays when the pod is gone."""
        return f"pod {self.hostname} ({self.pk}), net{interface}"

    @property
    def suspended(self) -> bool:
        """Whether it stands still, for a reason of its own or because its tenant is suspended."""
        return self.suspended_at is not None or self.tenant_suspended

    @property
    def should_run(self) -> bool:
        """Whether its container is to run now: its owner wants it to, and nothing keeps it from that."""
        kept = self.phase in (self.Phase.DESTROYING, self.Phase.DELETED, *self.ENDED)
        return self.desired_state == self.Desired.RUNNING and not self.suspended and not kept


class HostnameTaken(Refused):
    """The tenant has a pod of this name."""

    code = "hostname_taken"


class VmidInUse(Refused):
    """Another live pod of the cluster has this VMID."""

    code = "vmid_in_use"


constraint_means(
    "pod_hostname_once_a_tenant",
    HostnameTaken,
    "The tenant has a pod with this host name already.",
    field="hostname",
)
constraint_means("pod_one_live_a_vmid", VmidInUse, "Another pod of this cluster has this VMID.", field="vmid")
constraint_means("pod_at_least_one_core", Refused, "A pod needs at least one core.", field="cores")
constraint_means(
    "pod_gone_in_phase_and_time", Refused, "A pod is gone in phase and time, or in neither.", field="phase"
)
constraint_means(
    "pod_deleted_with_a_purge_to_come", Refused, "What is deleted has a time of its purge.", field="purge_at"
)
