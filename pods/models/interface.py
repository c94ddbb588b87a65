"""Interface, InterfaceAddress: a pod's network cards, and the leases that they bear.

Decides: fields and invariants. Not: which address is leased (ipam/), nor how a card is written (wanted.py).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from ipam.models import IPLease, Network
from pods.models.pod import CloudPod
from tenants.models import Tenant


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


constraint_means("interface_index_once", Refused, "The pod has an interface of this index already.", field="index")
constraint_means(
    "interface_one_primary_address", Refused, "The interface has a primary address already.", field="primary"
)
