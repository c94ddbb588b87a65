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
