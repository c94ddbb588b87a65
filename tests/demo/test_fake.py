"""Where fakepve departs from the recorded Proxmox, the demo's fake answers as the recordings do.

Decides: the wording and the behaviour that other tests lean on. Not: the control channel (test_control.py).
"""

from __future__ import annotations

import time

import pytest

from demo.handle import FakeHandle
from demo.layout import OWNERS, PRIVILEGES
from tests.demo.conftest import Api

SAFE = {"enable": 1, "ipfilter": 1, "macfilter": 1, "policy_in": "ACCEPT"}


def missing(vmid: int, node: str = "pve") -> str:
    return f"Configuration file 'nodes/{node}/lxc/{vmid}.conf' does not exist"


def test_it_is_the_owners_cluster(api: Api) -> None:
    nodes = {entry["name"]: entry["ip"] for entry in api.data("GET", "/cluster/status") if entry["type"] == "node"}
    assert set(nodes) == {"pve", "pve-02"}
    assert nodes["pve"] == "10.1.10.70"
    assert api.data("GET", "/version")["version"].startswith("9.1.")
    for node in nodes:
        bridges = [entry["iface"] for entry in api.data("GET", f"/nodes/{node}/network", type="any_bridge")]
        assert "vmbr0" in bridges


def test_storages_hold_what_the_spec_says(api: Api) -> None:
    on_pve = {entry["storage"]: entry for entry in api.data("GET", "/nodes/pve/storage")}
    assert {name: set(entry["content"].split(",")) for name, entry in on_pve.items()} == {
        "local": {"vztmpl", "iso"},
        "clients-backup": {"rootdir", "images"},
        "clients-main": {"rootdir", "images"},
        "t7-backup": {"backup"},
        "vzdump-backups": {"backup"},
        "iso-store": {"iso", "vztmpl"},
    }
    assert on_pve["clients-main"]["type"] == "zfspool"
    on_second = {entry["storage"]: entry["enabled"] for entry in api.data("GET", "/nodes/pve-02/storage")}
    assert not on_second["iso-store"]
    assert on_second["clients-main"]
    assert OWNERS.storages()["vzdump-backups"]["prune-backups"] == "keep-last=7"


def test_each_node_has_its_copy_of_the_template(api: Api, fake: FakeHandle) -> None:
    assert fake.templates() == {9000, 9001}
    for vmid, node in ((9000, "pve"), (9001, "pve-02")):
        config = api.config(vmid, node)
        assert config["hostname"] == "cloudpod-template"
        assert (config["cores"], config["memory"], config["swap"]) == (2, 2048, 512)
        assert (config["unprivileged"], config["features"], config["template"]) == (1, "nesting=1", 1)
        assert config["rootfs"].startswith("clients-main:")
        assert config["rootfs"].endswith("size=8G")
        assert "bridge=vmbr0" in config["net0"]
        assert "ip=manual" in config["net0"]


def test_the_token_has_the_least_privileges_and_is_not_root(api: Api, fake: FakeHandle) -> None:
    assert not fake.ready.token_id.startswith("root@")
    assert set(api.data("GET", "/access/permissions")["/"]) == set(PRIVILEGES)
    answer = api.ask("PUT", "/nodes/pve/lxc/9000/config", features="fuse=1")
    assert answer.status_code == 403
    assert api.refusal("POST", "/nodes/pve/lxc/9000/clone", newid=101, tags="a")[0] == 400


def test_a_bad_token_is_401_with_an_empty_body(api: Api) -> None:
    api.token("wrong")
    answer = api.ask("GET", "/version")
    assert (answer.status_code, answer.reason, answer.text) == (401, "Authentication failed!", "")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/config"), ("PUT", "/config"), ("DELETE", ""), ("POST", "/clone")]
)
def test_a_missing_ct_is_500_with_the_file_that_is_not_there(api: Api, method: str, path: str) -> None:
    params = {"PUT": {"cores": 1}, "POST": {"newid": 778}}.get(method, {})
    status, message = api.refusal(method, f"/nodes/pve/lxc/777{path}", **params)
    assert (status, message) == (500, missing(777) + "\n")


def test_start_of_a_missing_ct_is_a_task_that_fails_and_stop_says_not_running(api: Api) -> None:
    upid = api.data("POST", "/nodes/pve/lxc/777/status/start")
    assert api.end_of(upid) == missing(777)
    log = api.data("GET", f"/nodes/pve/tasks/{upid}/log", limit=200)
    assert log == [{"n": 1, "t": f"TASK ERROR: {missing(777)}"}]
    assert api.refusal("POST", "/nodes/pve/lxc/777/status/stop") == (500, "CT 777 not running\n")


