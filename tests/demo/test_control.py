"""The control channel: what a test arms happens, once, and is gone after a reset.

Decides: faults, holds, hand-made changes and the record. Not: how Proxmox answers (test_fake.py).
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from demo.handle import ROOT, FakeError, FakeHandle, Ready, start_fake
from tests.demo.conftest import Api


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Something else that goes on beside the test."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_reset_brings_the_layout_back(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    fake.edit_ct(9000, cores=7)
    fake.fail("version", times=None)
    fake.refuse_token()
    fake.hold_tasks()
    fake.unreachable()
    fake.reset()
    assert fake.vmids() == set()
    assert fake.record() == []
    assert fake.task_ends() == []
    assert api.config(9000)["cores"] == 2
    assert api.end_of(api.clone(101)) == "OK"


def test_a_reset_while_a_task_runs_leaves_nothing_of_it(api: Api, fake: FakeHandle) -> None:
    fake.hold_tasks()
    api.clone(101)
    fake.reset()
    assert fake.running_tasks() == []
    assert fake.vmids() == set()
    assert fake.cts()[9000]["lock"] is None


def test_the_record_holds_requests_with_their_answers(api: Api, fake: FakeHandle) -> None:
    upid = api.clone(101)
    api.refusal("GET", "/nodes/pve/lxc/777/config")
    clone, refused = fake.record()
    assert (clone["name"], clone["vmid"], clone["status"], clone["data"]) == ("clone", 9000, 200, upid)
    assert clone["params"]["newid"] == "101"
    assert (refused["name"], refused["method"], refused["status"]) == ("config_get", "GET", 500)
    assert refused["message"] == "Configuration file 'nodes/pve/lxc/777.conf' does not exist"
    assert [(end["upid"], end["exitstatus"]) for end in fake.task_ends()] == [(upid, "OK")]
    assert fake.record("clone") == [clone]
    fake.clear_record()
    assert fake.record() == []


def test_the_record_sees_a_lock_both_as_an_answer_and_as_the_end_of_a_task(api: Api, fake: FakeHandle) -> None:
    fake.put_ct("pve", 101, lock="backup")
    assert fake.locked_answers() == []
    api.refusal("PUT", "/nodes/pve/lxc/101/config", cores=1)
    api.data("POST", "/nodes/pve/lxc/101/status/start")
    answer, end = fake.locked_answers()
    assert (answer["name"], answer["message"]) == ("config", "CT is locked (backup)")
    assert (end["name"], end["exitstatus"]) == ("start", "CT is locked (backup)")


def test_a_lost_answer_was_carried_out_and_only_the_next_one_is_lost(api: Api, fake: FakeHandle) -> None:
    fake.lose_answer("clone")
    with pytest.raises(requests.ConnectionError):
        api.clone(101)
    assert fake.vmids() == {101}
    (entry,) = fake.record("clone")
    assert (entry["status"], entry["lost"]) == (200, True)
    assert api.end_of(api.clone(102)) == "OK"


def test_look_is_another_name_for_reading_the_config(api: Api, fake: FakeHandle) -> None:
    fake.lose_answer("look")
    with pytest.raises(requests.ConnectionError):
        api.config(9000)


def test_a_failure_is_answered_as_often_as_said_and_nothing_is_done(api: Api, fake: FakeHandle) -> None:
    fake.fail("clone", status=500, message="cluster not ready - no quorum?", times=2)
    for _ in range(2):
        answer = api.refusal("POST", "/nodes/pve/lxc/9000/clone", newid=101)
        assert answer == (500, "cluster not ready - no quorum?\n")
    assert fake.vmids() == set()
    assert api.end_of(api.clone(101)) == "OK"


def test_a_failed_clone_task_leaves_no_ct_and_no_lock(api: Api, fake: FakeHandle) -> None:
    fake.fail_task("clone", "zfs error: out of space")
    upid = api.clone(101)
    assert api.end_of(upid) == "zfs error: out of space"
    assert fake.vmids() == set()
    assert fake.cts()[9000]["lock"] is None
    assert api.end_of(api.clone(101)) == "OK"


def test_a_failed_start_task_leaves_the_ct_stopped(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    fake.fail_task("start", "startup for container '101' failed")
    upid = api.data("POST", "/nodes/pve/lxc/101/status/start")
    assert api.end_of(upid) == "startup for container '101' failed"
    assert fake.cts()[101]["status"] == "stopped"


def test_a_killed_clone_leaves_both_locks(api: Api, fake: FakeHandle) -> None:
    fake.hold_tasks()
    upid = api.clone(101)
    fake.kill_tasks()
    fake.wait_idle()
    assert api.end_of(upid) == "unexpected status"
    assert (fake.cts()[9000]["lock"], fake.cts()[101]["lock"]) == ("disk", "create")
    fake.set_lock(9000, None)
    assert api.end_of(api.clone(102)) == "OK"


def test_unreachable_refuses_connections_until_it_is_taken_back(api: Api, fake: FakeHandle) -> None:
    api.data("GET", "/version")
    fake.unreachable()
    with pytest.raises(requests.ConnectionError, match=r"refused|reset"):  # reset: the kept-alive one, when it is used
        api.data("GET", "/version")
    fake.unreachable(False)
    api.data("GET", "/version")


def test_a_refused_token_gets_401_until_it_is_taken_back(api: Api, fake: FakeHandle) -> None:
    fake.refuse_token()
    answer = api.ask("GET", "/version")
    assert (answer.status_code, answer.text) == (401, "")
    fake.refuse_token(False)
    api.data("GET", "/version")


def test_a_held_answer_belongs_to_a_request_that_was_carried_out(
    api: Api, fake: FakeHandle, aside: ThreadPoolExecutor
) -> None:
    fake.hold("clone")
    upid = aside.submit(api.clone, 101)
    fake.wait_held("clone")
    assert fake.waiting("clone") == 1
    assert fake.vmids() == {101}
    assert not upid.done()
    fake.release("clone")
    assert api.end_of(upid.result(timeout=10)) == "OK"
    assert fake.waiting("clone") == 0


def test_a_client_killed_before_its_answer_leaves_what_it_asked_for(api: Api, fake: FakeHandle) -> None:
    client = (
        "import sys, requests; url, ca, token = sys.argv[1:]; session = requests.Session();"
        "session.trust_env = False; session.verify = ca; session.headers['Authorization'] = token;"
        "session.post(url, data={'newid': 101}, timeout=30)"
    )
    url = f"{fake.url}/api2/json/nodes/pve/lxc/9000/clone"
    token = str(api.session.headers["Authorization"])
    fake.hold("clone")
    with subprocess.Popen([sys.executable, "-c", client, url, fake.ready.ca_file, token]) as asking:
        fake.wait_held("clone")
        asking.kill()
    assert fake.vmids() == {101}
    assert "lock" not in api.config(101)
    fake.release("clone")
    assert api.end_of(api.clone(102)) == "OK"


def test_waiting_for_what_does_not_come_is_an_error(fake: FakeHandle) -> None:
    with pytest.raises(TimeoutError):
        fake.wait_held("clone", timeout=0.01)
    with pytest.raises(TimeoutError):
        fake.wait_running(timeout=0.01)


def test_held_tasks_run_until_they_are_released(api: Api, fake: FakeHandle) -> None:
    fake.hold_tasks()
    upid = api.clone(101)
    fake.wait_running()
    (task,) = fake.running_tasks()
    assert (task["upid"], task["status"]) == (upid, "RUNNING")
    fake.release_tasks()
    fake.wait_idle()
    assert fake.running_tasks() == []
    assert api.end_of(upid) == "OK"


def test_tasks_take_the_time_they_are_given(api: Api, fake: FakeHandle) -> None:
    fake.set_seconds(clone=3600, time_scale=1)
    api.clone(101)
    assert len(fake.running_tasks()) == 1
    assert fake.cts()[101]["lock"] == "create"
    fake.reset()
    fake.set_seconds(clone=3600)  # still at the time scale of 0 that this fake was started with
    api.clone(101)
    assert fake.running_tasks() == []


def test_clones_side_by_side_meet_the_lock(api: Api, fake: FakeHandle) -> None:
    fake.hold_tasks()
    api.clone(101)
    for newid in (102, 103):
        api.ask("POST", "/nodes/pve/lxc/9000/clone", newid=newid)
    assert [answer["message"] for answer in fake.locked_answers()] == ["CT is locked (disk)"] * 2


def test_a_clone_by_hand_copies_the_description_but_not_the_mac(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    api.data("POST", "/nodes/pve/lxc/101/status/start")
    fake.clear_record()
    fake.clone_by_hand(101, 500)
    ours, theirs = api.config(101), api.config(500)
    assert theirs["description"] == ours["description"]
    assert theirs["net0"] != ours["net0"]
    assert theirs["rootfs"] != ours["rootfs"]
    assert fake.cts()[500]["status"] == "stopped"
    assert fake.record("clone") == []


def test_cts_can_be_put_changed_and_removed_by_hand(api: Api, fake: FakeHandle) -> None:
    fake.put_ct("pve-02", 500, status="running", description="somebody's", hostname="theirs")
    config = api.config(500, "pve-02")
    assert (config["description"], config["hostname"]) == ("somebody's\n", "theirs")
    assert api.data("GET", "/nodes/pve-02/lxc/500/status/current")["status"] == "running"
    before = config["digest"]
    fake.edit_ct(500, description=None, cores=3, status="stopped")
    config = api.config(500, "pve-02")
    assert config["cores"] == 3
    assert "description" not in config
    assert config["digest"] != before
    fake.remove_ct(500)
    assert fake.vmids() == set()


def test_the_datacentre_firewall_can_be_switched(api: Api, fake: FakeHandle) -> None:
    assert api.data("GET", "/cluster/firewall/options")["enable"] == 1
    fake.set_datacentre_firewall(False)
    assert api.data("GET", "/cluster/firewall/options")["enable"] == 0


def test_a_name_that_no_request_has_is_refused_with_the_names_there_are(fake: FakeHandle) -> None:
    with pytest.raises(FakeError, match=r"known: .*clone"):
        fake.lose_answer("colne")
    with pytest.raises(FakeError, match="there is no CT 4711"):
        fake.move(4711, "pve")


def test_the_control_channel_wants_its_key(fake: FakeHandle) -> None:
    session = requests.Session()
    session.trust_env = False
    answer = session.post(f"{fake.ready.control_url}/reset", json={}, timeout=10)
    assert answer.status_code == 403
    api_path = session.post(f"{fake.url}/control/reset", json={}, timeout=10, verify=fake.ready.ca_file)
    assert api_path.status_code in (401, 404)


def test_the_certificate_is_not_trusted_without_the_demos_ca(fake: FakeHandle) -> None:
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        session.get(f"{fake.url}/api2/json/version", timeout=10)
    by_name = fake.url.replace("127.0.0.1", "localhost")
    answer = session.get(f"{by_name}/api2/json/version", timeout=10, verify=fake.ready.ca_file)
    assert answer.status_code == 401


def test_a_process_of_its_own_takes_a_given_secret_and_ends_cleanly(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("chosen-secret\n")
    fake = start_fake(tmp_path / "fake", token_secret_file=secret, seconds={"clone": 2.5})
    try:
        assert fake.ready.token_secret == "chosen-secret"
        assert Ready.read(tmp_path / "fake") == fake.ready
        assert (tmp_path / "fake" / "ready.json").stat().st_mode & 0o077 == 0
        assert FakeHandle.attach(tmp_path / "fake").templates() == {9000, 9001}
        assert fake._process is not None
    finally:
        fake.stop()
    assert fake._process.returncode == 0
    assert not (tmp_path / "fake" / "ready.json").exists()


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent = (
        "import sys; from demo.handle import start_fake;"
        "print(start_fake(sys.argv[1]).ready.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", parent, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as started:
        assert started.stdout is not None
        process = os.pidfd_open(int(started.stdout.readline()))
        started.kill()
    ended = select.poll()
    ended.register(process, select.POLLIN)
    assert ended.poll(10_000)
    os.close(process)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], "--die-with-parent"),
        ([], "--dir"),
        (["--dir", "{dir}", "--port", "70000"], "65535"),
        (["--dir", "{dir}", "--clone-seconds", "-1"], "must not be negative"),
        (["--dir", "{dir}", "--token-secret-file", "{dir}/none"], "No such file"),
    ],
)
def test_the_command_line_says_what_it_takes(tmp_path: Path, arguments: list[str], said: str) -> None:
    filled = [argument.format(dir=tmp_path) for argument in arguments]
    ended = subprocess.run(
        [sys.executable, "-m", "demo.fake", *filled], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert (ended.returncode == 0) == (arguments == ["--help"])


def test_a_port_in_use_is_a_clear_message(fake: FakeHandle, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.fake", "--dir", str(tmp_path), "--port", str(fake.ready.port)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_ready_json_says_what_a_client_needs(fake: FakeHandle) -> None:
    ready = json.loads((Path(fake.ready.ca_file).parent / "ready.json").read_text())
    assert ready["url"].startswith("https://127.0.0.1:")
    assert len(bytes.fromhex(ready["fingerprint"])) == 32
