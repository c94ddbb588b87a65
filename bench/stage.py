"""The stage of a benchmark: a Proxmox of its own, an empty database, and the product's own processes.

Decides: what runs, and with which pace of the data plane. Not: what is measured.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from demo.handle import ROOT, FakeHandle, Ready, start_fake
from demo.layout import FOUR, OWNERS
from demo.mpanel import MPanel
from demo.supervisor import Program, Supervisor
from demo.world import CLUSTER_FILES, cluster_variables, data_dir, fill, fresh_database

DATABASE = "migracloud_bench"
WORKERS = "2"
READY_PATIENCE = 30.0


@dataclass(frozen=True)
class Ground:
    """A cluster to act on: the fake's layout, the file that declares it, and the variables in that file."""

    layout: str
    file: Path
    variables: Callable[[Ready], dict[str, str]]


def _four_variables(ready: Ready) -> dict[str, str]:
    return {
        "BENCH_PVE_URL": ready.url,
        "BENCH_PVE_CA": ready.ca_file,
        "BENCH_PVE_TOKEN_SECRET": ready.token_secret,
    }


TWO_NODES = Ground(
    OWNERS.cluster, CLUSTER_FILES[OWNERS.cluster], lambda ready: cluster_variables({OWNERS.cluster: ready})
)
FOUR_NODES = Ground(FOUR.cluster, ROOT / "bench" / "four.toml", _four_variables)


@dataclass(frozen=True)
class Stage:
    """What a benchmark acts with. `sessions`: the kernel's session of each of the product's programs, by name."""

    pve: FakeHandle
    mpanel: MPanel
    sessions: dict[str, int]


@contextmanager
def stage(ground: Ground = TWO_NODES, **seconds: float) -> Iterator[Stage]:
    """Site, workers and controller against a fake whose tasks take so many seconds: `stage(clone=2.5, start=1)`."""
    folder = data_dir()
    run_folder = folder / "bench"
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor = Supervisor(run_folder, tell)
    with (
        start_fake(run_folder / "pve", layout=ground.layout, time_scale=1, seconds=seconds) as pve,
        _listener() as listener,
    ):
        try:
            fresh_database(folder, DATABASE)
            os.environ.update(ground.variables(pve.ready), WORKERS=WORKERS)
            credentials = fill(run_folder / "setup.log", [ground.file])
            sessions = _start_product(supervisor, listener.fileno())
            site = "http://{}:{}".format(*listener.getsockname())
            _wait_until_ready(site, run_folder)
            yield Stage(pve, MPanel(site, credentials.token), sessions)
        finally:
            supervisor.stop()
            _leave_database()


def _leave_database() -> None:
    """The next benchmark of this run begins as this one did."""
    from django.apps import apps
    from django.db import connections

    if apps.ready:
        connections.close_all()
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ.pop(variable, None)


def tell(words: str) -> None:
    """What is under way; the figures alone are on stdout."""
    print(words, file=sys.stderr, flush=True)


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _start_product(supervisor: Supervisor, fd: int) -> dict[str, int]:
    """Each leads a session of its own. Returns their numbers by name."""
    python = sys.executable
    web = [python, "-m", "gunicorn", "-c", "python:migracloud.gunicorn_conf", "--bind", f"fd://{fd}"]
    programs = (
        Program("web", [*web, "migracloud.wsgi"], pass_fds=(fd,)),
        Program("worker", [python, "manage.py", "worker"], patience=5.0),
        Program("controller", [python, "manage.py", "controller"]),
    )
    for program in programs:
        supervisor.start(program)
    return {program.name: supervisor.pid_of(program.name) for program in programs}


def _wait_until_ready(site: str, logs: Path) -> None:
    deadline = time.monotonic() + READY_PATIENCE
    while time.monotonic() < deadline:
        with requests.Session() as session:
            session.trust_env = False
            try:
                if session.get(f"{site}/health/ready", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass
        time.sleep(0.05)
    raise TimeoutError(f"The site was not ready after {READY_PATIENCE:g} s; the logs are in {logs}")
