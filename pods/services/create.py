"""create_pod(): every choice is made here, in one transaction; what runs later chooses nothing.

Decides: what is refused, and what is reserved. Not: how the container comes to be (kinds/).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from audit.services import Actor, Resource, record
from clusters.models import Attachment, Cluster, TemplateCopy
from core.errors import Refused, refusing_violations
from ipam import services as ipam
from ipam.models import IPLease, Subnet
from operations.models import Operation
from operations.services import begin_operation
from pods import refusals
from pods.admission import (
    check_hostname,
    check_name_not_kept,
    check_quota,
    check_size,
    check_tenant,
    pick_offer,
)
from pods.kinds.create import CREATE
from pods.kinds.create import Params as CreateParams
from pods.models import CloudPod, Interface, InterfaceAddress
from pods.placement import choose
from pods.queries import candidates_on
from pods.services.record import record_refusal, resource_of
from pods.ssh_keys import check_keys, read_keys
from pods.vmids import hold_vmid, next_vmid
from tenants.models import Tenant


@dataclass(frozen=True)
class Size:
    """What a pod has. Memory and swap in MiB, disk in GiB. None: as the template has it."""

    cores: int | None = None
    memory_mib: int | None = None
    swap_mib: int | None = None
    disk_gib: int | None = None


@dataclass(frozen=True)
class Wish:
    """What may be asked for by name; None leaves the choice to us."""

    cluster: str | None = None
    tier: str | None = None
    template: str | None = None
    address: str | None = None


def create_pod(
    *,
    by: Actor,
    tenant: Tenant,
    hostname: str,
    size: Size = Size(),
    wish: Wish = Wish(),
    ssh_keys: Sequence[str] = (),
    reason: str = "",
) -> Operation:
    """Reserve everything for a new pod and begin the operation that makes it.

    With SSH keys it is put where they can be delivered.

    Refused: Invalid, BadSshKey, TenantSuspended, UnknownChoice, TierNotPrimary, TooSmall, QuotaExceeded, HostnameTaken,
    KeysNotDeliverable, NoCapacity, NoFreeVmid, NoFreeAddress, AddressReserved, AddressTaken; then nothing changed but
    the audit trail.
    """
    try:
        with transaction.atomic():
            return _create(by, tenant, hostname, size, wish, check_keys(ssh_keys), reason)
    except Refused as refused:
        resource = Resource("tenant", tenant.pk, tenant.reference)  # there is no pod that could be named
        record_refusal(by, tenant, "pod.create", resource, refused, hostname=hostname[:255])
        raise


def _create(
    by: Actor, tenant: Tenant, hostname: str, size: Size, wish: Wish, keys: list[str], reason: str
) -> Operation:
    check_tenant(tenant)
    check_hostname(hostname)
    offer = pick_offer(cluster=wish.cluster, tier=wish.tier, template=wish.template, with_keys=bool(keys))
    wanted = check_size(offer.template, asdict(size))
    check_quota(tenant, wanted)
    check_name_not_kept(tenant, hostname)
    # From here on creates in a cluster take turns.
    cluster = Cluster.objects.select_for_update(no_key=True).get(pk=offer.cluster.pk)
    copy = _place(offer.copies, memory_mib=wanted["memory_mib"])
    vmid = next_vmid(cluster)
    if vmid is None:
        raise refusals.NoFreeVmid(
            f"Cluster {cluster} has no free VMID in {cluster.pod_vmid_first}-{cluster.pod_vmid_last}; "
            "those released within the last hour still rest.",
            field="cluster",
        )
    with refusing_violations(), transaction.atomic():
        pod = CloudPod.objects.create(
            tenant=tenant,
            cluster=cluster,
            node=copy.node,
            tier=copy.tier,
            source=copy,
            vmid=vmid,
            hostname=hostname,
            ssh_keys=keys,
            **wanted,
        )
    hold_vmid(pod, vmid)
    lease = _connect(pod, wish.address)
    operation = begin_operation(
        CREATE,
        by=by,
        tenant=tenant,
        subject_id=pod.pk,
        subject_name=hostname,
        params=CreateParams(full_clone=copy.tier.clone_mode == copy.tier.CloneMode.FULL),
        place=cluster.place,
    )
    after = {"hostname": hostname, "node": copy.node.name, "vmid": vmid, "address": lease.address, **wanted}
    if keys:
        after["ssh_keys"] = [str(key) for key in read_keys(keys)]
    record(
        by=by,
        tenant=tenant,
        action="pod.create",
        resource=resource_of(pod),
        operation_id=operation.pk,
        reason=reason,
        after=after,
    )
    return operation


def _place(copies: list[TemplateCopy], *, memory_mib: int) -> TemplateCopy:
    chosen = choose(candidates_on(copies), memory_mib=memory_mib)
    if chosen is None:
        raise refusals.NoCapacity(f"No node has {memory_mib} MiB of memory left for a pod.", field="memory_mib")
    return next(copy for copy in copies if copy.pk == chosen.copy)


def _connect(pod: CloudPod, address: str | None) -> IPLease:
    """Give the pod its network card and lease its address, in the first of the cluster's networks that has one."""
    attachments = Attachment.objects.filter(cluster=pod.cluster).select_related("network").order_by("network__name")
    attachment, lease = _lease(pod, list(attachments), address)
    interface = Interface.objects.create(
        tenant=pod.tenant,
        pod=pod,
        network=attachment.network,
        mac=_new_mac(),
        bridge=attachment.bridge,
        vlan=attachment.vlan,
    )
    InterfaceAddress.objects.create(tenant=pod.tenant, interface=interface, lease=lease)
    return lease


def _lease(pod: CloudPod, attachments: list[Attachment], address: str | None) -> tuple[Attachment, IPLease]:
    """Lease in the first subnet that has something free; a given address, in the subnet that it belongs to."""
    refused: Refused = ipam.NoFreeAddress(f"Cluster {pod.cluster} is attached to no subnet.", field="address")
    for attachment, subnet in _places(attachments, address):
        try:
            purpose = pod.lease_purpose(0)
            lease = ipam.allocate(tenant=pod.tenant, subnet=subnet, purpose=purpose, address=address)
        except Refused as error:
            refused = error
        else:
            return attachment, lease
    raise refused


def _places(attachments: list[Attachment], address: str | None) -> list[tuple[Attachment, Subnet]]:
    """Every subnet that the cluster is attached to; if some hold the given address, those alone can tell about it."""
    subnets = Subnet.objects.filter(network__in=[attachment.network for attachment in attachments]).order_by("cidr")
    places = [
        (attachment, subnet)
        for attachment in attachments
        for subnet in subnets
        if subnet.network_id == attachment.network_id
    ]
    return [place for place in places if address and ipam.is_within(place[1], address)] or places


def _new_mac() -> str:
    """A random unicast MAC of the locally administered kind: no vendor's, and 46 bits make it unique."""
    octets = bytearray(secrets.token_bytes(6))
    octets[0] = (octets[0] & 0b1111_1100) | 0b10
    return ":".join(f"{octet:02X}" for octet in octets)
