"""What a test does to the fake's world as a whole: it is kept and brought back, filled, cut off, replaced.

Decides: that each command does what its name says, and is gone when taken back. Not: Proxmox's own behaviour.
"""

from __future__ import annotations

import pytest
import requests

from demo.handle import FakeError, FakeHandle, start_fake
from tests.demo.conftest import Api

POD = "/nodes/pve/lxc/101"


# Kept and brought back


def test_a_world_comes_back_as_it_was_kept(api: Api, fake: FakeHandle) -> None:
    fake.set_seconds(clone=7)
    api.clone(101)
    api.data("PUT", f"{POD}/firewall/options", enable=1)
    api.data("POST", f"{POD}/snapshot", snapname="before")
    api.data("POST", f"{POD}/status/start")
    fake.fill_storage("clients-backup")
    before, kept = fake.cts(), fake.save()
    listed = api.data("GET", "/nodes/pve/tasks", source="all", limit=500)
    for _ in range(2):
        api.data("POST", f"{POD}/status/stop")
        api.data("DELETE", POD)
        api.clone(102, full=1)
        fake.set_quorum(False)
        fake.node_offline("pve-02")
        fake.remove_storage("t7-backup")
        fake.revoke("VM.Clone")
        fake.set_datacentre_firewall(False)
        fake.load(kept)
        assert fake.cts() == before
        assert fake.record() == fake.task_ends() == []
        assert api.data("GET", "/nodes/pve/tasks", source="all", limit=500) == listed
        assert api.data("GET", "/cluster/firewall/options")["enable"] == 1
        assert api.data("GET", "/nodes/pve-02/lxc/9001/config")["hostname"] == "cloudpod-template"
        assert "t7-backup" in {row["storage"] for row in api.data("GET", "/nodes/pve/storage")}
        ended = api.end_of(api.data("DELETE", "/nodes/pve/lxc/9000"))
        assert ended == "base volume 'basevol-9000-disk-0' is still in use by linked clones"
        assert api.end_of(api.clone(103)) == "OK"
        fake.load(kept)


