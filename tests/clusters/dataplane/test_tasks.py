"""Which task of a node is a container's: what is asked for, and which row is taken.

Decides: that no other token's and no ended task is taken for ours. Not: how a task's end is read (test_answers.py).
"""

import pytest

from clusters.dataplane.port import Plane
from clusters.dataplane.proxmox import ProxmoxPlane
from tests.clusters.dataplane.endpoint import Endpoint, data
from tests.clusters.dataplane.test_proxmox import CT, UPID, clone_task


@pytest.fixture
def plane(endpoint: Endpoint, access_to) -> Plane:
    return ProxmoxPlane(access_to(endpoint))


def test_a_lost_task_is_asked_for_by_its_kind_and_container(plane: Plane, endpoint: Endpoint):
    asked_for = {"source": "all", "since": "1795442000", "vmid": "960", "typefilter": "vzsnapshot", "limit": "500"}
    upids = [UPID.replace("vzclone", "vzsnapshot").replace("0005C45C", f"0005C45{last}") for last in "CED"]
    ended = {"status": "OK", "user": "ctl@pve", "tokenid": "cp"}
    rows = [clone_task(upid=upid, id="960", type="vzsnapshot") for upid in upids[:1]]
    rows += [clone_task(upid=upid, id="960", type="vzsnapshot", **ended) for upid in upids[1:]]
    rows.append(clone_task(upid=UPID, id="960", type="vzsnapshot", user="root@pam", starttime=1795449999))
    endpoint.behave = lambda request: data(rows)
    lost = plane.lost_task(CT, kind="vzsnapshot", since=1795442000, known=())
    assert lost is not None
    assert (lost.upid, lost.exit_status, lost.user) == (upids[1], "OK", "ctl@pve!cp")  # by its ticks since boot
    assert endpoint.seen[0].params == asked_for
    assert plane.lost_task(CT, kind="vzsnapshot", since=1795442000, known=upids) is None


def test_a_backup_of_several_guests_names_none_and_may_be_at_any(plane: Plane, endpoint: Endpoint):
    ended = clone_task(type="vzdump", id="960", status="OK", endtime=1795442209)  # Proxmox lists it for a while
    said = [[ended], [clone_task(type="vzdump", id="")], [clone_task(type="vzdump", id="961")]]
    endpoint.behave = lambda request: data(said.pop(0))
    assert [plane.is_worked_on(CT) for _ in range(3)] == [False, True, False]
    assert endpoint.seen[0].params == {"source": "active", "limit": "500"}
