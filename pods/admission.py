"""What a new pod has to pass: its tenant, its size, the quota, and a tier that is for live pods.

Decides: the rules and their messages. Not: where the pod is put (placement.py) or what it reserves (services.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from clusters.findings import not_locked
from clusters.models import Cluster, GoldenTemplate, Node, StorageTier, TemplateCopy
from operations.models import Operation
from pods.models import HOSTNAME, CloudPod, HostnameTaken
from pods.queries import held_by, memory_free
from pods.refusals import (
    BadHostname,
    KeysNotDeliverable,
    NoCapacity,
    QuotaExceeded,
    TenantSuspended,
    TierNotPrimary,
    TooLarge,
    TooSmall,
    UnknownChoice,
)
from pods.ssh_keys import FIELD
from tenants.models import Quota, Tenant

# The largest that can be meant; also what the columns hold.
MOST = {"cores": 8_192, "memory_mib": 16_777_216, "swap_mib": 16_777_216, "disk_gib": 131_072}
WORDS = {
    "cores": "cores",
    "memory_mib": "MiB of memory",
    "swap_mib": "MiB of swap",
    "disk_gib": "GiB of disk",
}

# Why keys do not reach a cluster's pods, by how it declares that they do (`key_delivery`).
NOT_DELIVERED: dict[str, str] = {
    Cluster.KeyDelivery.SCRIPT: "it delivers them by scripts on its nodes, which this release does not have yet",
    Cluster.KeyDelivery.NONE: "it declares no way for them (key_delivery is none)",
}


@dataclass(frozen=True)
class Offer:
    """Where a pod can be made: a cluster, the template, and its copies on tiers for live pods."""

    cluster: Cluster
    template: GoldenTemplate
    copies: list[TemplateCopy]


def check_tenant(tenant: Tenant) -> None:
    """Refused: TenantSuspended."""
    if Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk).state == Tenant.State.SUSPENDED:
        raise TenantSuspended(f"{tenant} is suspended: it gets no new pods until it is active again.", field="tenant")


def check_hostname(hostname: str) -> None:
    """Refused: BadHostname."""
    try:
        HOSTNAME(hostname)
    except ValidationError as error:
        raise BadHostname(f"{hostname[:80]!r} is no host name. {error.messages[0]}", field="hostname") from None


def check_name_not_kept(tenant: Tenant, hostname: str, *, but_for: CloudPod | None = None) -> None:
    """Refused: HostnameTaken, while a pod that is called something else now may yet get this name back.

    Call with the tenant's quota locked, as whoever renames a pod does.
    """
    renames = Operation.objects.filter(tenant=tenant, kind="rename", before__hostname=hostname)
    if but_for is not None:
        renames = renames.exclude(subject_id=but_for.pk)
    if renames.filter(state__in=(*Operation.OPEN, Operation.State.NEEDS_ATTENTION)).exists():
        raise HostnameTaken(
            "A pod of the tenant had this host name, and has it again if its renaming fails.", field="hostname"
        )


def check_size(template: GoldenTemplate, asked: dict[str, int | None]) -> dict[str, int]:
    """The size with the template's values for what was not asked for. Refused: TooSmall, TooLarge."""
    least = {"cores": 1, "memory_mib": template.memory_mib, "swap_mib": 0, "disk_gib": template.disk_gib}
    size: dict[str, int] = {}
    for name, smallest in least.items():
        value = asked[name]
        if value is None:
            value = getattr(template, name)
        if value < smallest:
            than = "" if name in ("cores", "swap_mib") else f", as template {template} has"
            least_words = "1 core" if name == "cores" else f"{smallest} {WORDS[name]}"
            raise TooSmall(f"A pod needs at least {least_words}{than}.", field=name)
        if value > MOST[name]:
            raise TooLarge(f"A pod can have at most {MOST[name]} {WORDS[name]}.", field=name)
        size[name] = value
    return size


def check_quota(tenant: Tenant, size: dict[str, int]) -> None:
    """Lock the tenant's quota until the transaction ends, and compare. Refused: QuotaExceeded."""
    quota = lock_quota(tenant)
    held = held_by(tenant)
    if held["pods"] + 1 > quota.pods:
        raise QuotaExceeded(f"{tenant} may have {quota.pods} pods and has {held['pods']}.", field="tenant")
    _check_sums(quota, held, size)


