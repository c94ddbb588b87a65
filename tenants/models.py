"""Tenant and Quota, User and Membership, ApiToken: who owns, and who may act for whom.

Decides: the fields and invariants of these rows. Not: how they change (services.py) or how a request proves who it is.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.indexes import OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from audit.services import Actor
from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet, new_id

REFERENCE = RegexValidator(r"\ATENANT-(0|[1-9][0-9]{0,8})\Z", "A tenant's reference looks like TENANT-123.")
PLATFORM_REFERENCE = "TENANT-0"


class Tenant(Row):
    """The customer: owner of every other resource. The platform is one too, so that its own doings have an owner."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        PLATFORM = "platform"

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"

    reference = models.CharField(max_length=16, validators=[REFERENCE])
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CUSTOMER, editable=False)
    state = models.CharField(max_length=9, choices=State, default=State.ACTIVE)
    suspended_reason = models.CharField(max_length=500, blank=True)
    grace_hours = models.PositiveIntegerField(
        "grace (hours)", default=72, help_text="how long a destroyed pod is kept before it is taken away for good"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["reference"]
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="tenant_reference_unique"),
            models.CheckConstraint(
                condition=Q(reference__regex=r"^TENANT-(0|[1-9][0-9]{0,8})$"), name="tenant_reference_form"
            ),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="platform"), name="tenant_one_platform"),
        ]
        indexes = [models.Index(OpClass(Upper("name"), "text_pattern_ops"), name="tenant_by_name")]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_platform(self) -> bool:
        return self.kind == self.Kind.PLATFORM

    @property
    def tag(self) -> str:
        """The reference as a Proxmox tag: those are lower case."""
        return self.reference.lower()


class Quota(Row):
    """How much a tenant may hold at a time. Its row is locked while a pod is admitted: two requests cannot both fit."""

    tenant = models.OneToOneField(Tenant, on_delete=models.PROTECT, related_name="quota")
    pods = models.PositiveIntegerField(default=10)
    cores = models.PositiveIntegerField(default=20)
    memory_mib = models.PositiveIntegerField("memory (MiB)", default=40_960)
    disk_gib = models.PositiveIntegerField("disk (GiB)", default=400)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    def __str__(self) -> str:
        return f"quota of {self.tenant_id}"


class User(AbstractUser):
    """A person who logs in: staff in the admin; a tenant's people through a Membership."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    @property
    def actor(self) -> Actor:
        return Actor("user", self.get_username())


class Membership(Row):
    """A user's place in a tenant."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role, default=Role.MEMBER)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant}"


class ApiToken(Row):
    """A program's way in, for one tenant; the platform's own tenant makes it one for all. Only a hash is kept."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100, help_text="who uses it, such as mpanel")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField("SHA-256 of the secret", max_length=64, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def actor(self) -> Actor:
        return Actor("token", self.name)

    # DRF asks its `request.user` for these two.
    is_authenticated = True
    is_active = True


class ReferenceTaken(Refused):
    """A tenant with this reference exists already."""

    code = "tenant_reference_taken"


constraint_means(
    "tenant_reference_unique",
    ReferenceTaken,
    "There is a tenant with this reference already.",
    field="reference",
)
constraint_means(
    "tenant_reference_form", ReferenceTaken, "A tenant's reference looks like TENANT-123.", field="reference"
)
constraint_means("tenant_one_platform", ReferenceTaken, "There is one platform tenant already.", field="kind")
constraint_means("membership_once", Refused, "This user belongs to this tenant already.", field="user")
