"""CloudPod, Interface, InterfaceAddress: a tenant's container as it should be, and as it was last seen.

Decides: fields and invariants. Not: how a pod comes and goes (services.py, kinds/).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from clusters.models import Cluster, Node, StorageTier, TemplateCopy
from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from ipam.models import IPLease, Network
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
        NEEDS_ATTENTION = "needs_attention"  # an operation left something that only a person can judge
        FAILED = "failed"  # it never came to be; nothing is left of it
        GONE = "gone"

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
                condition=Q(gone_at=None) ^ Q(phase__in=["failed", "gone"]), name="pod_gone_in_phase_and_time"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="pod_by_tenant"),
            models.Index(fields=["cluster", "vmid", "-gone_at"], name="pod_vmid_history"),
        ]

    def __str__(self) -> str:
        return self.hostname


class Interface(Row):
    """A pod's network card `net<index>`. Its MAC is ours: a clone's would be Proxmox's choice."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="interfaces")
    pod = models.ForeignKey(CloudPod, on_delete=models.PROTECT, related_name="interfaces")
    index = models.PositiveSmallIntegerField(default=0)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="interfaces")
    mac = models.CharField("MAC", max_length=17, unique=True)
    bridge = models.CharField(max_length=15)
    vlan = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        ordering = ["pod", "index"]
        constraints = [
            models.UniqueConstraint(fields=["pod", "index"], name="interface_index_once"),
        ]

    def __str__(self) -> str:
        return f"net{self.index} of {self.pod}"


class InterfaceAddress(Row):
    """A lease that an interface bears; one of a pod's is its primary."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="interface_addresses")
    interface = models.ForeignKey(Interface, on_delete=models.PROTECT, related_name="addresses")
    lease = models.OneToOneField(IPLease, on_delete=models.PROTECT, related_name="interface_address")
    primary = models.BooleanField(default=True)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        verbose_name_plural = "interface addresses"
        ordering = ["interface", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["interface"], condition=Q(primary=True), name="interface_one_primary_address"
            ),
        ]

    def __str__(self) -> str:
        return str(self.lease)


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
constraint_means("interface_index_once", Refused, "The pod has an interface of this index already.", field="index")
constraint_means(
    "interface_one_primary_address", Refused, "The interface has a primary address already.", field="primary"
)
