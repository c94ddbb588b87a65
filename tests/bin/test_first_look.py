"""bin/setup and bin/serve: from a checkout to a site that is up, without harm to what is there.

Decides: the shell's part. Not: what the programs do that they start; those are stubs here.
"""

from __future__ import annotations

import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.bin.commands import program, run

pytestmark = pytest.mark.slow

# Stands in for Python under bin/serve: each process says when it runs and which signal ended it. `manage.py migrate` is
# answered at once; the process named in ENDS ends by itself.
PROCESSES = """#!/bin/bash
case "$*" in
    *migrate*) exit "${MIGRATE_STATUS:-0}" ;;
    *"${ENDS:-nothing at all}"*) exit 7 ;;
esac
trap 'echo "told to end: $*"; exit 0' TERM
echo "up: $*"
while :; do sleep 0.05; done
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


def test_when_one_process_ends_serve_ends_the_others_and_says_so(project: Path) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    done = run([str(project / "bin/serve")], cwd=Path("/"), ENDS="controller")
    assert done.returncode == 1
    assert "one of the three processes has ended" in done.stderr
    assert not running(project)


def test_told_to_stop_serve_stops_all_three(project: Path) -> None:
    program(project / ".venv/bin/python", PROCESSES)
    with subprocess.Popen([project / "bin/serve", "--port", "8123"], stdout=subprocess.PIPE, text=True) as serve:
        assert serve.stdout is not None
        lines = [serve.stdout.readline() for _ in range(4)]
        assert any("http://127.0.0.1:8123/" in line for line in lines)
        assert sum(line.startswith("up: ") for line in lines) == 3
        serve.send_signal(signal.SIGTERM)
        rest = serve.stdout.read()
        assert serve.wait(timeout=30) == 0
    assert rest.count("told to end: ") == 3
    assert not running(project)


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
