"""Changes, snapshots, moves and lost tasks, driven through the port against the fake over TLS.

Decides: that a call does what it says and a failure has its type. Not: what is sent (test_proxmox.py).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from clusters.dataplane import errors
from clusters.dataplane.access import Access
from clusters.dataplane.port import Change, Clone, Ct, Mine, Nic, Plane, Settings, Task, Upid
from clusters.dataplane.proxmox import ProxmoxPlane
from demo.handle import FakeHandle
from operations.errors import StepError
from tests.clusters.dataplane.conftest import KEY

CT = Ct(node="pve", vmid=101, pod=uuid4(), tenant="TENANT-123", source=9000)
NIC = Nic("vmbr0", "BC:24:11:00:00:01", "10.1.10.50/24", "10.1.10.1")


@pytest.fixture
def fake(plane: FakeHandle) -> FakeHandle:
    return plane


@pytest.fixture
def port(fake: FakeHandle) -> Plane:
    ready = fake.ready
    return ProxmoxPlane(
        Access(
            cluster_id=uuid4(),
            name="lab",
            endpoints=(fake.url,),
            token_id=ready.token_id,
            token_secret=ready.token_secret,
            mark_keys=(KEY,),
            ca_file=ready.ca_file,
        )
    )


@pytest.fixture
def mine(port: Plane) -> Mine:
    """A full clone; a linked one cannot move."""
    port.clone(Clone(9000, "web", uuid4(), full=True), to=CT)
    return seen(port)


def seen(port: Plane, ct: Ct = CT) -> Mine:
    found = port.look(ct)
    assert isinstance(found, Mine)
    return found


def listed(port: Plane, upid: Upid) -> Task:
    [task] = [task for task in port.tasks(upid.split(":")[1], since=0) if task.upid == upid]
    return task


def end(port: Plane, upid: Upid) -> StepError | None:
    return port.outcome(listed(port, upid))


# A part of the configuration


def test_a_change_writes_its_part_and_leaves_the_rest(port: Plane, mine: Mine):
    port.configure(mine, Settings(2, 1024, 512, True, ("CloudPod",), NIC, env=("A=1",)))
    whole = seen(port)
    port.change(whole, Change(hostname="shop", memory_mib=4096))
    now = seen(port)
    assert now == replace(whole, digest=now.digest, hostname="shop", memory_mib=4096)
    port.change(now, Change(cores=4, swap_mib=0, onboot=False, tags=(), env=(), nic=replace(NIC, vlan=7)))
    last = seen(port)
    assert (last.cores, last.swap_mib, last.onboot, last.tags, last.env) == (4, 0, False, frozenset(), ())
    assert (last.net0["tag"], last.hostname, last.memory_mib) == ("7", "shop", 4096)


def test_a_change_is_written_with_the_digest_that_was_read(port: Plane, mine: Mine):
    port.change(mine, Change(cores=4))
    with pytest.raises(errors.Changed):
        port.change(mine, Change(cores=8))
    assert seen(port).cores == 4


def test_a_change_that_changes_nothing_is_refused():
    with pytest.raises(ValueError, match="no change"):
        Change()
    assert Change(onboot=False) != Change(cores=0)


def test_what_a_running_container_takes_at_its_next_boot_is_told(port: Plane, mine: Mine):
    port.change(mine, Change(env=("A=1",)))
    assert port.pending(seen(port)) == frozenset()
    port.start(seen(port))
    port.change(seen(port), Change(memory_mib=4096, env=("A=2",)))
    assert port.pending(seen(port)) == {"env"}
    port.change(seen(port), Change(env=()))  # that it is to be taken out waits too
    assert port.pending(seen(port)) == {"env"}
    port.stop(seen(port))
    port.start(seen(port))
    assert port.pending(seen(port)) == frozenset()


# Snapshots


def test_a_snapshot_is_taken_listed_gone_back_to_and_deleted(port: Plane, fake: FakeHandle, mine: Mine):
    assert port.snapshots(mine) == []
    assert end(port, port.take_snapshot(mine, name="before", description="before upgrade")) is None
    [snapshot] = port.snapshots(mine)
    assert (snapshot.name, snapshot.description, snapshot.state) == ("before", "before upgrade", "")
    assert snapshot.taken_at == fake.cts()[101]["snapshots"]["before"]["taken_at"]
    port.change(seen(port), Change(cores=7))
    assert end(port, port.roll_back(mine, name="before")) is None
    assert seen(port).cores == mine.cores
    assert not port.running(mine)
    assert end(port, port.delete_snapshot(mine, name="before")) is None
    assert port.snapshots(mine) == []


def test_a_rollback_never_starts_and_a_running_container_is_stopped_by_it(port: Plane, fake: FakeHandle, mine: Mine):
    port.take_snapshot(mine, name="before", description="")
    port.start(mine)
    port.roll_back(mine, name="before")
    assert not port.running(mine)
    assert "start" not in fake.record("rollback")[0]["params"]


def test_a_half_made_snapshot_shows_its_state(port: Plane, fake: FakeHandle, mine: Mine):
    port.take_snapshot(mine, name="old", description="")
    fake.hold_tasks()
    port.take_snapshot(mine, name="new", description="")
    fake.kill_tasks()
    fake.wait_idle()
    assert {one.name: one.state for one in port.snapshots(mine)} == {"old": "", "new": "prepare"}
    fake.set_lock(101, None)
    assert isinstance(end(port, port.roll_back(mine, name="new")), errors.SnapshotImpossible)


def test_a_move_leaves_its_node_and_is_found_on_the_other(port: Plane, mine: Mine):
    upid = port.migrate(mine, to_node="pve-02")
    assert end(port, upid) is None
    with pytest.raises(errors.Moved) as moved:
        port.look(CT)
    assert moved.value.node == "pve-02"
    assert seen(port, replace(CT, node="pve-02")).hostname == "web"


# What can go wrong with them


def running_move(port: Plane, mine: Mine) -> Upid:
    port.start(mine)
    return port.migrate(mine, to_node="pve-02")


def no_node(port: Plane, mine: Mine) -> Upid:
    return port.migrate(mine, to_node="pve-9")


def snapshot(port: Plane, mine: Mine, name: str = "one") -> Upid:
    return port.take_snapshot(mine, name=name, description="")


def offline(fake: FakeHandle) -> None:
    fake.node_offline("pve")


@pytest.mark.parametrize(
    ("before", "call", "error"),
    [
        (lambda fake: None, running_move, errors.CannotMigrate),
        (lambda fake: None, no_node, errors.NotFound),
        (lambda fake: fake.set_quorum(False), no_node, errors.NoQuorum),
        (offline, no_node, errors.NodeOffline),
        (offline, snapshot, errors.NodeOffline),
        (offline, lambda port, mine: port.snapshots(mine), errors.NodeOffline),
        (lambda fake: fake.remove_ct(101), no_node, errors.NotFound),
        (lambda fake: None, lambda port, mine: port.migrate(mine, to_node="pve"), errors.Invalid),
        (lambda fake: None, lambda port, mine: snapshot(port, mine, "no name"), errors.Invalid),
    ],
)
def test_a_refused_call_has_its_type(
    before: Callable[[FakeHandle], None], call: Any, error: type[StepError], port: Plane, fake: FakeHandle, mine: Mine
):
    before(fake)
    with pytest.raises(StepError) as refused:
        call(port, mine)
    assert type(refused.value) is error
    assert not refused.value.in_doubt


@pytest.mark.parametrize(
    ("before", "call", "error"),
    [
        (lambda fake: fake.fill_storage("clients-main"), snapshot, errors.StorageFull),
        (
            lambda fake: fake.fill_storage("clients-main"),
            lambda port, mine: port.grow(mine, disk_gib=50),
            errors.StorageFull,
        ),
        (
            lambda fake: fake.fill_storage("clients-main"),
            lambda port, mine: port.migrate(mine, to_node="pve-02"),
            errors.StorageFull,
        ),
        (
            lambda fake: fake.set_node_online("pve-02", False),
            lambda port, mine: port.migrate(mine, to_node="pve-02"),
            errors.NodeOffline,
        ),
        (
            lambda fake: fake.set_storage("clients-main", nodes="pve"),
            lambda port, mine: port.migrate(mine, to_node="pve-02"),
            errors.CannotMigrate,
        ),
        (
            lambda fake: fake.set_lock(101, "backup"),
            lambda port, mine: port.migrate(mine, to_node="pve-02"),
            errors.Locked,
        ),
        (lambda fake: fake.set_lock(101, "backup"), snapshot, errors.Locked),
        (lambda fake: fake.edit_ct(101, rootfs="local:101/x.raw,size=8G"), snapshot, errors.SnapshotImpossible),
        (lambda fake: fake.remove_ct(101), snapshot, errors.NotFound),
        (lambda fake: None, lambda port, mine: port.roll_back(mine, name="never"), errors.NotFound),
        (lambda fake: None, lambda port, mine: port.delete_snapshot(mine, name="never"), errors.NotFound),
        (lambda fake: fake.warn_task("snapshot"), snapshot, type(None)),
    ],
)
def test_a_task_that_fails_has_its_type(
    before: Callable[[FakeHandle], None], call: Any, error: type[object], port: Plane, fake: FakeHandle, mine: Mine
):
    before(fake)
    assert type(end(port, call(port, mine))) is error


def test_a_name_that_is_taken_and_a_snapshot_that_is_not_the_newest_are_told_apart(port: Plane, mine: Mine):
    snapshot(port, mine, "first")
    assert isinstance(end(port, snapshot(port, mine, "first")), errors.SnapshotTaken)
    snapshot(port, mine, "second")
    assert isinstance(end(port, port.roll_back(mine, name="first")), errors.SnapshotNotNewest)


def test_a_linked_clone_cannot_move_and_the_log_says_of_what_it_is_one(port: Plane):
    port.clone(Clone(9000, "web", uuid4(), full=False), to=CT)
    mine = seen(port)
    found = end(port, port.migrate(mine, to_node="pve-02"))
    assert isinstance(found, errors.CannotMigrate)
    assert "is a linked clone of basevol-9000-disk-0" in found.message
    assert seen(port).lock is None


def test_a_clone_onto_a_full_storage_is_a_full_storage(port: Plane, fake: FakeHandle):
    fake.fill_storage("clients-main")
    assert isinstance(
        end(port, port.clone(Clone(9000, "web", uuid4(), full=True), to=CT)),
        errors.StorageFull,
    )


# A call whose answer was lost, and a lock with nobody behind it


KINDS: dict[str, tuple[str, Callable[[Plane, Mine], Upid]]] = {
    "snapshot": ("vzsnapshot", lambda port, mine: snapshot(port, mine, "new")),
    "delete_snapshot": ("vzdelsnapshot", lambda port, mine: port.delete_snapshot(mine, name="old")),
    "rollback": ("vzrollback", lambda port, mine: port.roll_back(mine, name="old")),
    "migrate": ("vzmigrate", lambda port, mine: port.migrate(mine, to_node="pve-02")),
    "resize": ("resize", lambda port, mine: port.grow(seen(port), disk_gib=50)),
    "start": ("vzstart", lambda port, mine: port.start(mine)),
    "destroy": ("vzdestroy", lambda port, mine: port.destroy(mine)),
}


@pytest.mark.parametrize("held", [False, True], ids=["ended", "running"])
@pytest.mark.parametrize("name", KINDS)
def test_the_task_of_a_lost_answer_is_found(name: str, held: bool, port: Plane, fake: FakeHandle, mine: Mine):
    snapshot(port, mine, "old")
    kind, call = KINDS[name]
    known = {task.upid for task in port.tasks("pve", since=0)}
    since = min(task.started for task in port.tasks("pve", since=0))
    assert port.lost_task(mine, kind=kind, since=since, known=known) is None
    if held:
        fake.hold_tasks()
    fake.lose_answer(name)
    with pytest.raises(errors.AnswerLost):
        call(port, mine)
    found = port.lost_task(CT, kind=kind, since=since, known=known)
    assert found is not None
    assert (found.kind, found.id, found.exit_status) == (kind, "101", None if held else "OK")
    assert port.lost_task(CT, kind=kind, since=since, known={*known, found.upid}) is None
    assert port.lost_task(replace(CT, vmid=9000), kind=kind, since=since, known=known) is None
    assert port.lost_task(CT, kind=kind, since=found.started + 1, known=known) is None


def test_of_several_lost_tasks_the_newest_counts(port: Plane, mine: Mine):
    snapshot(port, mine, "first")
    newest = snapshot(port, mine, "second")
    found = port.lost_task(mine, kind="vzsnapshot", since=0, known=())
    assert found is not None
    assert found.upid == newest


def test_the_task_of_another_token_is_not_ours(port: Plane, fake: FakeHandle, mine: Mine):
    assert isinstance(port, ProxmoxPlane)
    snapshot(port, mine, "first")
    port.access = replace(port.access, token_id="migracloud@pve!another")
    assert port.lost_task(mine, kind="vzsnapshot", since=0, known=()) is None


def test_a_busy_lock_is_told_from_a_stuck_one(port: Plane, fake: FakeHandle, mine: Mine):
    template = replace(CT, vmid=9000, source=None)
    assert not port.is_worked_on(CT)
    fake.hold_tasks()
    snapshot(port, mine, "new")
    port.clone(Clone(9000, "shop", uuid4(), full=True), to=replace(CT, vmid=102))
    assert seen(port).lock == "snapshot"
    assert port.is_worked_on(CT)
    assert port.is_worked_on(template)
    assert not port.is_worked_on(replace(CT, vmid=500))
    fake.kill_tasks()
    fake.wait_idle()
    assert seen(port).lock == "snapshot"
    assert fake.cts()[9000]["lock"] == "disk"
    assert not port.is_worked_on(CT)
    assert not port.is_worked_on(template)
