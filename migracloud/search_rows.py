"""The rows that a term of the search may mean, each with the page that it leads to and what it is.

Decides: which columns are asked, each by an index, and whose pages somebody may see. Not: what was meant
(search_terms.py), nor how the answer looks (admin_search.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

from django.db.models import F, Model, QuerySet
from django.utils import timezone

from audit.look import relative
from audit.models import AuditEvent
from audit.places import list_url, page_url
from clusters.dataplane.port import Upid
from clusters.freshness import moment
from clusters.models import Cluster, Finding, Node, StorageTier, TemplateCopy
from clusters.waits import AwaitedTask
from ipam.models import IPLease, Network, Subnet
from operations.models import Attempt, Freeze, Operation
from pods.models import CloudPod, Interface, VmidHold
from tenants.models import Tenant, User

LIMIT = 6  # of each model
HELD_FIRST = (F("released_at").desc(nulls_first=True), "-id")
May = Callable[[type[Model]], bool]

# Whose ids are known, with what their lines read besides.
WITH_AN_ID: dict[type[Model], tuple[str, ...]] = {
    CloudPod: ("tenant",),
    Operation: ("tenant",),
    Tenant: (),
    IPLease: ("tenant", "interface_address__interface__pod__tenant"),
    AuditEvent: (),
    Finding: ("cluster",),
    Freeze: (),
    Cluster: (),
    Node: ("cluster",),
    StorageTier: ("cluster",),
    User: (),
}
OF_A_CLUSTER: tuple[type[Model], ...] = (Node, StorageTier)
BY_NAME: tuple[type[Model], ...] = (Cluster, Node, StorageTier, Network)


@dataclass(frozen=True)
class Found:
    """One line of the answer."""

    title: str
    words: str
    url: str
    icon: str = "arrow_forward"


def by_id(row_id: UUID, may: May) -> Iterable[Found]:
    """A row's own id, or that of a request: its operations, and what was recorded of it."""
    for model, also in WITH_AN_ID.items():
        if may(model):
            for row in _rows(model).prefetch_related(*also).filter(pk=row_id):
                yield line(row, may)
    if may(Operation):
        asked = Operation.objects.filter(request_id=str(row_id)).prefetch_related("tenant")[:LIMIT]
        yield from (line(operation, may) for operation in asked)
    if may(AuditEvent):
        events = list(AuditEvent.objects.filter(request_id=str(row_id))[: LIMIT + 1])
        yield from (line(event, may) for event in events[:LIMIT])
        if len(events) > LIMIT:
            yield Found(
                "All events of this request", "Audit", list_url(AuditEvent, request_id__exact=str(row_id)), "list"
            )


def by_mac(mac: str, may: May) -> Iterable[Found]:
    if may(CloudPod) or may(Interface):
        # A MAC is of one card: put in no order, none of the tables that cards are ordered by is joined.
        for card in Interface.objects.filter(mac=mac).order_by().prefetch_related("pod__tenant"):
            words = f"Card net{card.index} of {_of_pod(card.pod, may)}"
            yield Found(mac, words, page_url(card.pod if may(CloudPod) else card), "deployed_code")


def by_address(address: IPv4Address, may: May) -> Iterable[Found]:
    """Who holds it and who held it; a node that has it; and the subnet that it is of."""
    if may(CloudPod) or may(IPLease):
        held = IPLease.objects.filter(address=str(address)).order_by(*HELD_FIRST)
        leases = held.prefetch_related(*WITH_AN_ID[IPLease])[:LIMIT]
        yield from (line(lease, may) for lease in leases if may(IPLease) or (may(CloudPod) and _bearer(lease)))
    if may(Node):
        yield from (line(node, may) for node in Node.objects.filter(address=str(address)).select_related("cluster"))
    if may(Subnet):
        for subnet in Subnet.objects.select_related("network"):
            if address in subnet.cidr:
                yield Found(
                    str(subnet), f"Subnet of {subnet.network}, which {address} is in", page_url(subnet), "account_tree"
                )


def by_vmid(vmid: int, may: May) -> Iterable[Found]:
    """Who holds it now and who held it, in every cluster; and the template copy that has it."""
    if may(CloudPod) or may(VmidHold):
        holds = VmidHold.objects.filter(vmid=vmid).order_by(*HELD_FIRST).prefetch_related("pod__tenant", "cluster")
        for hold in holds[:LIMIT]:
            words = f"{_of_pod(hold.pod, may)}; {_span('VMID', hold)} in {hold.cluster}"
            yield Found(f"{vmid}", words, page_url(hold.pod if may(CloudPod) else hold), "deployed_code")
    if may(TemplateCopy):
        for copy in TemplateCopy.objects.filter(vmid=vmid).select_related("template", "node", "cluster")[:LIMIT]:
            words = f"Template copy of {copy.template} on {copy.node} of {copy.cluster}"
            yield Found(f"{vmid}", words, page_url(copy), "content_copy")


