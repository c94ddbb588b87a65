"""The stage of a benchmark: a Proxmox of its own, an empty database, and the product's own processes.

Decides: what runs, and with which pace of the data plane. Not: what is measured.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from demo.handle import FakeHandle, start_fake
from demo.mpanel import MPanel
from demo.supervisor import Program, Supervisor
from demo.world import cluster_variables, data_dir, fill, fresh_database

DATABASE = "migracloud_bench"
CLUSTER = "migracloud"
READY_PATIENCE = 30.0


@dataclass(frozen=True)
class Stage:
    """What a benchmark acts with."""

    pve: FakeHandle
    mpanel: MPanel


@contextmanager
def stage(**seconds: float) -> Iterator[Stage]:
    """Site, workers and controller against a fake whose tasks take so many seconds: `stage(clone=2.5, start=1)`."""
    folder = data_dir()
    run_folder = folder / "bench"
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor = Supervisor(run_folder, tell)
    with start_fake(run_folder / "pve", time_scale=1, seconds=seconds) as pve, _listener() as listener:
        fresh_database(folder, DATABASE)
        os.environ.update(cluster_variables({CLUSTER: pve.ready}))
        credentials = fill(run_folder / "setup.log", [CLUSTER])
        try:
            _start_product(supervisor, listener.fileno())
            site = "http://{}:{}".format(*listener.getsockname())
            _wait_until_ready(site, run_folder)
            yield Stage(pve, MPanel(site, credentials.token))
        finally:
            supervisor.stop()


def tell(words: str) -> None:
    """What is under way; the figures alone are on stdout."""
    print(words, file=sys.stderr, flush=True)


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _start_product(supervisor: Supervisor, fd: int) -> None:
    python = sys.executable
    web = [python, "-m", "gunicorn", "-c", "python:migracloud.gunicorn_conf", "--bind", f"fd://{fd}"]
    supervisor.start(Program("web", [*web, "migracloud.wsgi"], pass_fds=(fd,)))
    supervisor.start(Program("worker", [python, "manage.py", "worker"], patience=5.0))
    supervisor.start(Program("controller", [python, "manage.py", "controller"]))


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
