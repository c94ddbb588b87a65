"""The port's calls: what each sends, what `look` concludes, and at how many HTTP calls.

Decides: that no container is taken for ours that is not. Not: Proxmox's wording (test_recordings.py).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from clusters.dataplane import errors
from clusters.dataplane.mark import judge, write_mark
from clusters.dataplane.port import Change, Clone, Ct, Mine, Nic, Plane, Settings, Stranger, Upid
from clusters.dataplane.proxmox import ProxmoxPlane
from tests.clusters.dataplane.conftest import KEY
from tests.clusters.dataplane.endpoint import Answer, Endpoint, Request, data

POD, OPERATION, CLUSTER = uuid4(), uuid4(), uuid4()
CT = Ct(node="pve", vmid=960, pod=POD, tenant="TENANT-123", source=9000)
CONFIG = "/nodes/pve/lxc/960/config"
TASKS = "/nodes/pve/tasks"
GUESTS = "/cluster/resources"
UPID = Upid("UPID:pve:0000051E:0005C45C:6B04461B:vzclone:9000:ctl@pve!cp:")
MISSING = Answer(500, "Configuration file 'nodes/pve/lxc/960.conf' does not exist")


def mark(**changes: Any) -> str:
    values: dict[str, Any] = {"pod": POD, "tenant": "TENANT-123", "cluster": CLUSTER, "vmid": 960}
    return write_mark(KEY, **(values | changes), operation=OPERATION) + "\n"


def config(**changes: Any) -> dict[str, Any]:
    plain = {
        "digest": "d1",
        "description": mark(),
        "hostname": "web",
        "cores": 2,
        "memory": 1024,
        "rootfs": "local-lvm:vm-960-disk-0,size=8G",
        "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.1.10.50/24,type=veth",
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def clone_task(**changes: Any) -> dict[str, Any]:
    plain = {"upid": UPID, "node": "pve", "type": "vzclone", "id": "9000", "user": "ctl@pve!cp"}
    return plain | {"starttime": 1795442203, "status": "RUNNING"} | changes


def guest(**changes: Any) -> dict[str, Any]:
    return {"vmid": 960, "node": "pve", "type": "lxc", "status": "stopped", "template": 0} | changes


@pytest.fixture
def plane(endpoint: Endpoint, access_to) -> Plane:
    return ProxmoxPlane(access_to(endpoint, cluster_id=CLUSTER))


@pytest.fixture
def says(endpoint: Endpoint) -> Callable[[dict[str, Any]], None]:
    """What is at each path: a value, an Answer, or a list of them, one for each time it is asked."""

    def program(world: dict[str, Any]) -> None:
        def behave(request: Request) -> Answer:
            said = world.get(request.path, Answer(501, f"{request.path} was not expected"))
            if isinstance(said, list):
                said = said.pop(0)
            return said if isinstance(said, Answer) else data(said)

        endpoint.behave = behave

    return program


def asked(endpoint: Endpoint) -> list[str]:
    return [request.path for request in endpoint.seen]


# What `look` concludes


def test_a_container_with_our_mark_is_ours(plane: Plane, endpoint: Endpoint, says):
    says({CONFIG: config(onboot=1, tags="Cloudpod;tenant-123", swap=64, template=0)})
    assert plane.look(CT) == Mine(
        ct=CT,
        digest="d1",
        lock=None,
        task=None,
        hostname="web",
        cores=2,
        memory_mib=1024,
        swap_mib=64,
        disk_gib=8.0,
        onboot=True,
        tags=frozenset({"cloudpod", "tenant-123"}),
        net0={
            "name": "eth0",
            "bridge": "vmbr0",
            "hwaddr": "BC:24:11:00:00:01",
            "ip": "10.1.10.50/24",
            "type": "veth",
        },
    )
    assert asked(endpoint) == [CONFIG]


@pytest.mark.parametrize("lock", ["backup", "disk", "snapshot"])
def test_a_lock_on_our_container_is_told_and_judged_by_the_caller(lock: str, plane: Plane, says):
    says({CONFIG: config(lock=lock)})
    found = plane.look(CT)
    assert isinstance(found, Mine)
    assert found.lock == lock


@pytest.mark.parametrize(
    "description",
    [None, "by hand", mark(vmid=961), mark(pod=uuid4()), mark(tenant="TENANT-9"), mark(cluster=uuid4())],
    ids=["none", "another text", "vmid", "pod", "tenant", "cluster"],
)
@pytest.mark.parametrize("template", [0, 1])
def test_a_container_whose_mark_does_not_fit_is_a_strangers(description, template, plane, endpoint, says):
    says({CONFIG: config(description=description, template=template)})
    found = plane.look(CT)
    assert isinstance(found, Stranger)
    assert (found.node, found.vmid) == ("pve", 960)
    assert found.reason == judge(description, CT, CLUSTER, [KEY])
    assert asked(endpoint) == [CONFIG]


def test_a_template_with_our_mark_is_ours(plane: Plane, says):
    says({CONFIG: config(template=1)})
    found = plane.look(CT)
    assert isinstance(found, Mine)
    assert found.template


def test_nothing_there_takes_two_calls_to_know(plane: Plane, endpoint: Endpoint, says):
    says({CONFIG: MISSING, GUESTS: [[guest(vmid=961)]]})
    assert plane.look(CT) is None
    assert asked(endpoint) == [CONFIG, GUESTS]


def test_a_container_on_another_node_has_moved_and_is_not_gone(plane: Plane, says):
    says({CONFIG: MISSING, GUESTS: [[guest(node="pve-02")]]})
    with pytest.raises(errors.Moved, match="CT 960 is on node pve-02, no longer on pve") as caught:
        plane.look(CT)
    assert caught.value.node == "pve-02"


def test_a_virtual_machine_at_the_vmid_is_a_strangers(plane: Plane, says):
    says({CONFIG: MISSING, GUESTS: [[guest(node="pve-02", type="qemu")]]})
    assert plane.look(CT) == Stranger("pve-02", 960, "it is a virtual machine, not a container")


def test_what_the_cluster_lists_on_the_node_that_lacks_it_cannot_be_judged_yet(plane: Plane, says):
    says({CONFIG: MISSING, GUESTS: [[guest()]]})
    with pytest.raises(errors.Busy):
        plane.look(CT)


@pytest.mark.parametrize("description", [None, "golden template", mark(pod=uuid4())])
def test_a_clone_without_its_mark_yet_is_busy_and_no_stranger(description, plane, endpoint, says):
    says({CONFIG: config(lock="create", description=description)})
    with pytest.raises(errors.Busy):
        plane.look(CT)
    assert asked(endpoint) == [CONFIG]


def test_a_lost_clone_is_found_by_its_source(plane: Plane, endpoint: Endpoint, says):
    others = [
        clone_task(id="9001", upid=UPID.replace("vzclone", "vzother")),
        clone_task(status="OK", endtime=1795442209, upid=UPID.replace("0000051E", "00000001")),
        clone_task(type="vzstart", upid=UPID.replace("0000051E", "00000002")),
    ]
    says({CONFIG: config(lock="create", rootfs=None), TASKS: [[*others, clone_task()]]})
    found = plane.look(CT)
    assert isinstance(found, Mine)
    assert (found.task, found.lock, found.disk_gib) == (UPID, "create", 0.0)
    assert asked(endpoint) == [CONFIG, TASKS]


def test_a_clone_that_ends_between_the_two_calls_is_ours(plane: Plane, endpoint: Endpoint, says):
    says({CONFIG: [config(lock="create"), config()], TASKS: [[]]})
    found = plane.look(CT)
    assert isinstance(found, Mine)
    assert (found.task, found.lock) == (None, None)
    assert asked(endpoint) == [CONFIG, TASKS, CONFIG]


def test_a_clone_that_is_cancelled_between_the_two_calls_is_gone(plane: Plane, says):
    says({CONFIG: [config(lock="create"), MISSING], TASKS: [[]], GUESTS: [[]]})
    assert plane.look(CT) is None


def test_a_create_lock_that_no_task_holds_is_stuck_with_the_command_to_type(plane: Plane, says):
    says({CONFIG: config(lock="create"), TASKS: [[clone_task(status="unexpected status")]] * 2})
    with pytest.raises(errors.Stuck, match="on node pve, type: pct unlock 960; pct unlock 9000"):
        plane.look(CT)
    with pytest.raises(errors.Stuck, match=r"type: pct unlock 960$"):
        plane.look(replace(CT, source=None))


@pytest.mark.parametrize("denied", [CONFIG, GUESTS])
def test_an_error_while_looking_is_never_taken_for_nothing_there(denied: str, plane: Plane, says):
    says({CONFIG: MISSING} | {denied: Answer(403, "Permission check failed (/vms/960, VM.Audit)")})
    with pytest.raises(errors.Denied):
        plane.look(CT)


# What each call sends


@pytest.fixture
def mine(plane: Plane, endpoint: Endpoint, says) -> Mine:
    says({CONFIG: config()})
    found = plane.look(CT)
    assert isinstance(found, Mine)
    endpoint.seen.clear()
    endpoint.behave = lambda request: data(UPID)
    return found


def sent(endpoint: Endpoint) -> tuple[str, str, dict[str, str]]:
    [request] = endpoint.seen
    return request.method, request.path, request.params


def test_a_linked_clone_carries_its_mark_and_no_storage(plane: Plane, endpoint: Endpoint):
    endpoint.behave = lambda request: data(UPID)
    assert plane.clone(Clone(9000, "web", OPERATION, full=False, storage="fast"), to=CT) == UPID
    method, path, params = sent(endpoint)
    assert (method, path) == ("POST", "/nodes/pve/lxc/9000/clone")
    assert judge(params.pop("description"), CT, CLUSTER, [KEY]) is None
    assert params == {"newid": "960", "hostname": "web", "full": "0"}


def test_a_full_clone_names_its_storage(plane: Plane, endpoint: Endpoint):
    endpoint.behave = lambda request: data(UPID)
    plane.clone(Clone(9000, "web", OPERATION, full=True, storage="fast"), to=CT)
    params = sent(endpoint)[2]
    assert (params["full"], params["storage"]) == ("1", "fast")


def test_configure_writes_with_the_digest_that_was_read(plane: Plane, endpoint: Endpoint, mine: Mine):
    nic = Nic("vmbr0", "BC:24:11:00:00:01", "10.1.10.50/24", "10.1.10.1", vlan=10)
    plane.configure(mine, Settings(2, 1024, 512, True, ("CloudPod", "TENANT-123"), nic))
    net0 = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.1.10.50/24,gw=10.1.10.1"
    wanted = {
        "digest": "d1",
        "cores": "2",
        "memory": "1024",
        "swap": "512",
        "onboot": "1",
        "tags": "cloudpod;tenant-123",
        "net0": f"{net0},firewall=1,type=veth,tag=10",
    }
    assert sent(endpoint) == ("PUT", CONFIG, wanted)


def test_a_nic_without_gateway_and_vlan_names_neither(plane: Plane, endpoint: Endpoint, mine: Mine):
    nic = Nic("vmbr0", "BC:24:11:00:00:01", "10.1.10.50/24", None)
    plane.configure(mine, Settings(2, 1024, 512, False, (), nic))
    params = sent(endpoint)[2]
    assert params["onboot"] == "0"
    assert params["net0"].endswith("ip=10.1.10.50/24,firewall=1,type=veth")


@pytest.mark.parametrize(
    ("call", "method", "path", "params"),
    [
        (lambda plane, mine: plane.start(mine), "POST", "/status/start", {}),
        (lambda plane, mine: plane.stop(mine), "POST", "/status/stop", {}),
        (lambda plane, mine: plane.shutdown(mine, timeout_s=90), "POST", "/status/shutdown", {"timeout": "90"}),
        (
            lambda plane, mine: plane.set_onboot(mine, False) or UPID,
            "PUT",
            "/config",
            {"onboot": "0", "digest": "d1"},
        ),
        (lambda plane, mine: plane.destroy(mine), "DELETE", "", {"purge": "1"}),
        (
            lambda plane, mine: plane.change(mine, Change(hostname="shop", tags=(), env=())) or UPID,
            "PUT",
            "/config",
            {"hostname": "shop", "delete": "tags,env", "digest": "d1"},
        ),
        (
            lambda plane, mine: plane.take_snapshot(mine, name="one", description="why"),
            "POST",
            "/snapshot",
            {"snapname": "one", "description": "why"},
        ),
        (lambda plane, mine: plane.delete_snapshot(mine, name="one"), "DELETE", "/snapshot/one", {}),
        (lambda plane, mine: plane.roll_back(mine, name="one"), "POST", "/snapshot/one/rollback", {}),
        (lambda plane, mine: plane.migrate(mine, to_node="pve-02"), "POST", "/migrate", {"target": "pve-02"}),
        (
            lambda plane, mine: plane.grow(mine, disk_gib=20),
            "PUT",
            "/resize",
            {"disk": "rootfs", "size": "20G", "digest": "d1"},
        ),
        (
            lambda plane, mine: plane.set_firewall(mine) or UPID,
            "PUT",
            "/firewall/options",
            {"enable": "1", "ipfilter": "1", "macfilter": "1", "policy_in": "ACCEPT"},
        ),
    ],
    ids=[
        *("start", "stop", "shutdown", "set_onboot", "destroy", "change"),
        *("take_snapshot", "delete_snapshot", "roll_back", "migrate", "grow", "set_firewall"),
    ],
)
def test_a_change_is_one_call(call, method: str, path: str, params, plane: Plane, endpoint, mine: Mine):
    assert call(plane, mine) == UPID
    assert sent(endpoint) == (method, f"/nodes/pve/lxc/960{path}", params)


def test_tasks_are_listed_with_ended_and_running_ones_in_one_call(plane: Plane, endpoint: Endpoint, says):
    says({TASKS: [[clone_task(), clone_task(status="WARNINGS: 1", user="ctl@pve", tokenid="cp")]]})
    running, ended = plane.tasks("pve", since=1795442000)
    assert (running.exit_status, running.ok) == (None, False)
    assert (ended.exit_status, ended.ok) == ("WARNINGS: 1", True)
    assert running.user == ended.user == "ctl@pve!cp"
    assert sent(endpoint)[2] == {"source": "all", "since": "1795442000", "limit": "500"}


def test_a_tasks_log_is_its_last_lines_from_the_node_that_the_task_names(plane: Plane, endpoint, says):
    log = f"/nodes/pve/tasks/{UPID}/log"
    says({log: [[{"n": n, "t": f"line {n}"} for n in range(1, 31)]]})
    assert plane.task_log(UPID, lines=2) == "line 29\nline 30"
    assert asked(endpoint) == [log]


@pytest.mark.parametrize(
    "hostile", ["", "UPID:x", "UPID:../../access:0:0:0:a:b:c:", "UPID:pve:0:0:0:a:b\0:c:", "UPID:pve:0:0:0:a:b:\ud800:"]
)
def test_what_is_no_task_id_is_not_asked_for(hostile: str, plane: Plane, endpoint: Endpoint):
    with pytest.raises(errors.Unexpected):
        plane.task_log(Upid(hostile))
    assert endpoint.seen == []


def test_a_node_name_stays_one_segment_of_the_path(plane: Plane, endpoint: Endpoint):
    endpoint.behave = lambda request: data([])
    plane.tasks("pve/../../access?x=1", since=0)
    assert asked(endpoint) == ["/nodes/pve/../../access?x=1/tasks"]
    assert "x" not in endpoint.seen[0].params


@pytest.mark.parametrize("odd", [None, 7, "text", [1], {"cores": "many"}, {"description": 5}])
def test_an_answer_of_an_odd_shape_is_an_error_of_its_type(odd: Any, plane: Plane, endpoint, mine: Mine):
    endpoint.behave = lambda request: data(odd)
    calls: list[Callable[[], object]] = [
        plane.version,
        plane.resources,
        lambda: plane.running(mine),
        lambda: plane.start(mine),
        lambda: plane.tasks("pve", since=0),
        lambda: plane.task_log(UPID),
        lambda: plane.snapshots(mine),
        lambda: plane.pending(mine),
        lambda: plane.migrate(mine, to_node="pve-02"),
        lambda: plane.is_worked_on(CT),
        lambda: plane.lost_task(CT, kind="vzstart", since=0, known=()),
    ]
    for call in calls:
        with pytest.raises(errors.Unexpected, match="Cluster lab: could not"):
            call()


@pytest.mark.parametrize(
    "odd", [{"cores": "many"}, {"memory": []}, {"rootfs": "a:b,size=big"}, {"digest": None}, {"net0": 5}]
)
def test_a_config_of_an_odd_shape_is_an_error_of_its_type(odd: dict[str, Any], plane: Plane, says):
    says({CONFIG: config(**odd)})
    with pytest.raises(errors.Unexpected):
        plane.look(CT)


def test_the_mark_of_a_clone_names_the_operation(plane: Plane, endpoint: Endpoint):
    endpoint.behave = lambda request: data(UPID)
    operation = UUID("019abcde-0000-7000-8000-000000000007")
    plane.clone(Clone(9000, "web", operation, full=False), to=CT)
    assert f"operation={operation}" in sent(endpoint)[2]["description"]