def check_growth(tenant: Tenant, more: dict[str, int]) -> None:
    """The same for what a pod gets more than it has; what it gets less of is no reason to refuse the rest."""
    quota = lock_quota(tenant)
    _check_sums(quota, held_by(tenant), {name: growth for name, growth in more.items() if growth > 0})


def lock_quota(tenant: Tenant) -> Quota:
    """The tenant's quota, held until the transaction ends: what is admitted for a tenant takes turns."""
    locked: Quota = (
        Quota.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant").get(tenant=tenant)
    )
    return locked


def _check_sums(quota: Quota, held: dict[str, int], more: dict[str, int]) -> None:
    for name in ("cores", "memory_mib", "disk_gib"):
        limit = getattr(quota, name)
        if name in more and held[name] + more[name] > limit:
            raise QuotaExceeded(
                f"{quota.tenant} may have {limit} {WORDS[name]} and has {held[name]}; {more[name]} more do not fit.",
                field=name,
            )


def check_room(node: Node, *, memory_mib: int, field: str) -> None:
    """Refused: NoCapacity. Call with the cluster's row locked, as whoever puts something on a node does."""
    free = memory_free(node)
    if free is not None and memory_mib > free:
        raise NoCapacity(
            f"Node {node} has {max(free, 0)} MiB of memory left for pods; {memory_mib} more do not fit.", field=field
        )


def check_delivery(cluster: Cluster, *, then: str) -> None:
    """Refused: KeysNotDeliverable, when SSH keys cannot reach the containers of the cluster. `then`: what to do."""
    if why := NOT_DELIVERED.get(cluster.key_delivery):
        raise KeysNotDeliverable(f"SSH keys cannot reach the pods of cluster {cluster}: {why}. {then}", field=FIELD)


def pick_offer(*, cluster: str | None, tier: str | None, template: str | None, with_keys: bool = False) -> Offer:
    """Where the pod can be made, and have its keys.

    Refused: UnknownChoice, TierNotPrimary, NoCapacity, KeysNotDeliverable.
    """
    clusters = Cluster.objects.filter(enabled=True).order_by("name")
    if cluster is not None:
        clusters = clusters.filter(name=cluster)
        if not clusters:
            raise UnknownChoice(f"There is no cluster {cluster}.", field="cluster")
    if tier is not None:
        _check_tier(tier, clusters)
    if template is not None and not GoldenTemplate.objects.filter(name=template).exists():
        raise UnknownChoice(f"There is no template {template}.", field="template")
    copies = not_locked(
        TemplateCopy.objects.filter(
            enabled=True,
            node__enabled=True,
            node__written_off_at=None,
            cluster__in=clusters,
            tier__role=StorageTier.Role.PRIMARY,
        )
    )
    if tier is not None:
        copies = copies.filter(tier__name=tier)
    if template is not None:
        copies = copies.filter(template__name=template)
    if with_keys:
        copies = _where_keys_arrive(copies)
    first = copies.select_related("cluster", "template").order_by("cluster__name", "template__name").first()
    if first is None:
        raise NoCapacity(
            "No enabled node has a copy of the template, on a tier for live pods, that can be cloned.", field="template"
        )
    same = copies.filter(cluster=first.cluster, template=first.template)
    return Offer(first.cluster, first.template, list(same.select_related("node", "tier", "cluster", "template")))


def _where_keys_arrive(copies: QuerySet[TemplateCopy]) -> QuerySet[TemplateCopy]:
    deliver = copies.exclude(cluster__key_delivery__in=NOT_DELIVERED)
    cannot = copies.select_related("cluster").order_by("cluster__name").first()
    if cannot is not None and not deliver.exists():
        check_delivery(cannot.cluster, then="Ask for a pod without keys, or on another cluster.")
    return deliver


def _check_tier(name: str, clusters: QuerySet[Cluster]) -> None:
    tiers = StorageTier.objects.filter(name=name, cluster__in=clusters)
    if not tiers:
        raise UnknownChoice(f"There is no storage tier {name}.", field="tier")
    primary = StorageTier.Role.PRIMARY
    if all(tier.role != primary for tier in tiers):
        raise TierNotPrimary(
            f"The tier {name} is for {tiers[0].get_role_display().lower()}, not for live pods.", field="tier"
        )
