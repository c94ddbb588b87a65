"""Records what a look at a cluster has shown of its pods. A list proves no mark: nothing desired follows from it.

Decides: which pods a look says something about, and what. Not: when it is taken (clusters/looks.py), nor what needs a
person (noticing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from clusters.dataplane.port import Guest, Resources
from clusters.looks import Look
from clusters.models import Cluster, NodeObservation
from clusters.observation import up_since
from operations.models import Operation
from pods.models import CloudPod
from pods.noticing import notice

Observed = CloudPod.Observed

# The cluster's list is up to ten seconds late: one that began sooner after our last change says nothing about it.
LAG = timedelta(seconds=15)

RECORD = """
UPDATE pods_cloudpod AS pod
SET observed_state = seen.state, last_seen_state = seen.state, observed_at = %s,
    observed_node = seen.node, observed_hostname = seen.hostname, observed_cores = seen.cores,
    observed_memory_mib = seen.memory, memory_used_mib = seen.used, observed_disk_gib = seen.disk, up_since = seen.up
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::float8[], %s::int[], %s::int[], %s::float8[],
            %s::timestamptz[])
     AS seen (id, state, node, hostname, cores, memory, used, disk, up)
WHERE pod.id = seen.id
"""


@dataclass(frozen=True)
class Seen:
    """A pod as it was seen, in the order of the statement's columns."""

    pod: UUID
    state: str
    node: str
    hostname: str
    cores: float | None
    memory_mib: int | None
    memory_used_mib: int | None
    disk_gib: float | None
    up_since: datetime | None


def record(look: Look) -> None:
    """In the transaction that records the cluster too; a few statements, however many pods there are."""
    if isinstance(look.result, Resources):
        _record_answer(look.cluster, look.result, look.began)
        notice(look, look.result)
    else:
        _record_silence(look.cluster, look.began)


def _record_silence(cluster: Cluster, at: datetime) -> None:
    """Nobody's row is waited for here either: a transaction that hangs would keep the controller from all else."""
    before = Q(observed_at=None) | Q(observed_at__lt=at)
    pods = CloudPod.objects.live().filter(before, cluster=cluster).order_by("pk")
    free = list(pods.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    CloudPod.objects.filter(pk__in=free).update(observed_state=Observed.UNKNOWN)


def _record_answer(cluster: Cluster, resources: Resources, at: datetime) -> None:
    guests = {guest.vmid: guest for guest in resources.guests}
    offline = {node.name for node in resources.nodes if node.status != NodeObservation.State.ONLINE}
    seen: list[Seen] = []
    unknown: list[UUID] = []
    for pod in _told_about(cluster, at):
        guest = guests.get(pod.vmid)
        state = _state(guest, offline=offline, complete=not resources.unread)
        if state == Observed.UNKNOWN:
            unknown.append(pod.pk)
        else:
            seen.append(_seen(pod, guest, state, at))
    if seen:
        columns = zip(*(vars(row).values() for row in seen), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(RECORD, [at, *map(list, columns)])
    if unknown:
        CloudPod.objects.filter(pk__in=unknown).update(observed_state=Observed.UNKNOWN)


def _told_about(cluster: Cluster, at: datetime) -> list[CloudPod]:
    """The pods that a look begun `at` says something about: nothing of ours has changed them since, or just before.

    Their rows are locked first and the operations read after that: what ends meanwhile writes the row, so that it is
    either seen here or comes later. A row that somebody else has locked is just being changed.
    """
    before = Q(observed_at=None) | Q(observed_at__lte=at - LAG)
    pods = CloudPod.objects.live().filter(before, cluster=cluster).order_by("pk")
    rows = list(pods.select_for_update(skip_locked=True, no_key=True).only("pk", "vmid", "up_since", "last_seen_state"))
    lately = Q(state__in=Operation.LIVE) | Q(finished_at__gt=at - LAG)
    busy = Operation.objects.filter(lately, subject_kind="pod", subject_id__in=pods.values("pk"))
    changed = set(busy.order_by().values_list("subject_id", flat=True))
    return [pod for pod in rows if pod.pk not in changed]


def _state(guest: Guest | None, *, offline: set[str], complete: bool) -> Observed:
    """An offline node's guests are still listed: who is not listed is not there, if the whole list could be read."""
    if guest is None:
        return Observed.ABSENT if complete else Observed.UNKNOWN
    if guest.kind != "lxc":
        return Observed.ABSENT  # a virtual machine has taken the VMID
    if guest.node in offline or guest.status not in (Observed.RUNNING, Observed.STOPPED):
        return Observed.UNKNOWN
    return Observed(guest.status)


def _seen(pod: CloudPod, guest: Guest | None, state: Observed, at: datetime) -> Seen:
    if guest is None or state == Observed.ABSENT:
        return Seen(pod.pk, state.value, "", "", None, None, None, None, None)
    running = state == Observed.RUNNING
    return Seen(
        pod=pod.pk,
        state=state.value,
        node=guest.node,
        hostname=guest.name,
        cores=guest.cores,
        memory_mib=guest.memory_mib,
        memory_used_mib=guest.memory_used_mib if running else None,
        disk_gib=guest.disk_gib,
        up_since=_up_since(pod, guest, at) if running else None,
    )


def _up_since(pod: CloudPod, guest: Guest, at: datetime) -> datetime | None:
    """The list's seconds are as late as the list: within that it is the same start, whose time must not wander."""
    since = up_since(at, guest.up_seconds)
    if since and pod.up_since and abs(since - pod.up_since) <= LAG:
        return pod.up_since
    return since
