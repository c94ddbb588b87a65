"""Words of Proxmox that the recordings do not have: no quorum, races, warnings, locks of files.

Decides: their types. Not: those of recorded answers (test_recordings.py).
"""

import json

import pytest

from clusters.dataplane import errors
from clusters.dataplane.answers import Asked, answer_error, task_error
from clusters.dataplane.port import Task, Upid
from operations.errors import StepError

WRITE = Asked("lab", "clone CT 9000 to CT 960 on node pve", write=True)


def refused(words: str, status: int = 500) -> StepError | None:
    return answer_error(WRITE, status, words, json.dumps({"data": None, "message": f"{words}\n"}))


def ended(exit_status: str | None) -> Task:
    upid = Upid("UPID:pve:0000051E:0005C45C:6B04461B:vzclone:9000:ctl@pve!cp:")
    return Task(upid, "pve", "vzclone", "9000", "ctl@pve!cp", 1795442203, exit_status)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("cluster not ready - no quorum?", errors.NoQuorum),
        ("error with cfs lock 'file-lxc': no quorum!", errors.NoQuorum),
        ("unable to create CT 840 - CT 840 already exists", errors.VmidTaken),
        ("unable to create CT 840: VM 840 already exists on node 'pve'", errors.VmidTaken),
        ("can't lock file '/run/lock/lxc/pve-config-960.lock' - got timeout", errors.Locked),
        ("VM is locked (backup)", errors.Locked),
        ("unable to open file '/etc/pve/nodes/pve/lxc/960.conf.tmp.7' - Permission denied", errors.NoQuorum),
        ("hostname lookup 'pve-9' failed - failed to get address info for: pve-9", errors.NodeOffline),
        ("no such cluster node 'pve-9'", errors.NotFound),
        ("Failed to obtain guest migration lock - replication running?", errors.Locked),
        ("can't migrate running container without --online or --restart", errors.CannotMigrate),
        ("cannot migrate local bind mount point 'mp0'", errors.CannotMigrate),
        ("zfs error: cannot create 'tank/subvol-960-disk-0': out of space", errors.StorageFull),
        ("something that nobody has seen", errors.Unexpected),
    ],
)
def test_a_refusal_has_its_type_and_says_what_failed_where(words: str, error: type[StepError]):
    found = refused(words)
    assert type(found) is error
    assert found.message.startswith("Cluster lab: could not clone CT 9000 to CT 960 on node pve: ")
    assert found.message.endswith(".")
    assert found.detail == words


def test_an_error_that_nobody_knows_leaves_a_write_in_doubt():
    found = refused("something that nobody has seen")
    assert found is not None
    assert found.in_doubt


def test_the_status_line_speaks_when_the_body_is_empty():
    found = answer_error(WRITE, 500, "CT is locked (disk)", "")
    assert type(found) is errors.Locked
    assert "locked (disk)" in found.message


def test_words_with_braces_are_only_words():
    found = refused("CT is locked ({0} {x})")
    assert type(found) is errors.Locked
    assert "{0} {x}" in found.message


def test_fields_of_invalid_parameters_are_kept_and_said():
    body = {"data": None, "errors": {"hostname": "invalid format\n"}}
    found = answer_error(WRITE, 400, "Parameter verification failed.", json.dumps(body))
    assert isinstance(found, errors.Invalid)
    assert found.fields == {"hostname": "invalid format"}
    assert "hostname: invalid format" in found.message


@pytest.mark.parametrize("exit_status", ["OK", "WARNINGS: 2"])
def test_success_and_success_with_warnings_are_no_error(exit_status: str):
    assert task_error(ended(exit_status)) is None


