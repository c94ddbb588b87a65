"""What the demo leaves behind comes about as it says, and anything else that is not well is told.

Decides: the three things on a cluster with pods that are there. Not: the demo as a whole (test_demo.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clusters.findings import open_finding
from clusters.models import Cluster, Finding
from demo.handle import FakeHandle
from demo.left_behind import LeaveBehind, Left
from demo.mpanel import MPanel
from demo.nothing_else import nothing_else
from demo.scenario import Story
from demo.screen import Ordered
from ipam.models import IPLease
from operations.models import Operation
from pods.models import CloudPod, VmidHold
from pods.services import create_pod, stop_pod
from tests.cast import Person
from tests.work import Work

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Scene:
    """Two pods of alice's, one of them stopped, and mPanel with what it says and holds for untrue."""

    def __init__(self, site: str, plane: FakeHandle, alice: Person, olga: Person, work: Work) -> None:
        self.plane, self.work, self.mpanel = plane, work, MPanel(site, olga.token)
        self.said: list[str] = []
        self.untrue: list[str] = []
        for hostname in ("old", "web"):
            create_pod(by=alice.actor, tenant=alice.tenant, hostname=hostname)
        work.until_idle()
        stop_pod(by=alice.actor, pod=CloudPod.objects.get(hostname="old"))
        work.until_idle()

    def finish(self, operation: dict[str, Any]) -> dict[str, Any]:
        self.work.until_idle()
        return self.mpanel.operation(operation["id"])

    def leave(self) -> Left:
        pods = {
            pod["hostname"]: Ordered("TENANT-101", {"hostname": pod["hostname"]}, {}, pod) for pod in self.mpanel.pods()
        }
        leave = LeaveBehind(self.mpanel, self.plane, self.said.append, self.finish, self.untrue.append, "/admin/")
        failing = {"tenant": "TENANT-101", "hostname": "new"}
        return leave.all_three("pve-a", failing=failing, purged=pods["old"], replaced=pods["web"])

    def more(self, left: Left) -> list[str]:
        return nothing_else(left, Story(), {"pve-a": self.plane})


@pytest.fixture
def scene(live_server: Any, plane: FakeHandle, alice: Person, olga: Person, work: Work) -> Scene:
    return Scene(live_server.url, plane, alice, olga, work)


def test_it_leaves_three_things_and_nothing_else(scene: Scene) -> None:
    left = scene.leave()
    assert scene.untrue == []
    assert scene.more(left) == []
    create, purge, reboot = (Operation.objects.get(pk=pk) for pk in (left.failed, left.needs_attention, left.refused))
    assert [(one.kind, one.state) for one in (create, purge, reboot)] == [
        ("create", "failed"),
        ("purge", "needs_attention"),
        ("reboot", "failed"),
    ]
    assert reboot.error_code == "not_ours"
    assert CloudPod.objects.get(pk=create.subject_id).phase == "failed"
    assert CloudPod.objects.get(pk=purge.subject_id).phase == "needs_attention"
    finding = Finding.objects.get()
    assert (finding.code, finding.about, finding.closed_at) == ("stranger", f"CT {left.vmid}", None)
    scene.work.observe()
    assert scene.more(left) == [], "the minute's look changes nothing of it"


def test_each_is_a_line_that_says_what_it_is_and_where_to_see_it(scene: Scene) -> None:
    left = scene.leave()
    failed, half, stranger = scene.said
    assert failed.startswith("Left behind: a create that failed, of TENANT-101's new. ")
    assert "bridge 'vmbr0' does not exist" in failed
    assert "Undone: start, configure, clone, reserve." in failed
    assert failed.endswith(f" /admin/operations/operation/{left.failed}/change/")
    assert half.startswith("Left behind: an operation that needs a person, the purge of TENANT-101's old (CT ")
    assert "There is no way back from step destroy. Not done yet: destroy" in half
    assert half.endswith(f" /admin/operations/operation/{left.needs_attention}/change/")
    assert stranger.startswith(
        f"Left behind: a stranger. Somebody destroyed CT {left.vmid} of TENANT-101's web by hand"
    )
    assert stranger.endswith(" /admin/clusters/finding/")


def _another_operation_fails(scene: Scene, left: Left) -> None:
    Operation.objects.filter(kind="create", state="succeeded").update(state="failed")


def _somebody_resolves_it(scene: Scene, left: Left) -> None:
    Operation.objects.filter(pk=left.needs_attention).update(state="resolved")


def _the_create_succeeds(scene: Scene, left: Left) -> None:
    Operation.objects.filter(pk=left.failed).update(state="succeeded")


def _another_finding(scene: Scene, left: Left) -> None:
    open_finding(cluster=Cluster.objects.get(), code="no_quorum", about="the cluster")


def _the_stranger_leaves(scene: Scene, left: Left) -> None:
    scene.plane.remove_ct(left.vmid)
    scene.work.observe()


def _a_vmid_is_kept(scene: Scene, left: Left) -> None:
    VmidHold.objects.filter(pod__hostname="new").update(released_at=None)


def _an_address_is_kept(scene: Scene, left: Left) -> None:
    IPLease.objects.filter(interface_address__interface__pod__hostname="new").update(released_at=None)


def _a_second_stranger(scene: Scene, left: Left) -> None:
    scene.plane.put_ct("pve", 9800)


def _a_pod_is_changed_by_hand(scene: Scene, left: Left) -> None:
    scene.plane.edit_ct(CloudPod.objects.get(hostname="old").vmid, cores=9)


# One after the other, in the same world: each adds its sentence.
MORE: tuple[tuple[Callable[[Scene, Left], None], str], ...] = (
    (_another_operation_fails, "is failed, to be done"),
    (_somebody_resolves_it, "is resolved, to be needs_attention"),
    (_the_create_succeeds, "was left behind as failed, and has succeeded"),
    (_another_finding, "A finding was not meant to be open: no_quorum of the cluster"),
    (_a_vmid_is_kept, "is still held by the pod that could not be made"),
    (_an_address_is_kept, "is still held by the pod that could not be made"),
    (_a_second_stranger, "CT 9800 is on node pve of pve-a, and no row explains it"),
    (_a_pod_is_changed_by_hand, "cores is 9"),
    (_the_stranger_leaves, "No finding is open about the stranger"),
)


def test_anything_more_or_less_is_a_sentence(scene: Scene) -> None:
    left = scene.leave()
    told = set(scene.more(left))
    for spoil, sentence in MORE:
        spoil(scene, left)
        more = set(scene.more(left))
        assert sentence in "\n".join(more - told), spoil.__name__
        told = more
