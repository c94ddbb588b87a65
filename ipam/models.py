"""Network, Subnet, AddressRange, IPLease: the address plan, and who holds which address from when to when.

Decides: the invariants, as constraints. Not: which address is given next (services.py).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Func, Q

from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from ipam.fields import CidrField
from tenants.models import Tenant


class Network(Row):
    """An address space in which an address must be unique: one LAN, whichever clusters share it."""

    name = models.SlugField(max_length=63, unique=True)
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Subnet(Row):
    """A part of a network, with its gateway."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="subnets")
    cidr = CidrField("CIDR")
    gateway = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)

    class Meta:
        ordering = ["network", "cidr"]
        constraints = [
            ExclusionConstraint(
                name="subnet_no_overlap_in_network",
                expressions=[
                    ("network", RangeOperators.EQUAL),
                    (OpClass("cidr", "inet_ops"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return str(self.cidr)


class _AddressSpan(Func):
    """Both ends of a range of IPv4 addresses as PostgreSQL's int8range, so that overlap is a constraint."""

    template = "int8range(%(expressions)s, '[]')"
    output_field = BigIntegerRangeField()


class _AddressNumber(Func):
    """An IPv4 address as a number."""

    template = "(%(expressions)s - '0.0.0.0'::inet)"
    output_field = models.BigIntegerField()


class AddressRange(Row):
    """A run of addresses in a subnet that may be given out, or that never is (with the reason)."""

    class Kind(models.TextChoices):
        ALLOCATABLE = "allocatable"
        EXCLUDED = "excluded"

    subnet = models.ForeignKey(Subnet, on_delete=models.CASCADE, related_name="ranges")
    kind = models.CharField(max_length=11, choices=Kind)
    first = models.GenericIPAddressField(protocol="IPv4")
    last = models.GenericIPAddressField(protocol="IPv4")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["subnet", "kind", "first"]
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="range_first_before_last"),
            ExclusionConstraint(
                name="range_no_overlap_of_a_kind",
                expressions=[
                    ("subnet", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (_AddressSpan(_AddressNumber("first"), _AddressNumber("last")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}-{self.last}"


class IPLease(Row):
    """One address, held by a tenant from a time to a time, and for what. The row is kept for ever."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="leases")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="leases")
    subnet = models.ForeignKey(Subnet, on_delete=models.PROTECT, related_name="leases")
    address = models.GenericIPAddressField(protocol="IPv4")
    purpose = models.CharField(max_length=255, help_text="what it is for, as text: it stays when the pod is gone")
    leased_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    held_back = models.BooleanField(
        default=False, help_text="released, but given to nobody until it is known that its last holder is gone"
    )

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        verbose_name = "IP lease"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["network", "address"], condition=Q(released_at=None), name="lease_one_live_an_address"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(released_at__gte=F("leased_at")),
                name="lease_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["subnet", "address", "-released_at"], name="lease_history"),
            models.Index(fields=["address", "-released_at"], name="lease_in_any_network"),
        ]

    def __str__(self) -> str:
        return self.address


class AddressTaken(Refused):
    """Somebody holds this address."""

    code = "address_taken"


class PlanContradiction(Refused):
    """The address plan would contradict itself."""

    code = "address_plan"
    status = 400


constraint_means("lease_one_live_an_address", AddressTaken, "This address is taken.", field="address")
constraint_means(
    "lease_ends_after_it_begins",
    PlanContradiction,
    "A lease cannot end before it begins.",
    field="released_at",
)
constraint_means(
    "subnet_no_overlap_in_network",
    PlanContradiction,
    "This subnet overlaps another one of the same network.",
    field="cidr",
)
constraint_means(
    "range_no_overlap_of_a_kind",
    PlanContradiction,
    "This range overlaps another one of the same kind in its subnet.",
    field="first",
)
constraint_means(
    "range_first_before_last",
    PlanContradiction,
    "A range's first address comes before its last.",
    field="last",
)
