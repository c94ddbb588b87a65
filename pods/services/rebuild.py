"""rebuild_pod(): every choice for a fresh container of a pod is made here: template copy, hence node, and VMID.

Decides: what is refused, and what is reserved. Not: how the new one takes the old one's place (kinds/rebuild.py).
"""

from __future__ import annotations

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
        copy = _copy(locked, template)
        params = RebuildParams(
            vmid=_vmid(locked, copy),
            copy=str(copy.pk),
            template_vmid=copy.vmid,
            node=copy.node.name,
            full_clone=copy.tier.clone_mode == StorageTier.CloneMode.FULL,
            timeout_s=timeout_s,
        )
        before = {"vmid": locked.vmid, "node": locked.node.name, "template": locked.source.template.name}
        after = {"template": copy.template.name}
        return ask(REBUILD, by=by, pod=locked, params=params, reason=reason, before=before, after=after)


def _copy(pod: CloudPod, template: str | None) -> TemplateCopy:
    """A copy on the pod's own node, if there is one: then nothing else of it moves."""
    wanted = template or pod.source.template.name
    named = TemplateCopy.objects.filter(cluster=pod.cluster, template__name=wanted)
    if not named.exists():
        raise refusals.UnknownChoice(f"Cluster {pod.cluster} has no template {wanted}.", field="template")
    usable = not_locked(named.filter(enabled=True, tier=pod.tier, node__written_off_at=None)).select_related(
        "template", "node", "tier", "cluster"
    )
    there = usable.filter(node=pod.node).first()
    copy = there or usable.filter(node__enabled=True).order_by("node__name").first()
    if copy is None:
        raise refusals.NoCapacity(
            f"No node that can be used has a copy of template {wanted} on tier {pod.tier}.", field="template"
        )
    _check_size(pod, copy)
    return copy


def _check_size(pod: CloudPod, copy: TemplateCopy) -> None:
    for name, unit in (("disk_gib", "GiB of disk"), ("memory_mib", "MiB of memory")):
        least = getattr(copy.template, name)
        if getattr(pod, name) < least:
            words = f"The pod has less than the {least} {unit} of template {copy.template}."
            raise refusals.TooSmall(words, field="template")


def _vmid(pod: CloudPod, copy: TemplateCopy) -> int:
    """The next one, held for the pod beside its own. A second request for what goes on already takes none."""
    going_on = same_going_on(REBUILD, pod.pk, {"copy": str(copy.pk)})
    if going_on is not None:
        return int(going_on.params["vmid"])
    cluster = Cluster.objects.select_for_update(no_key=True).get(pk=pod.cluster_id)
    vmid = next_vmid(cluster)
    if vmid is None:
        raise refusals.NoFreeVmid(
            f"Cluster {cluster} has no free VMID in {cluster.pod_vmid_first}-{cluster.pod_vmid_last}; "
            "those released within the last hour still rest.",
            field="cluster",
        )
    hold_vmid(pod, vmid)
    return vmid