@pytest.mark.parametrize(
    ("exit_status", "error"),
    [
        ("CT is locked (disk)", errors.Locked),
        ("unable to create CT 840 - CT 840 already exists", errors.VmidTaken),
        ("clone failed: interrupted by signal", errors.TaskFailed),
        ("unexpected status", errors.TaskFailed),
        ("", errors.TaskFailed),
        ("ok", errors.TaskFailed),
        ("error with cfs lock 'file-lxc': no quorum!", errors.TaskFailed),
        ("unable to open file '/etc/pve/nodes/pve/lxc/960.conf.tmp.7' - Permission denied", errors.TaskFailed),
        ("clone failed: zfs error: cannot create 'tank/subvol-960-disk-0': out of space\n", errors.StorageFull),
        ("unable to write: No space left on device", errors.StorageFull),
        ("lvcreate error: free space in thin pool pve/data reached threshold", errors.StorageFull),
        ('Volume group "pve" has insufficient free space (1 extents): 2048 required.', errors.StorageFull),
        ("snapshot feature is not available", errors.SnapshotImpossible),
        ("unable to rollback to incomplete snapshot (snapstate = prepare)", errors.SnapshotImpossible),
        ("snapshot name 'before' already used", errors.SnapshotTaken),
        ("can't rollback, 'a1' is not most recent snapshot on 'tank:subvol-960-disk-0'", errors.SnapshotNotNewest),
        ("can't rollback, snapshot 'a1' does not exist on 'tank:subvol-960-disk-0'", errors.NotFound),
        ("migration aborted", errors.TaskFailed),
        ("migration problems", errors.TaskFailed),
        (None, errors.Busy),
    ],
)
def test_the_end_of_a_task_has_its_type(exit_status: str | None, error: type[StepError]):
    found = task_error(ended(exit_status))
    assert type(found) is error
    assert found.message.startswith("Task vzclone of 9000 on node pve ")


def test_a_failed_task_keeps_the_end_of_its_log():
    found = task_error(ended("job errors"), "x" * 10_000 + "the cause")
    assert found is not None
    assert found.detail.startswith("job errors\n")
    assert found.detail.endswith("the cause")
    assert len(found.detail) < 5000


ABORTED = "2026-01-01 10:00:00 ERROR: migration aborted (duration 00:00:01): "
LINKED = "2026-01-01 10:00:00 can't migrate local volume 'tank:x/subvol-960-disk-0': clone of 'basevol-9000-disk-0'"


@pytest.mark.parametrize(
    ("log", "error", "said"),
    [
        (f"{LINKED}\n{ABORTED}can't migrate CT - check log", errors.CannotMigrate, "a linked clone of basevol-9000"),
        (f"{ABORTED}can't migrate CT - check log", errors.CannotMigrate, "its volumes cannot leave"),
        (f"{ABORTED}storage 'tank' is not available on node 'pve-02'", errors.CannotMigrate, "storage 'tank'"),
        (f"{ABORTED}running container can only be migrated in restart mode", errors.CannotMigrate, "it runs"),
        (f"{ABORTED}Can't connect to destination address using public key", errors.NodeOffline, "cannot reach"),
        (f"{ABORTED}CT is locked (snapshot)", errors.Locked, "locked (snapshot)"),
        (
            f"{ABORTED}storage migration for 'a:b' to storage 'a' failed - out of space",
            errors.StorageFull,
            "no room",
        ),
        (f"{ABORTED}error with cfs lock 'file-lxc': no quorum!", errors.TaskFailed, "migration aborted"),
        (f"volume 'a:b' does not exist (pending change?)\n{ABORTED}odd", errors.TaskFailed, "migration aborted"),
    ],
)
def test_an_aborted_migration_is_explained_by_its_log(log: str, error: type[StepError], said: str):
    found = task_error(ended("migration aborted"), log)
    assert type(found) is error
    assert said in found.message


def test_the_log_explains_a_copy_that_ran_out_of_space_and_nothing_else():
    log = "rsync: write failed: No space left on device (28)\nCT is locked (disk)"
    found = task_error(ended("clone failed: command 'rsync' failed: exit code 11"), log)
    assert type(found) is errors.StorageFull
    assert type(task_error(ended("job errors"), "a line\n10:00 ERROR: CT is locked (disk)")) is errors.TaskFailed
    assert type(task_error(ended("CT is locked (disk)"), log)) is errors.Locked


@pytest.mark.parametrize("error", [errors.NoQuorum, errors.NodeOffline, errors.NoConnection])
def test_what_says_that_a_cluster_is_out_of_reach_is_of_one_kind(error: type[StepError]):
    assert issubclass(error, errors.Unavailable)
    assert not error.in_doubt
