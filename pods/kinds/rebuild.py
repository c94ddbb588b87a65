"""Rebuild a pod: a fresh container under the same pod and address and a new VMID takes the place of the old one.

The new one is made beside the old one, started after the old one has stopped, and the old one is destroyed last: until
that has begun, whatever fails gives the old one back.

Decides: the order of the calls. Not: which VMID and template copy (services/rebuild.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from clusters.dataplane.errors import NotFound
from clusters.dataplane.port import Clone, Ct, Mine, Stranger
from clusters.models import Node, TemplateCopy
from operations.kind import Kind, Parked, Step
from pods.holdings import is_dealt_with, is_well_again, needs_a_person, saw
from pods.kinds import config, making, power
from pods.kinds.context import PodRun, open_pod_to_end
from pods.kinds.discard import discard_found, take_away
from pods.models import CloudPod, Snapshot
from pods.vmids import release_vmids


@dataclass(frozen=True)
class Params:
    """The container to come: its VMID, and the template copy that it is cloned from, on that copy's node."""

    vmid: int
    copy: str  # the id of its row
    template_vmid: int
    node: str
    full_clone: bool
    timeout_s: int  # that the old one may take to shut down


Run = PodRun[Params]


def new_ct(op: Run) -> Ct:
    return replace(op.ct, node=op.params.node, vmid=op.params.vmid, source=op.params.template_vmid)


def old_ct(op: Run) -> Ct:
    return replace(op.ct, node=op.before["node"], vmid=op.before["vmid"], source=None)


def look_at_new(op: Run) -> Mine | Stranger | None:
    return op.look_at(new_ct(op))


def mine_new(op: Run) -> Mine:
    found = look_at_new(op)
    if found is None:
        raise NotFound(f"There is no container {op.params.vmid} on node {op.params.node}.")
    return op.as_mine(found)


def declare(op: Run) -> None:
    """The new VMID is the pod's from the request on; the service has reserved it."""
    pod = op.pod
    op.remember(should_run=pod.should_run, vmid=pod.vmid, copy=str(pod.source_id), node=pod.node.name)


def release(op: Run) -> None:
    """The pod is its old container, as before."""
    release_vmids(op.pod, vmid=op.params.vmid)
    is_well_again(op.pod)


def lanes(op: Run) -> tuple[str, ...]:
    copy = _copy(op)
    return (copy.lane, copy.node.io_lane) if op.params.full_clone else (copy.lane,)


def clone(op: Run) -> Parked | None:
    full = op.params.full_clone
    asked = Clone(
        template_vmid=op.params.template_vmid,
        hostname=op.pod.hostname,
        operation=op.operation.pk,
        full=full,
        storage=op.pod.tier.name if full else None,
    )
    return making.clone(op, asked, to=new_ct(op), look=lambda: look_at_new(op))


def discard_new(op: Run) -> Parked | None:
    return discard_found(op, look_at_new(op))


def configure(op: Run) -> Parked | None:
    """It does not start with its node yet: the old one may, and they have one address."""
    return making.configure(op, mine_new(op), onboot=False, look=lambda: mine_new(op))


def rest_old(op: Run) -> None:
    """From now on the old one does not start with its node. One that is gone is just what a rebuild is good for."""
    making.check_disk(op, mine_new(op))
    if (found := op.look()) is not None:
        config.write(op, op.as_mine(found), onboot=False)


def rest_old_back(op: Run) -> None:
    config.write_back(op, onboot=bool(op.before["should_run"]))


def start(op: Run) -> Parked | None:
    return power.start(op, mine_new(op)) if op.before["should_run"] else None


def stop_new(op: Run) -> Parked | None:
    """The old one does not run again before: they have one address."""
    return power.stop_started(op, new_ct(op), lambda: look_at_new(op))


def switch(op: Run) -> None:
    """The pod is the new container from now on."""
    copy = _copy(op)
    _become(op, vmid=op.params.vmid, copy=copy, node=copy.node)


def switch_back(op: Run) -> None:
    copy = TemplateCopy.objects.get(pk=op.before["copy"])
    node = Node.objects.get(cluster=op.pod.cluster_id, name=op.before["node"])
    _become(op, vmid=op.before["vmid"], copy=copy, node=node)


def onboot(op: Run) -> None:
    config.write(op, op.mine(), onboot=bool(op.before["should_run"]))


def destroy_old(op: Run) -> Parked | None:
    """What is not the pod's (any more) is left alone; one that is gone already is well."""
    found = op.look_at(old_ct(op))
    return take_away(op, found) if isinstance(found, Mine) else None


def settle(op: Run) -> None:
    """The old VMID rests; what was kept in the old container's storage is gone with it."""
    pod = op.pod
    release_vmids(pod, vmid=op.before["vmid"])
    Snapshot.objects.filter(pod=pod).delete()
    pod.pending = []
    pod.save(update_fields=["pending"])
    is_well_again(pod)
    saw(pod, CloudPod.Observed.RUNNING if op.before["should_run"] else CloudPod.Observed.STOPPED)


def _copy(op: Run) -> TemplateCopy:
    return TemplateCopy.objects.select_related("cluster", "node__cluster").get(pk=op.params.copy)


def _become(op: Run, *, vmid: int, copy: TemplateCopy, node: Node) -> None:
    pod = op.pod
    pod.vmid, pod.source, pod.node = vmid, copy, node
    pod.save(update_fields=["vmid", "source", "node"])


REBUILD: Kind[Run] = Kind(
    "rebuild",
    version=1,
    subject="pod",
    params=Params,
    open=open_pod_to_end,
    deadline=power.DEADLINE + timedelta(minutes=20),
    attention=lambda op: needs_a_person(op.pod),
    resolved=lambda op: is_dealt_with(op.pod),
    joins=("copy",),
    steps=(
        Step("declare", declare, undo=release, atomic=True, undo_atomic=True, by_request=True),
        Step("clone", clone, undo=discard_new, lanes=lanes),
        Step("configure", configure),
        Step("rest_old", rest_old, undo=rest_old_back),
        *power.down(timeout_s=lambda op: op.params.timeout_s),
        Step("start", start, undo=stop_new),
        Step("switch", switch, undo=switch_back, atomic=True, undo_atomic=True),
        Step("onboot", onboot),
        Step("destroy_old", destroy_old, pivot=True),
        Step("settle", settle, atomic=True),
    ),
)
