"""Starts processes, starts again what dies, and leaves none behind.

Decides: when a process is started again, and how all of them end. Not: which processes there are (run.py).

Each process leads a session of its own, and is killed together with all that is in it: a qcluster whose parent was
killed leaves children that go on taking tasks. Should this process itself be killed, the kernel tells the others: they
ask for that by SUPERVISOR_PID in their environment (migracloud/processes.py, demo/fake.py).
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0  # seconds before a process is started again; doubled each time
SETTLED = 10.0  # seconds after which a process counts as well started


class AlreadyRunning(Exception):
    """Another supervisor holds the pid file; the text says which."""


@dataclass(frozen=True)
class Program:
    """What is started. One that is not to be started again is what all others depend on: its end is the end of all."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    again: bool = True
    patience: float = 3.0  # seconds it gets to end by itself


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    pause: float = FIRST_PAUSE
    start_at: float | None = None  # it has ended, and is to be started again then


class Supervisor:
    """A handful of child processes. All methods belong to the main thread: the kernel's signal at a parent's death
    follows the thread that started the child.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self._say = say
        self._children: dict[str, _Child] = {}

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def pid_of(self, name: str) -> int:
        return self._children[name].process.pid

    def start(self, program: Program) -> None:
        self.log_of(program.name).write_bytes(b"")
        self._children[program.name] = _Child(program, self._spawn(program), time.monotonic())

    def look(self) -> str | None:
        """Start again what has ended. Returns the name of a program whose end is the end of all, if one has ended."""
        for child in self._children.values():
            if child.start_at is not None:
                self._start_again_if_due(child)
            elif _has_ended(child.process):
                _end_group(child.process)
                if not child.program.again:
                    self._say(f"{child.program.name} has ended {_how(child.process)}: see {self._log_words(child)}")
                    return child.program.name
                self._plan_restart(child)
        return None

    def stop(self) -> None:
        """End all, the last one started first: asked to, then killed with all that is in their sessions."""
        while self._children:
            _, child = self._children.popitem()
            if child.start_at is None and not _has_ended(child.process):
                child.process.send_signal(signal.SIGTERM)
                deadline = time.monotonic() + child.program.patience
                while not _has_ended(child.process) and time.monotonic() < deadline:
                    time.sleep(0.02)
                if not _has_ended(child.process):
                    self._say(f"{child.program.name} has not ended within {child.program.patience:g} s: killing it")
            _end_group(child.process)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        assert threading.current_thread() is threading.main_thread()
        with self.log_of(program.name).open("ab") as log:
            return subprocess.Popen(
                program.command,
                cwd=ROOT,
                env={**os.environ, **program.env, "SUPERVISOR_PID": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=program.pass_fds,
                start_new_session=True,
            )

    def _plan_restart(self, child: _Child) -> None:
        now = time.monotonic()
        if now - child.started > SETTLED:
            child.pause = FIRST_PAUSE
        child.start_at = now + child.pause
        how = _how(child.process)
        self._say(f"{child.program.name} has ended {how}: starting it again ({self._log_words(child)})")
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _start_again_if_due(self, child: _Child) -> None:
        now = time.monotonic()
        if child.start_at is not None and now >= child.start_at:
            child.process, child.started, child.start_at = self._spawn(child.program), now, None

    def _log_words(self, child: _Child) -> str:
        path = self.log_of(child.program.name)
        return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def hold_pid_file(path: Path, what: str) -> Callable[[], None]:
    """Write this process's id there and hold it. Returns what gives it up. AlreadyRunning: another process holds it.

    The kernel's lock is what counts: a pid file that a killed process left behind is no obstacle.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = file.read().strip()
        file.close()
        raise AlreadyRunning(f"{what} of this folder is running already (process {pid}).") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()

    def give_up() -> None:
        file.seek(0)
        file.truncate(0)
        file.close()

    return give_up


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without collecting it: as long as it is not, its number is nobody else's, and its group can be killed safely."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _how(process: subprocess.Popen[bytes]) -> str:
    status = process.returncode
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
