"""The fake data plane as tests and the demo hold it: start it, look into it, let things go wrong in it.

Decides: how the control channel is spoken. Not: what its commands do (control.py). Without Django.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from demo import CERTIFICATE_DAYS, CONTROL_KEY_HEADER
from demo.handle_lacks import LacksHandle
from demo.handle_worlds import WorldsHandle
from demo.layout import LAYOUTS, OWNERS, Layout

ROOT = Path(__file__).resolve().parent.parent
CALL_TIMEOUT = 10.0


class FakeError(Exception):
    """The fake did not start, or refused a command; the text says why."""


@dataclass(frozen=True)
class Ready:
    """What the process wrote into `ready.json`."""

    layout: str  # its name in LAYOUTS
    url: str
    urls: list[str]  # an endpoint a node, the first is `url`; each speaks for the whole cluster
    ca_file: str
    fingerprint: str  # SHA-256 of the server's certificate, lower-case hex without colons
    token_id: str
    token_secret: str
    control_url: str
    control_key: str
    pid: int

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @classmethod
    def read(cls, directory: Path | str) -> Ready:
        return cls(**json.loads((Path(directory) / "ready.json").read_text()))


class FakeHandle(LacksHandle, WorldsHandle):
    """One running fake.

    Names of requests: clone, config, config_get (or look), firewall, firewall_get, resize, start, stop,
    shutdown, reboot, destroy, status, pending, snapshots (the list), snapshot, delete_snapshot, rollback, migrate,
    template, create, tasks, task_status, task_log, resources, version, permissions.
    """

    def __init__(self, ready: Ready, process: subprocess.Popen[str] | None = None) -> None:
        self.ready = ready
        self._process = process
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between a test and loopback
        self._session.headers[CONTROL_KEY_HEADER] = ready.control_key

    @classmethod
    def attach(cls, directory: Path | str) -> FakeHandle:
        """A handle on a fake that another process has started."""
        return cls(Ready.read(directory))

    @property
    def url(self) -> str:
        return self.ready.url

    @property
    def urls(self) -> list[str]:
        return self.ready.urls

    @property
    def layout(self) -> Layout:
        """The cluster that it stands for, as it was before anything happened."""
        return LAYOUTS[self.ready.layout]

    def stop(self) -> None:
        """End the process (only the one that this handle started) and wait for it."""
        self._session.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(CALL_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _do(self, command: str, *, wait: float = 0.0, **arguments: Any) -> Any:
        url = f"{self.ready.control_url}/{command}"
        answer = self._session.post(url, json=arguments, timeout=CALL_TIMEOUT + wait)
        body = answer.json()
        if answer.status_code != 200:
            raise FakeError(f"{command}: {body['error']}")
        return body["result"]

    # The world

    def reset(self) -> None:
        """Back to the layout: faults, holds, tasks, record and delays are gone, and it is reachable."""
        self._do("reset")

    def cts(self) -> dict[int, dict[str, Any]]:
        """Every CT by VMID: `vmid`, `node`, `status`, `lock`, `template`, `config`, `pending` (what a running one takes
        at its next boot; None: taken out), `snapshots` (by name, oldest first: `description`, `taken_at`, `state`,
        `config`), `firewall` (its options), `environment` (of its first process; empty while it is stopped).
        """
        return {ct["vmid"]: ct for ct in self._do("cts")}

    def vmids(self) -> set[int]:
        """The VMIDs of all CTs that are no templates."""
        return {vmid for vmid, ct in self.cts().items() if not ct["template"]}

    def templates(self) -> set[int]:
        return {vmid for vmid, ct in self.cts().items() if ct["template"]}

    def put_ct(
        self,
        node: str,
        vmid: int,
        *,
        status: str = "stopped",
        template: bool = False,
        lock: str | None = None,
        **config: Any,
    ) -> None:
        """A CT made by hand, with any config (`description`, `hostname`, `net0` ...)."""
        self._do("put_ct", node=node, vmid=vmid, status=status, template=template, lock=lock, config=config)

    def edit_ct(self, vmid: int, *, status: str | None = None, **config: Any) -> None:
        """Change a CT by hand; a key that is None is taken out."""
        self._do("edit_ct", vmid=vmid, status=status, config=config)

    def clone_by_hand(self, vmid: int, newid: int) -> None:
        """Copy a CT, running or not, as a person on the node does: description and firewall too, new MAC."""
        self._do("clone_by_hand", vmid=vmid, newid=newid)

    def move(self, vmid: int, node: str) -> None:
        """Move a CT to another node behind our back."""
        self._do("move", vmid=vmid, node=node)

    def add_node(self, node: str) -> None:
        """A node joins the cluster."""
        self._do("add_node", node=node)

    def remove_ct(self, vmid: int) -> None:
        """Destroy a CT behind our back, running or locked as it may be."""
        self._do("remove_ct", vmid=vmid)

    def set_lock(self, vmid: int, lock: str | None) -> None:
        self._do("set_lock", vmid=vmid, lock=lock)

    def set_datacentre_firewall(self, enabled: bool) -> None:
        self._do("set_datacentre_firewall", enabled=enabled)

    # What was asked and answered

    def record(self, name: str | None = None) -> list[dict[str, Any]]:
        """Requests, oldest first: `name`, `method`, `path` (without /api2/json), `vmid`, `params`, `status`
        (None while it is being carried out), `message`, `errors` if any, `data` (a UPID or None), `lost`, `endpoint`.
        """
        return [entry for entry in self._do("record") if name in (None, entry["name"])]

    def task_ends(self) -> list[dict[str, Any]]:
        """Ends of tasks, oldest first: `upid`, `node`, `name`, `id`, `user`, `exitstatus`."""
        return list(self._do("task_ends"))

    def locked_answers(self) -> list[dict[str, Any]]:
        """Every `CT is locked`: entries of the record, and ends of tasks."""
        return list(self._do("locked_answers"))

    def clear_record(self) -> None:
        self._do("clear_record")

    # What is to go wrong

    def lose_answer(self, name: str, times: int = 1) -> None:
        """The next request of that name is carried out, and its connection closed without an answer."""
        self._do("lose_answer", name=name, times=times)

    def fail(self, name: str, status: int = 500, message: str = "made to fail", times: int | None = 1) -> None:
        """The next requests of that name are answered with an error, not carried out; `times=None`: all."""
        self._do("fail", name=name, status=status, message=message, times=times)

    def fail_task(self, name: str, message: str, times: int | None = 1, *, late: bool = False) -> None:
        """The next tasks of that name end with that text and without effect; a clone leaves no CT.

        `late`: they fail in their work. A failed rollback or delete_snapshot then leaves its lock, as Proxmox does; a
        migrate ends with `migration aborted`, and its log with that text.
        """
        self._do("fail_task", name=name, message=message, times=times, late=late)

    def refuse_token(self, refuse: bool = True) -> None:
        """Answer 401 to everything."""
        self._do("refuse_token", refuse=refuse)

    def unreachable(self, unreachable: bool = True, *, endpoint: str | None = None, hang: bool = False) -> None:
        """Refuse connections, and cut those that stand; of one endpoint or of all. `hang`: take connections and
        never say a word.
        """
        self._do("unreachable", unreachable=unreachable, endpoint=endpoint, hang=hang)

    def endpoint_dies(self, name: str) -> None:
        """The next request of that name is carried out; its endpoint ends before it answers, and stays unreachable."""
        self._do("endpoint_dies", name=name)

    def move_before(self, name: str, vmid: int, node: str) -> None:
        """When the next request of that name arrives, the CT has just been moved to another node."""
        self._do("move_before", name=name, vmid=vmid, node=node)

    # Time

    def set_seconds(self, *, time_scale: float | None = None, **seconds: float) -> None:
        """How long tasks take, by name: `set_seconds(clone=2, time_scale=1)`. At a time scale of 0, none."""
        self._do("set_seconds", time_scale=time_scale, seconds=seconds)

    def hold(self, name: str) -> None:
        """Carry out requests of that name, but hold back their answers until `release`."""
        self._do("hold", name=name)

    def release(self, name: str) -> None:
        self._do("release", name=name)

    def waiting(self, name: str) -> int:
        """How many answers of that name are held back."""
        return int(self._do("waiting", name=name))

    def wait_held(self, name: str, timeout: float = CALL_TIMEOUT, *, count: int = 1) -> None:
        """Return once so many answers are held; TimeoutError if that does not come."""
        if not self._do("wait_held", name=name, count=count, timeout=timeout, wait=timeout):
            raise TimeoutError(f"no answer of {name!r} was held within {timeout} s")

    def hold_tasks(self) -> None:
        """Tasks stay RUNNING, without effect, until `release_tasks` or `kill_tasks`."""
        self._do("hold_tasks")

    def release_tasks(self) -> None:
        """Let the held tasks go on; `wait_idle` says when they have ended."""
        self._do("release_tasks", killed=False)

    def kill_tasks(self) -> None:
        """End the held tasks like kill -9 on the node: `unexpected status`, and their locks stay: a clone's two, those
        of a snapshot, delete_snapshot, rollback or migrate. No call takes them away.
        """
        self._do("release_tasks", killed=True)

    def running_tasks(self) -> list[dict[str, Any]]:
        """The tasks that run, as a node lists them."""
        return list(self._do("running_tasks"))

    def wait_running(self, timeout: float = CALL_TIMEOUT, *, count: int = 1) -> None:
        """Return once so many tasks run; TimeoutError if that does not come."""
        if not self._do("wait_running", count=count, timeout=timeout, wait=timeout):
            raise TimeoutError(f"fewer than {count} tasks ran within {timeout} s")

    def wait_idle(self, timeout: float = CALL_TIMEOUT) -> None:
        """Return once no task runs; TimeoutError if that does not come."""
        if not self._do("wait_idle", timeout=timeout, wait=timeout):
            raise TimeoutError(f"tasks were still running after {timeout} s")


def start_fake(
    directory: Path | str,
    *,
    layout: str = OWNERS.cluster,
    port: int = 0,
    time_scale: float = 0.0,
    seconds: dict[str, float] | None = None,
    token_secret_file: Path | str | None = None,
    datacentre_firewall: bool = True,
    certificate_days: int = CERTIFICATE_DAYS,
    die_with_parent: bool = True,
) -> FakeHandle:
    """Start `python -m demo.fake` and return once it listens. `layout` is the name of one of layout.LAYOUTS.
    `seconds` maps clone, start, stop, destroy to what they take at a time scale of 1; those not given take none.
    """
    command = [sys.executable, "-m", "demo.fake", "--dir", str(directory), "--port", str(port)]
    command += ["--layout", layout]
    command += ["--time-scale", str(time_scale)]
    command += ["--datacentre-firewall", "on" if datacentre_firewall else "off"]
    command += ["--certificate-days", str(certificate_days)]
    for name, value in (dict.fromkeys(("clone", "start", "stop", "destroy"), 0.0) | (seconds or {})).items():
        command += [f"--{name}-seconds", str(value)]
    if token_secret_file is not None:
        command += ["--token-secret-file", str(token_secret_file)]
    if die_with_parent:
        command.append("--die-with-parent")
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()  # one line when it listens, nothing when it ends before that
    if not line:
        process.stdout.close()
        raise FakeError(f"the fake ended with status {process.wait()} before it listened; its stderr says why")
    return FakeHandle(Ready.read(directory), process)
