"""bin/setup and bin/serve: from a checkout to a site that is up, without harm to what is there.

Decides: the shell's part. Not: what the programs do that they start; those are stubs here.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.bin.commands import free_port, program, run

pytestmark = pytest.mark.slow

# Stands in for Python under bin/serve: each process says when it runs and which signal ended it. `manage.py migrate` is
# answered at once; the process named in ENDS ends by itself; the site listens, as it does when it is up.
PROCESSES = """#!/bin/bash
case "$*" in
    *migrate*) exit "${MIGRATE_STATUS:-0}" ;;
    *"${ENDS:-nothing at all}"*) exit 7 ;;
esac
trap 'kill $! 2>/dev/null; echo "told to end: $*"; exit 0' TERM
echo "up: $*"
case "$*" in
    *gunicorn*) "$REAL_PYTHON" -c "$LISTEN" "$@" & ;;
esac
while :; do sleep 0.05; done
"""

LISTEN = """
import signal, socket, sys
host, port = sys.argv[sys.argv.index("--bind") + 1].split(":")
listener = socket.create_server((host, int(port)))
signal.pause()
"""


def settings_in(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_setup_writes_settings_with_fresh_private_keys(project: Path) -> None:
    done = run([str(project / "bin/setup")], cwd=Path("/"))
    assert done.returncode == 0, done.stderr
    settings = settings_in(project / ".env")
    assert len(settings["SECRET_KEY"]) >= 50
    Fernet(settings["SECRETS_KEYS"])
    assert settings["ALLOWED_HOSTS"] == "127.0.0.1,localhost"
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert [path.name for path in project.glob(".env*")] == [".env"]


def test_setup_leaves_settings_that_are_there_alone(project: Path) -> None:
    (project / ".env").write_text("SECRET_KEY=theirs\n")
    done = run([str(project / "bin/setup")], cwd=Path("/"))
    assert done.returncode == 0
    assert "left as they are" in done.stdout
    assert (project / ".env").read_text() == "SECRET_KEY=theirs\n"


@pytest.mark.parametrize("port", ["0", "65536", "eighty", ""])
def test_serve_refuses_what_is_no_port_and_begins_nothing(project: Path, port: str) -> None:
    done = run([str(project / "bin/serve"), "--port", port], cwd=Path("/"))
    assert done.returncode == 2
    assert "--port needs a number from 1 to 65535" in done.stderr
    assert done.stdout == ""


def test_serve_says_what_to_do_when_the_database_is_not_ready(project: Path) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    done = run([str(project / "bin/serve")], cwd=Path("/"), MIGRATE_STATUS="1")
    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr
    assert "up:" not in done.stdout


@pytest.mark.parametrize("ends", ["gunicorn", "worker", "controller"])
def test_when_one_process_ends_serve_ends_the_others_and_says_so(project: Path, ends: str) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    done = run([str(project / "bin/serve"), "--port", str(free_port())], cwd=Path("/"), **stub(ENDS=ends))
    assert done.returncode == 1
    assert "one of the three processes has ended" in done.stderr
    assert not running(project)


def test_serve_begins_nothing_where_something_listens_already(project: Path) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run([str(project / "bin/serve"), "--port", port], cwd=Path("/"), **stub())
    assert (done.returncode, done.stdout) == (1, "")
    assert f"something listens on 127.0.0.1:{port} already" in done.stderr
    assert "bin/serve --port NUMBER" in done.stderr


def test_a_site_that_never_listens_is_not_said_to_be_there(project: Path) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    done = run([str(project / "bin/serve"), "--port", str(free_port())], cwd=Path("/"), **stub(ENDS="gunicorn"))
    assert done.returncode == 1
    assert "The site is at" not in done.stdout


def test_told_to_stop_serve_stops_all_three(project: Path) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    port = str(free_port())
    command = [str(project / "bin/serve"), "--port", port]
    env = {**os.environ, **stub()}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as serve:
        assert serve.stdout is not None
        lines = [serve.stdout.readline() for _ in range(4)]
        assert any(f"http://127.0.0.1:{port}/" in line for line in lines)
        assert sum(line.startswith("up: ") for line in lines) == 3
        serve.send_signal(signal.SIGTERM)
        rest = serve.stdout.read()
        assert serve.wait(timeout=30) == 0
    assert rest.count("told to end: ") == 3
    assert not running(project)


def stub(**more: str) -> dict[str, str]:
    return {"REAL_PYTHON": sys.executable, "LISTEN": LISTEN, **more}


def running(project: Path) -> list[str]:
    """Processes of this checkout's stub; those that were just told to end get a moment."""
    deadline = time.monotonic() + 10
    while found := _of(project):
        if time.monotonic() > deadline:
            return found
    return []


def _of(project: Path) -> list[str]:
    needle = ".venv/bin/python"
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            if needle in command and (folder / "cwd").readlink() == project:
                found.append(command)
        except OSError:
            continue  # it has ended meanwhile
    return found
