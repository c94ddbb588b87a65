"""resize_pod(): begins the operation that gives a pod another size.

Decides: which sizes are granted. Not: how the pod gets one (kinds/resize.py).
"""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from audit.services import Actor
from clusters.models import Cluster, Node, TemplateCopy
from operations.models import Operation
from operations.ordering import same_going_on
from pods import refusals
from pods.admission import check_growth, check_room, check_size
from pods.kinds.resize import RESIZE, SIZE
from pods.kinds.resize import Params as ResizeParams
from pods.models import CloudPod
from pods.services.ask import ask, is_left_open
from pods.services.create import Size
from pods.services.lock import lock
from pods.services.record import recording_refusals


def resize_pod(*, by: Actor, pod: CloudPod, size: Size, reason: str = "") -> Operation:
    """Begin the operation that gives a pod this size; None stays as it is. The pod may run, or be suspended.

    A second request for the same is the first. Refused: DiskOnlyGrows, TooSmall, TooLarge, NothingToChange,
    QuotaExceeded, NoCapacity, PodGone, PodDeleted, PodNeedsAttention, OperationInProgress, Frozen; then nothing changed
    but the audit trail.
    """
    with recording_refusals(by, pod, "pod.resize"), transaction.atomic():
        locked = lock(pod)
        has = {name: getattr(locked, name) for name in SIZE}
        asked = {name: value for name, value in asdict(size).items() if value is not None}
        params = ResizeParams(**{**has, **asked})
        if same_going_on(RESIZE, locked.pk, asdict(params)) is None:
            _check(locked, has, asked)
        before = {name: has[name] for name in asked}
        return ask(RESIZE, by=by, pod=locked, params=params, reason=reason, before=before)


def _check(pod: CloudPod, has: dict[str, int], asked: dict[str, int]) -> None:
    if asked.get("disk_gib", has["disk_gib"]) < has["disk_gib"]:
        raise refusals.DiskOnlyGrows(
            f"The disk of {pod} has {has['disk_gib']} GiB, and a disk cannot become smaller.", field="disk_gib"
        )
    source = TemplateCopy.objects.select_related("template").get(pk=pod.source_id)
    check_size(source.template, {name: asked.get(name) for name in SIZE})
    more = {name: asked[name] - has[name] for name in asked}
    if not any(more.values()) and not is_left_open(RESIZE, pod):
        raise refusals.NothingToChange(f"The pod {pod} has that size already.")
    check_growth(pod.tenant, more)
    if more.get("memory_mib", 0) > 0:
        Cluster.objects.select_for_update(no_key=True).get(pk=pod.cluster_id)
        node = Node.objects.select_related("cluster").get(pk=pod.node_id)
        check_room(node, memory_mib=more["memory_mib"], field="memory_mib")
