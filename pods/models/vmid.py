"""VmidHold: which VMID of a cluster belongs to which pod, from when to when.

Decides: fields and invariants. Not: which VMID is given next (pods/vmids.py).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from clusters.models import Cluster
from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from pods.models.pod import CloudPod, VmidInUse
from tenants.models import Tenant


class VmidHold(Row):
    """A pod has one, and while it is rebuilt two: its container's and the coming one's. The row is kept for ever.

    `held_back`: it was released, but a container may still stand there that nobody can reach; it is not given again
    until somebody says that it is gone.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="vmid_holds")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="vmid_holds")
    vmid = models.PositiveIntegerField("VMID")
    pod = models.ForeignKey(CloudPod, on_delete=models.PROTECT, related_name="vmid_holds")
    taken_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    held_back = models.BooleanField(default=False)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        verbose_name = "VMID"
        verbose_name_plural = "VMIDs"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "vmid"], condition=Q(released_at=None), name="vmid_one_live_hold"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(released_at__gte=F("taken_at")), name="vmid_released_after_taken"
            ),
        ]
        indexes = [
            models.Index(fields=["cluster", "vmid", "-released_at"], name="vmid_history"),
            models.Index(fields=["vmid", "-released_at"], name="vmid_in_any_cluster"),
        ]

    def __str__(self) -> str:
        return str(self.vmid)


constraint_means("vmid_one_live_hold", VmidInUse, "Another pod of this cluster has this VMID.", field="vmid")
constraint_means("vmid_released_after_taken", Refused, "A VMID cannot be released before it was taken.", field="vmid")
