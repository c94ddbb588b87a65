"""The product's processes, as a person runs them, on a test's own database: site, worker and controller.

Decides: how they are started, reached and ended, and where their lines are. Not: what is tested.

Of workers and controllers there may be several: "worker-b" is one more, with a log of its own.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

from migracloud.database import ROOT

PATIENCE = 60.0  # seconds; what has not come about by then never will
BETWEEN_LOOKS_S = 0.05  # without a pause the one who waits would take a whole processor
METRICS_TOKEN = "metrics-token-of-the-tests"

COMMANDS: dict[str, list[str]] = {
    "site": ["-m", "gunicorn", "-c", "python:migracloud.gunicorn_conf", "migracloud.wsgi", "--bind"],
    "worker": ["manage.py", "worker"],
    "controller": ["manage.py", "controller"],
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Fleet:
    folder: Path
    listener: socket.socket
    env: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self, *names: str) -> None:
        for name in names:
            assert name not in self.processes
            self.processes[name] = _start(name, self.folder, self.listener, self.env)

    def ask(self, method: str, path: str, *, token: str = "", body: Any = None, **headers: str) -> Answer:
        """The site as a program reaches it."""
        site = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        form = isinstance(body, str)
        kind = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"} if body else {}
        site.request(method, path, body if form or body is None else json.dumps(body), {**bearer, **kind, **headers})
        answer = site.getresponse()
        with answer:
            found = Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        site.close()
        return found

    def metrics(self) -> str:
        answer = self.ask("GET", "/metrics", token=METRICS_TOKEN)
        assert answer.status == 200, answer.text
        return answer.text

    def end(self, *names: str, number: int = signal.SIGTERM) -> None:
        """In order, or with SIGKILL together with all that they have started."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            process.wait(timeout=PATIENCE)

    def ended(self, name: str) -> int:
        """How one that was told to end has ended, once it has."""
        status = self.processes[name].wait(timeout=PATIENCE)
        del self.processes[name]
        return status

    def lines(self, name: str = "*") -> list[str]:
        logs = sorted(self.folder.glob(f"{name}.log"))
        return [line for log in logs for line in log.read_text().splitlines()]


@contextmanager
def fleet(folder: Path, *names: str, **env: str) -> Iterator[Fleet]:
    """All three processes, or those that are named. They die with this process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        running = Fleet(folder, listener, env)
        try:
            running.start(*(names or tuple(COMMANDS)))
            yield running
        finally:
            for process in running.processes.values():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def until(found: Callable[[], Any], *, within: float = PATIENCE) -> Any:
    """What it returns, once that is something; `within`: the seconds that were promised for it."""
    deadline = time.monotonic() + within
    while not (value := found()):
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(BETWEEN_LOOKS_S)  # the processes of the fleet need the machine
    return value


def _start(name: str, folder: Path, listener: socket.socket, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = name.partition("-")[0]
    bind = [f"fd://{listener.fileno()}"] if command == "site" else []
    settings = {
        "DATABASE_URL": url_of_test_database(),
        "DATA_DIR": str(folder / "data"),
        "METRICS_TOKEN": METRICS_TOKEN,
        "INSECURE_HTTP": "true",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SUPERVISOR_PID": str(os.getpid()),
        "WORKERS": "2",
    }
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *COMMANDS[command], *bind],
            cwd=ROOT,
            env={**os.environ, **settings, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(listener.fileno(),) if bind else (),
            start_new_session=True,
        )


def url_of_test_database() -> str:
    of = connection.settings_dict
    login = of["USER"] + (f":{of['PASSWORD']}" if of["PASSWORD"] else "")
    return f"postgresql://{login}@/{of['NAME']}?host={of['HOST']}&port={of['PORT']}"