def test_bringing_a_world_back_disarms_faults_ends_tasks_and_makes_it_reachable(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    kept = fake.save()
    fake.fail("version", times=None)
    fake.fail_task("start", "made to fail")
    fake.warn_task("stop")
    fake.hold_tasks()
    api.clone(102)
    with pytest.raises(FakeError, match="a task runs"):
        fake.save()
    fake.unreachable()
    fake.load(kept)
    assert fake.running_tasks() == fake.task_ends() == []
    assert fake.vmids() == {101}
    assert fake.cts()[9000]["lock"] is None
    api.data("GET", "/version")
    assert api.end_of(api.data("POST", f"{POD}/status/start")) == "OK"
    assert api.end_of(api.data("POST", f"{POD}/status/stop")) == "OK"


def test_two_worlds_are_apart_and_an_unknown_one_is_refused(api: Api, fake: FakeHandle) -> None:
    empty = fake.save()
    first = api.clone(101)
    full = fake.save()
    fake.load(empty)
    assert fake.vmids() == set()
    assert api.clone(101) != first  # a task's id is never given twice
    fake.reset()
    fake.load(full)
    assert fake.vmids() == {101}
    assert api.end_of(first) == "OK"
    with pytest.raises(FakeError, match="no world was saved as 'x'"):
        fake.load("x")


# What befalls a part of it


@pytest.mark.parametrize(
    ("name", "method", "path", "params", "lock"),
    [
        ("resize", "PUT", "/resize", {"disk": "rootfs", "size": "9G"}, None),
        ("snapshot", "POST", "/snapshot", {"snapname": "new"}, None),
        ("rollback", "POST", "/snapshot/old/rollback", {}, "rollback"),
        ("migrate", "POST", "/migrate", {"target": "pve-02"}, None),
    ],
)
def test_a_full_storage_fails_what_needs_room(
    api: Api, fake: FakeHandle, name: str, method: str, path: str, params: dict[str, str], lock: str | None
) -> None:
    api.clone(101, full=1)
    api.data("POST", f"{POD}/snapshot", snapname="old")
    before = fake.cts()[101]
    fake.fill_storage("clients-main")
    upid = api.data(method, POD + path, **params)
    log = "\n".join(row["t"] for row in api.data("GET", f"/nodes/pve/tasks/{upid}/log", limit=500))
    assert "out of space" in log
    assert api.end_of(upid) != "OK"
    assert {key: value for key, value in fake.cts()[101].items() if key != "config"} | {"config": before["config"]} == (
        before | {"lock": lock}
    )
    assert fake.cts()[101]["config"] == before["config"] | ({"lock": lock} if lock else {})


def test_a_clone_to_a_full_storage_leaves_nothing_and_goes_well_once_there_is_room(api: Api, fake: FakeHandle) -> None:
    fake.fill_storage("clients-main")
    for full in (0, 1):
        assert api.end_of(api.clone(101, full=full)).endswith("'clients-main/subvol-101-disk-0': out of space")
    assert fake.vmids() == set()
    assert fake.cts()[9000]["lock"] is None
    assert api.end_of(api.clone(102, full=1, storage="clients-backup")) == "OK"
    fake.fill_storage("clients-main", False)
    assert api.end_of(api.clone(101)) == "OK"
    with pytest.raises(FakeError, match="there is no storage 'x'"):
        fake.fill_storage("x")


def test_a_full_folder_has_its_own_words(api: Api, fake: FakeHandle) -> None:
    fake.put_ct("pve", 101, rootfs="local:101/vm-101-disk-0.raw,size=8G")
    fake.fill_storage("local")
    ended = api.end_of(api.data("PUT", f"{POD}/resize", disk="rootfs", size="9G"))
    assert ended.endswith("No space left on device")


def test_a_task_that_is_to_warn_does_its_work_once(api: Api, fake: FakeHandle) -> None:
    fake.warn_task("clone")
    upid = api.clone(101)
    assert api.end_of(upid) == "WARNINGS: 1"
    assert fake.vmids() == {101}
    assert fake.cts()[101]["lock"] is None
    assert api.data("GET", f"/nodes/pve/tasks/{upid}/log")[-1]["t"] == "TASK WARNINGS: 1"
    fake.warn_task("snapshot")
    assert api.end_of(api.data("POST", f"{POD}/snapshot", snapname="one")) == "WARNINGS: 1"
    assert api.end_of(api.clone(102)) == "OK"


def test_a_replaced_ct_is_a_running_strangers_with_nothing_of_the_old_one(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    api.data("PUT", f"{POD}/firewall/options", enable=1)
    api.data("POST", f"{POD}/snapshot", snapname="old")
    old = api.config(101)
    fake.replace_ct(101)
    new = fake.cts()[101]
    assert (new["node"], new["status"], new["firewall"], new["snapshots"]) == ("pve", "running", {}, {})
    assert api.config(101)["hostname"] != old["hostname"]
    assert "mark" not in api.config(101)["description"]
    with pytest.raises(FakeError, match="there is no CT 4711"):
        fake.replace_ct(4711)


def test_a_node_that_is_offline_is_not_reached_and_comes_back_as_it_was(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    api.data("POST", f"{POD}/status/start")
    before = fake.cts()
    fake.node_offline("pve")
    for method, path in (("GET", "/config"), ("POST", "/status/stop"), ("POST", "/snapshot")):
        params = {"snapname": "one"} if path == "/snapshot" else {}
        assert api.ask(method, POD + path, **params).status_code == 595
    status = {row["id"]: row["status"] for row in api.data("GET", "/cluster/resources")}
    assert (status["lxc/101"], status["lxc/9001"], status["node/pve"]) == ("unknown", "stopped", "offline")
    fake.node_offline("pve", False)
    assert fake.cts() == before
    assert api.data("GET", f"{POD}/status/current")["status"] == "running"


def test_volumes_are_told_with_who_has_them(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    api.data("POST", f"{POD}/snapshot", snapname="old")
    fake.edit_ct(101, unused0="clients-backup:subvol-101-disk-1")
    of_pod = [
        (one["volume"], one["storage"], one["node"], one["key"], one["snapshot"])
        for one in fake.volumes()
        if one["vmid"] == 101
    ]
    root = ("clients-main:subvol-101-disk-0", "clients-main", "pve", "rootfs")
    assert of_pod == [
        (*root, None),
        ("clients-backup:subvol-101-disk-1", "clients-backup", "pve", "unused0", None),
        (*root, "old"),
    ]
    assert {one["vmid"] for one in fake.volumes()} == {101, 9000, 9001}


def test_the_new_requests_are_armed_by_their_names(api: Api, fake: FakeHandle) -> None:
    api.clone(101, full=1)
    fake.lose_answer("snapshot")
    with pytest.raises(requests.ConnectionError):
        api.data("POST", f"{POD}/snapshot", snapname="one")
    assert set(fake.cts()[101]["snapshots"]) == {"one"}
    fake.fail("rollback", status=500, message="made to fail")
    assert api.refusal("POST", f"{POD}/snapshot/one/rollback") == (500, "made to fail\n")
    fake.set_seconds(snapshot=3600, delete_snapshot=3600, rollback=3600, migrate=3600, time_scale=1)
    api.data("POST", f"{POD}/snapshot/one/rollback")
    fake.wait_running()
    api.data("GET", f"{POD}/snapshot")
    names = [(entry["name"], entry["vmid"]) for entry in fake.record()][1:]
    assert names == [("snapshot", 101), ("rollback", 101), ("rollback", 101), ("snapshots", 101)]


def test_the_wide_layout_has_four_nodes_alike(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_fake(tmp_path_factory.mktemp("four"), layout="four") as fake:
        assert {vmid: ct["node"] for vmid, ct in fake.cts().items()} == {
            9000: "n1",
            9001: "n2",
            9002: "n3",
            9003: "n4",
        }
        assert len(fake.urls) == 4
        assert {one["storage"] for one in fake.volumes()} == {"clients-main"}
