"""Snapshots and moves of the fake's containers, as Proxmox's sources and the recordings have them.

Decides: what is checked in the request and what in the task, and what a failure leaves. Not: the port's calls.
"""

from __future__ import annotations

from typing import Any

import pytest

from demo.handle import FakeHandle
from tests.demo.conftest import Api

POD = "/nodes/pve/lxc/101"
BASE = "basevol-9000-disk-0"


@pytest.fixture
def pod(api: Api) -> str:
    """A full clone; a linked one cannot move."""
    api.clone(101, full=1)
    return POD


def take(api: Api, name: str, **params: str) -> str:
    return api.end_of(api.data("POST", f"{POD}/snapshot", snapname=name, **params))


def snapshots(api: Api) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in api.data("GET", f"{POD}/snapshot")}


def log_of(api: Api, upid: str) -> str:
    return "\n".join(row["t"] for row in api.data("GET", f"/nodes/pve/tasks/{upid}/log", limit=500))


# Snapshots


def test_a_snapshot_is_listed_as_the_recordings_have_it(api: Api, pod: str) -> None:
    assert take(api, "before", description="before upgrade") == "OK"
    listed = snapshots(api)
    assert (listed["before"]["description"], listed["current"]["parent"]) == ("before upgrade", "before")
    assert "snapstate" not in listed["before"]
    assert listed["current"]["description"] == "You are here!"


def test_a_name_that_is_taken_fails_the_task_and_a_reserved_one_the_request(api: Api, pod: str) -> None:
    take(api, "before")
    assert take(api, "before") == "snapshot name 'before' already used"
    said = api.refusal("POST", f"{POD}/snapshot", snapname="vzdump")
    assert said == (500, "unable to use snapshot name 'vzdump' (reserved name)\n")
    assert api.config(101).get("lock") is None


def test_a_storage_without_snapshots_fails_the_task(api: Api, fake: FakeHandle) -> None:
    fake.put_ct("pve", 101, rootfs="local:101/vm-101-disk-0.raw,size=8G")
    assert take(api, "before") == "snapshot feature is not available"


def test_of_a_missing_ct_the_request_is_taken_and_the_task_fails(api: Api) -> None:
    gone = "Configuration file 'nodes/pve/lxc/777.conf' does not exist"
    asked = {
        "POST /snapshot": {"snapname": "one"},
        "DELETE /snapshot/one": {},
        "POST /snapshot/one/rollback": {},
    }
    for call, params in asked.items():
        method, path = call.split()
        assert api.end_of(api.data(method, f"/nodes/pve/lxc/777{path}", **params)) == gone
    assert api.refusal("POST", "/nodes/pve/lxc/777/migrate", target="pve-02") == (500, gone + "\n")


def test_a_rollback_stops_the_ct_and_brings_its_configuration_back_but_not_its_description(api: Api, pod: str) -> None:
    take(api, "before")
    api.data("PUT", f"{POD}/config", cores=4, description="another text")
    api.data("POST", f"{POD}/status/start")
    assert api.end_of(api.data("POST", f"{POD}/snapshot/before/rollback")) == "OK"
    config = api.config(101)
    assert (config["cores"], config["description"], config["parent"]) == (2, "another text\n", "before")
    assert "lock" not in config
    assert "snaptime" not in config
    assert api.data("GET", f"{POD}/status/current")["status"] == "stopped"


def test_zfs_goes_back_to_the_newest_snapshot_alone(api: Api, pod: str) -> None:
    take(api, "first")
    take(api, "second")
    ended = api.end_of(api.data("POST", f"{POD}/snapshot/first/rollback"))
    assert ended == "can't rollback, 'first' is not most recent snapshot on 'clients-main:subvol-101-disk-0'"
    assert api.end_of(api.data("DELETE", f"{POD}/snapshot/second")) == "OK"
    assert snapshots(api)["current"]["parent"] == "first"
    assert api.end_of(api.data("POST", f"{POD}/snapshot/first/rollback")) == "OK"


@pytest.mark.parametrize(
    ("method", "path", "params", "lock", "state"),
    [
        ("POST", "/snapshot", {"snapname": "new"}, "snapshot", {"old": "", "new": "prepare"}),
        ("DELETE", "/snapshot/old", {}, "snapshot-delete", {"old": "delete"}),
        ("POST", "/snapshot/old/rollback", {}, "rollback", {"old": ""}),
        ("POST", "/migrate", {"target": "pve-02"}, "migrate", {"old": ""}),
    ],
    ids=["snapshot", "delete_snapshot", "rollback", "migrate"],
)
def test_the_task_sets_its_lock_and_a_killed_one_leaves_it(
    api: Api, fake: FakeHandle, pod: str, method: str, path: str, params: Any, lock: str, state: Any
) -> None:
    take(api, "old")
    fake.hold_tasks()
    upid = api.data(method, POD + path, **params)
    assert api.config(101)["lock"] == lock
    assert api.refusal("PUT", f"{POD}/config", cores=1) == (500, f"CT is locked ({lock})\n")
    fake.kill_tasks()
    fake.wait_idle()
    assert api.end_of(upid) == "unexpected status"
    seen = fake.cts()[101]
    assert (seen["lock"], seen["node"]) == (lock, "pve")
    assert {name: kept["state"] for name, kept in seen["snapshots"].items()} == state
    assert api.refusal("DELETE", POD) == (500, f"CT is locked ({lock})\n")
    assert api.refusal("PUT", f"{POD}/config", delete="lock")[0] == 500