def by_task(upid: str, may: May) -> Iterable[Found]:
    """The operation one of whose tries waited for this task, in whichever cluster that was."""
    if may(Operation):
        keys = [AwaitedTask(cluster, Upid(upid)).key for cluster in Cluster.objects.values_list("pk", flat=True)]
        tries = Attempt.objects.filter(wait_key__in=keys).prefetch_related("step__operation__tenant")[:LIMIT]
        for one in tries:
            operation, what = one.step.operation, "undoing" if one.direction == "undo" else "doing"
            words = f"{line(operation, may).words}; its task of {what} {one.step.name}"
            yield Found(str(operation), words, page_url(operation), "sync_alt")


def by_reference(reference: str, may: May) -> Iterable[Found]:
    if may(Tenant):
        for tenant in Tenant.objects.filter(reference=reference):
            yield line(tenant, may)
            if may(CloudPod):
                yield Found(f"CloudPods of {reference}", "Their list", list_url(CloudPod, tenant=reference), "list")


def by_name(name: str, may: May) -> Iterable[Found]:
    """By how it begins. Of pods, the one of just this name comes first, even if it is gone."""
    if may(CloudPod):
        yield from _pods_by_name(name.lower(), may)
    if may(Tenant):
        yield from (
            line(tenant, may) for tenant in Tenant.objects.filter(name__istartswith=name).order_by("-id")[:LIMIT]
        )
    for model in BY_NAME:
        if may(model):
            also = ("cluster",) if model in OF_A_CLUSTER else ()
            named = _rows(model).filter(name__istartswith=name).select_related(*also)[:LIMIT]
            yield from (line(row, may) for row in named)
    if may(User):
        yield from (line(user, may) for user in User.objects.filter(username__startswith=name)[:LIMIT])


def _pods_by_name(name: str, may: May) -> Iterable[Found]:
    pods = CloudPod.objects.prefetch_related("tenant")
    just_so = list(pods.filter(hostname=name).order_by(F("gone_at").desc(nulls_first=True), "-id")[:LIMIT])
    begin = list(pods.live().filter(hostname__startswith=name).exclude(hostname=name)[: LIMIT + 1])
    yield from (line(pod, may) for pod in (*just_so, *begin[:LIMIT]))
    if len(begin) > LIMIT:
        yield Found(f"All CloudPods with {name}", "Their list", list_url(CloudPod, q=name), "list")


def line(row: Any, may: May) -> Found:
    """What a row is, in a line, and where it leads."""
    age = timezone.now()
    match row:
        case CloudPod():
            return Found(row.hostname, _of_pod(row, may, by_name=False), page_url(row), "deployed_code")
        case Operation():
            words = f"Operation, {row.tenant}, {_plain(row.state)}, asked {relative(age - row.created_at)}"
            return Found(str(row), words, page_url(row), "sync_alt")
        case IPLease():
            return _of_lease(row, may)
        case Tenant():
            return Found(f"{row.reference} {row.name}", f"Tenant, {row.state}", page_url(row), "apartment")
        case AuditEvent():
            words = f"Audit event, {row.outcome}, {relative(age - row.at)}, by {row.actor}"
            return Found(f"{row.action} {row.resource_name}", words, page_url(row), "history")
        case Node() | StorageTier():
            return Found(str(row), f"{_noun(row)} of {row.cluster}", page_url(row), "dns")
        case Finding():
            return Found(str(row), f"Finding of {row.cluster}, {'closed' if row.closed_at else 'open'}", page_url(row))
    return Found(str(row), _noun(row), page_url(row))


def _of_pod(pod: CloudPod, may: May, *, by_name: bool = True) -> str:
    """`CloudPod web, TENANT-101, running`: its phase unless that is the usual one, else as it was last seen."""
    words = f"CloudPod{f' {pod}' if by_name else ''}, {pod.tenant}"
    if not may(CloudPod):
        return words
    state = pod.observed_state if pod.phase == CloudPod.Phase.ACTIVE else pod.phase
    return f"{words}, {_plain(state)}"


def _plain(word: str) -> str:
    return word.replace("_", " ")


def _of_lease(lease: IPLease, may: May) -> Found:
    """A held address leads to its pod. What was released leads to its lease, which tells from when to when."""
    pod = _bearer(lease) if may(CloudPod) else None
    whose = _of_pod(pod, may) if pod else f"{lease.tenant}: {lease.purpose}"
    leads_to = pod if pod and (lease.released_at is None or not may(IPLease)) else lease
    return Found(lease.address, f"{_span('Address', lease)} by {whose}", page_url(leads_to), "lan")


def _bearer(lease: IPLease) -> CloudPod | None:
    borne = getattr(lease, "interface_address", None)
    pod: CloudPod | None = borne.interface.pod if borne else None
    return pod


def _span(what: str, held: Any) -> str:
    if held.released_at is None:
        return f"{what} held since {moment(held.leased_at if isinstance(held, IPLease) else held.taken_at)}"
    return f"{what} held until {moment(held.released_at)}{', still held back' if held.held_back else ''}"


def _noun(row: Model) -> str:
    noun = str(row._meta.verbose_name)
    return noun[:1].upper() + noun[1:]


def _rows(model: type[Model]) -> QuerySet[Any]:
    rows: QuerySet[Any] = model._default_manager.all()
    return rows