def test_a_ct_on_another_node_is_missing_on_this_one(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    fake.move(101, "pve-02")
    assert api.refusal("GET", "/nodes/pve/lxc/101/config") == (500, missing(101) + "\n")
    assert api.config(101, "pve-02")["hostname"] == "pod-101"


def test_a_clone_inherits_and_gets_its_own_name_description_and_mac(api: Api) -> None:
    upid = api.clone(101)
    assert upid.split(":")[5:7] == ["vzclone", "9000"]
    assert api.end_of(upid) == "OK"
    template, clone = api.config(9000), api.config(101)
    assert clone["hostname"] == "pod-101"
    assert clone["description"] == "mark of 101\n"
    assert (clone["tags"], clone["features"]) == (template["tags"], template["features"])
    assert clone["net0"] != template["net0"]
    assert "lock" not in clone
    assert "template" not in clone


def test_while_cloning_the_target_bears_mark_and_lock_and_the_source_refuses(api: Api, fake: FakeHandle) -> None:
    fake.hold_tasks()
    upid = api.clone(101)
    target = api.config(101)
    assert (target["lock"], target["description"]) == ("create", "mark of 101\n")
    assert api.config(9000)["lock"] == "disk"
    locked = (500, "CT is locked (disk)\n")
    assert api.refusal("POST", "/nodes/pve/lxc/9000/clone", newid=102) == locked
    assert api.refusal("POST", "/nodes/pve/lxc/9000/clone", newid=101) == locked
    assert api.refusal("DELETE", "/nodes/pve/lxc/9000") == locked
    locked = (500, "CT is locked (create)\n")
    assert api.refusal("PUT", "/nodes/pve/lxc/101/config", cores=1) == locked
    assert api.refusal("DELETE", "/nodes/pve/lxc/101") == locked
    start = api.data("POST", "/nodes/pve/lxc/101/status/start")
    assert api.end_of(start) == "CT is locked (create)"
    fake.release_tasks()
    fake.wait_idle()
    assert api.end_of(upid) == "OK"
    assert "lock" not in api.config(9000)
    assert "lock" not in api.config(101)


def test_start_of_a_locked_ct_is_a_task_that_fails(api: Api, fake: FakeHandle) -> None:
    fake.put_ct("pve", 101, lock="create")
    upid = api.data("POST", "/nodes/pve/lxc/101/status/start")
    assert api.end_of(upid) == "CT is locked (create)"


def test_a_taken_vmid_is_refused(api: Api) -> None:
    api.clone(101)
    taken = (500, "CT 101 already exists on node 'pve'\n")
    assert api.refusal("POST", "/nodes/pve/lxc/9000/clone", newid=101) == taken


def test_a_clone_takes_the_firewall_options_along_and_destroy_wipes_them(api: Api, fake: FakeHandle) -> None:
    api.data("PUT", "/nodes/pve/lxc/9000/firewall/options", **SAFE)
    api.clone(101)
    assert fake.cts()[101]["firewall"] == SAFE
    api.data("PUT", "/nodes/pve/lxc/9000/firewall/options", enable=0)
    assert fake.cts()[101]["firewall"] == SAFE
    assert api.end_of(api.data("DELETE", "/nodes/pve/lxc/101")) == "OK"
    fake.put_ct("pve", 101)
    options = api.data("GET", "/nodes/pve/lxc/101/firewall/options")
    assert set(options) == {"digest"}


def test_a_template_with_linked_clones_on_zfs_cannot_be_destroyed(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    ended = api.end_of(api.data("DELETE", "/nodes/pve/lxc/9000"))
    assert ended == "base volume 'basevol-9000-disk-0' is still in use by linked clones"
    assert "lock" not in api.config(9000)
    api.data("DELETE", "/nodes/pve/lxc/101")
    assert api.end_of(api.data("DELETE", "/nodes/pve/lxc/9000")) == "OK"
    assert fake.templates() == {9001}


def test_a_full_clone_does_not_hold_its_template(api: Api) -> None:
    api.clone(101, full=1)
    assert api.end_of(api.data("DELETE", "/nodes/pve/lxc/9000")) == "OK"


def test_a_linked_clone_takes_no_storage(api: Api) -> None:
    path = "/nodes/pve/lxc/9000/clone"
    refused = (500, "parameter 'storage' not allowed for linked clones\n")
    assert api.refusal("POST", path, newid=101, storage="clients-main") == refused


def test_config_is_written_with_the_digest_that_was_read(api: Api) -> None:
    api.clone(101)
    digest = api.config(101)["digest"]
    api.data("PUT", "/nodes/pve/lxc/101/config", digest=digest, tags="TENANT-123;CloudPod", onboot=1)
    assert api.config(101)["tags"] == "cloudpod;tenant-123"
    stale = (500, "detected modified configuration - file changed by other user? Try again.\n")
    assert api.refusal("PUT", "/nodes/pve/lxc/101/config", digest=digest, cores=4) == stale


def test_a_disk_grows_but_not_to_the_size_it_has(api: Api) -> None:
    api.clone(101)
    path = "/nodes/pve/lxc/101/resize"
    same = (500, "disk is already at specified size\n")
    assert api.refusal("PUT", path, disk="rootfs", size="8G") == same
    assert api.refusal("PUT", path, disk="rootfs", size="4G") == (500, "unable to shrink disk size\n")
    assert api.end_of(api.data("PUT", path, disk="rootfs", size="12G")) == "OK"
    assert api.config(101)["rootfs"].endswith("size=12G")


def test_a_running_ct_cannot_be_destroyed(api: Api) -> None:
    api.clone(101)
    assert api.end_of(api.data("POST", "/nodes/pve/lxc/101/status/start")) == "OK"
    refused = (500, "unable to destroy CT 101 - container is running\n")
    assert api.refusal("DELETE", "/nodes/pve/lxc/101") == refused
    assert api.refusal("POST", "/nodes/pve/lxc/101/status/start") == (500, "CT 101 already running\n")
    assert api.end_of(api.data("POST", "/nodes/pve/lxc/101/status/stop")) == "OK"
    assert api.end_of(api.data("DELETE", "/nodes/pve/lxc/101")) == "OK"


def test_tasks_are_listed_by_source_since_and_limit(api: Api, fake: FakeHandle) -> None:
    ended = api.clone(101)
    fake.hold_tasks()
    running = api.clone(102)
    path = "/nodes/pve/tasks"

    def listed(**params: object) -> list[str]:
        return [task["upid"] for task in api.data("GET", path, **params)]

    assert listed(source="all", since=int(time.time()) - 3600, limit=500) == [running, ended]
    assert listed(source="active") == [running]
    assert listed(source="archive") == listed() == [ended]
    assert listed(source="all", limit=1) == [running]
    assert listed(source="all", since=int(time.time()) + 3600) == []
    assert api.data("GET", "/nodes/pve-02/tasks", source="all") == []


def test_a_running_task_is_listed_as_running_and_an_ended_one_with_its_outcome(api: Api, fake: FakeHandle) -> None:
    api.data("POST", "/nodes/pve/lxc/777/status/start")
    fake.hold_tasks()
    upid = api.clone(101)
    running, ended = api.data("GET", "/nodes/pve/tasks", source="all")
    assert (running["status"], running["user"]) == ("RUNNING", "migracloud@pve!control")
    assert "endtime" not in running
    assert ended["status"] == missing(777)
    assert (ended["user"], ended["tokenid"]) == ("migracloud@pve", "control")
    assert ended["endtime"] >= ended["starttime"]
    status = api.data("GET", f"/nodes/pve/tasks/{upid}/status")
    assert (status["status"], status["user"], status["tokenid"]) == ("running", "migracloud@pve", "control")
    assert "exitstatus" not in status


def test_an_unknown_task_is_400(api: Api) -> None:
    upid = "UPID:pve:00000001:00000001:5B044162:vzstart:960:migracloud@pve!control:"
    answer = api.ask("GET", f"/nodes/pve/tasks/{upid}/status")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"upid": "no such task"})
    answer = api.ask("GET", "/nodes/pve/tasks/UPID:nonsense/status")
    assert answer.json()["errors"] == {"upid": "unable to parse worker upid"}


def test_a_missing_appliance_fails_the_creating_task(api: Api, fake: FakeHandle) -> None:
    params = {"vmid": 963, "ostemplate": "local:vztmpl/none_1_amd64.tar.gz", "rootfs": "clients-main:1"}
    ended = api.end_of(api.data("POST", "/nodes/pve/lxc", **params))
    assert ended == "unable to create CT 963 - volume 'local:vztmpl/none_1_amd64.tar.gz' does not exist"
    assert fake.vmids() == set()