@pytest.mark.parametrize("name", ["snapshot", "delete_snapshot", "rollback", "migrate"])
def test_a_task_that_is_made_to_fail_has_no_effect(api: Api, fake: FakeHandle, pod: str, name: str) -> None:
    take(api, "old")
    before = fake.cts()[101]
    fake.fail_task(name, "made to fail")
    asked: dict[str, tuple[str, str, dict[str, str]]] = {
        "snapshot": ("POST", "/snapshot", {"snapname": "new"}),
        "delete_snapshot": ("DELETE", "/snapshot/old", {}),
        "rollback": ("POST", "/snapshot/old/rollback", {}),
        "migrate": ("POST", "/migrate", {"target": "pve-02"}),
    }
    method, path, params = asked[name]
    assert api.end_of(api.data(method, POD + path, **params)) == "made to fail"
    assert fake.cts()[101] == before
    assert [(end["name"], end["exitstatus"]) for end in fake.task_ends()][-1] == (name, "made to fail")


def test_a_rollback_that_fails_in_its_work_leaves_its_lock_and_a_snapshot_does_not(
    api: Api, fake: FakeHandle, pod: str
) -> None:
    fake.fail_task("snapshot", "zfs error", late=True)
    assert take(api, "before") == "zfs error"
    assert (fake.cts()[101]["lock"], fake.cts()[101]["snapshots"]) == (None, {})
    take(api, "before")
    fake.fail_task("rollback", "zfs error", late=True)
    assert api.end_of(api.data("POST", f"{POD}/snapshot/before/rollback")) == "zfs error"
    assert fake.cts()[101]["lock"] == "rollback"


def test_without_a_quorum_a_snapshot_is_taken_on_and_its_task_cannot_write(
    api: Api, fake: FakeHandle, pod: str
) -> None:
    fake.set_quorum(False)
    assert "Permission denied" in take(api, "before")
    assert fake.cts()[101]["snapshots"] == {}
    said = (500, "cluster not ready - no quorum?\n")
    assert api.refusal("POST", f"{POD}/migrate", target="pve-02") == said
    assert "Permission denied" in api.end_of(api.data("DELETE", POD))
    fake.set_quorum(True)
    assert take(api, "before") == "OK"


# Moves


def test_a_stopped_ct_moves_with_all_it_has(api: Api, fake: FakeHandle, pod: str) -> None:
    take(api, "before")
    before = fake.cts()[101]
    upid = api.data("POST", f"{POD}/migrate", target="pve-02")
    assert upid.split(":")[1:2] + upid.split(":")[5:7] == ["pve", "vzmigrate", "101"]
    assert api.end_of(upid) == "OK"
    assert fake.cts()[101] == before | {"node": "pve-02"}
    assert api.refusal("GET", f"{POD}/config")[0] == 500


def test_a_running_ct_does_not_move(api: Api, fake: FakeHandle, pod: str) -> None:
    api.data("POST", f"{POD}/status/start")
    said = api.refusal("POST", f"{POD}/migrate", target="pve-02")
    assert said == (500, "can't migrate running container without --online or --restart\n")


def test_a_linked_clone_stays_on_the_node_of_its_template(api: Api, fake: FakeHandle) -> None:
    api.clone(101, full=0)
    upid = api.data("POST", f"{POD}/migrate", target="pve-02")
    assert api.end_of(upid) == "migration aborted"
    log = log_of(api, upid)
    assert f"can't migrate local volume 'clients-main:subvol-101-disk-0': clone of '{BASE}'" in log
    assert "ERROR: migration aborted (duration 00:00:00): can't migrate CT - check log" in log
    assert (fake.cts()[101]["node"], fake.cts()[101]["lock"]) == ("pve", None)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda fake: fake.set_node_online("pve-02", False), "Can't connect to destination address using public key"),
        (
            lambda fake: fake.set_storage("clients-main", nodes="pve"),
            "storage 'clients-main' is not available on node 'pve-02'",
        ),
        (lambda fake: fake.set_lock(101, "backup"), "CT is locked (backup)"),
        (lambda fake: fake.fail_task("migrate", "made to fail", late=True), "made to fail"),
    ],
    ids=["node", "storage", "lock", "late"],
)
def test_a_move_that_fails_says_why_in_its_log_and_leaves_the_ct(
    api: Api, fake: FakeHandle, pod: str, fault: Any, said: str
) -> None:
    fault(fake)
    before = fake.cts()[101]
    upid = api.data("POST", f"{POD}/migrate", target="pve-02")
    assert api.end_of(upid) == "migration aborted"
    assert f"ERROR: migration aborted (duration 00:00:00): {said}" in log_of(api, upid)
    assert fake.cts()[101] == before


def test_a_move_to_its_own_node_or_to_none_is_refused_at_once(api: Api, pod: str) -> None:
    answer = api.ask("POST", f"{POD}/migrate", target="pve")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"target": "target is local node."})
    assert api.refusal("POST", f"{POD}/migrate", target="pve-9") == (500, "no such cluster node 'pve-9'\n")
