"""rebuild_pod(): every choice for a fresh container of a pod is made here: template copy, hence node, and VMID.

Decides: what is refused, and what is reserved. Not: how the new one takes the old one's place (kinds/rebuild.py).
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from audit.services import Actor
from clusters.findings import not_locked
from clusters.models import Cluster, StorageTier, TemplateCopy
from operations.models import Operation
from operations.ordering import same_going_on
from pods import refusals
from pods.kinds.power import USUAL_TIMEOUT_S
from pods.kinds.rebuild import REBUILD
from pods.kinds.rebuild import Params as RebuildParams
from pods.models import CloudPod
from pods.queries import memory_free
from pods.services.ask import ask
from pods.services.lock import check_not_protected, lock
from pods.services.power import check_timeout
from pods.services.record import recording_refusals
from pods.vmids import hold_vmid, next_vmid


def rebuild_pod(
    *, by: Actor, pod: CloudPod, template: str | None = None, timeout_s: int = USUAL_TIMEOUT_S, reason: str = ""
) -> Operation:
    """Begin the operation that gives a pod a fresh container from a template (its own, unless another one is named).

    What is on its disk, and its snapshots, are gone afterwards; address, size, host name and SSH keys stay.
    Refused: Invalid, PodGone, PodDeleted, PodNeedsAttention, PodProtected, UnknownChoice, TooSmall, NoCapacity,
    NoFreeVmid, OperationInProgress, Frozen; then nothing changed but the audit trail.
    """
    with recording_refusals(by, pod, "pod.rebuild"), transaction.atomic():
        check_timeout(timeout_s)
        locked = lock(pod)
        check_not_protected(locked)
        cluster = Cluster.objects.select_for_update(no_key=True).get(pk=locked.cluster_id)
        copies = _copies(locked, template)
        joined = _going_on(locked, copies)
        params = RebuildParams(**joined.params) if joined else _reserve(locked, cluster, copies, timeout_s)
        before = {"vmid": locked.vmid, "node": locked.node.name, "template": locked.source.template.name}
        return ask(
            REBUILD,
            by=by,
            pod=locked,
            params=replace(params, timeout_s=timeout_s),
            reason=reason,
            before=before,
            after={"template": copies[0].template.name},
            joined=joined,
        )


def _copies(pod: CloudPod, template: str | None) -> list[TemplateCopy]:
    """The one on the pod's own node, if there is one: then nothing else of it moves. Else those on other nodes."""
    wanted = template or pod.source.template.name
    named = TemplateCopy.objects.filter(cluster=pod.cluster, template__name=wanted)
    if not named.exists():
        raise refusals.UnknownChoice(f"Cluster {pod.cluster} has no template {wanted}.", field="template")
    usable = not_locked(named.filter(enabled=True, tier=pod.tier, node__written_off_at=None)).select_related(
        "template", "node__cluster", "tier", "cluster"
    )
    there = usable.filter(node=pod.node)[:1]
    copies = list(there) or list(usable.filter(node__enabled=True).order_by("node__name"))
    if not copies:
        raise refusals.NoCapacity(
            f"No node that can be used has a copy of template {wanted} on tier {pod.tier}.", field="template"
        )
    _check_size(pod, copies[0])
    return copies


def _going_on(pod: CloudPod, copies: list[TemplateCopy]) -> Operation | None:
    """The rebuild from one of them that this request is, too."""
    same = (same_going_on(REBUILD, pod.pk, {"copy": str(copy.pk)}) for copy in copies)
    return next((operation for operation in same if operation is not None), None)


def _reserve(pod: CloudPod, cluster: Cluster, copies: list[TemplateCopy], timeout_s: int) -> RebuildParams:
    copy = _with_room(pod, copies)
    return RebuildParams(
        vmid=_vmid(pod, cluster),
        copy=str(copy.pk),
        template_vmid=copy.vmid,
        node=copy.node.name,
        full_clone=copy.tier.clone_mode == StorageTier.CloneMode.FULL,
        timeout_s=timeout_s,
    )


def _with_room(pod: CloudPod, copies: list[TemplateCopy]) -> TemplateCopy:
    """On its own node its memory is counted already: of old and new, one runs at a time."""
    for copy in copies:
        free = None if copy.node_id == pod.node_id else memory_free(copy.node)
        if free is None or free >= pod.memory_mib:
            return copy
    raise refusals.NoCapacity(
        f"No node with a copy of template {copies[0].template} has {pod.memory_mib} MiB of memory left for {pod}.",
        field="template",
    )


def _check_size(pod: CloudPod, copy: TemplateCopy) -> None:
    for name, unit in (("disk_gib", "GiB of disk"), ("memory_mib", "MiB of memory")):
        least = getattr(copy.template, name)
        if getattr(pod, name) < least:
            words = f"The pod has less than the {least} {unit} of template {copy.template}."
            raise refusals.TooSmall(words, field="template")


def _vmid(pod: CloudPod, cluster: Cluster) -> int:
    """The next one, held for the pod beside its own."""
    vmid = next_vmid(cluster)
    if vmid is None:
        raise refusals.NoFreeVmid(
            f"Cluster {cluster} has no free VMID in {cluster.pod_vmid_first}-{cluster.pod_vmid_last}; "
            "those released within the last hour still rest.",
            field="cluster",
        )
    hold_vmid(pod, vmid)
    return vmid
