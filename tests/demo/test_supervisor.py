"""The supervisor starts again what dies, and whatever happens to it, nothing it started is left.

Decides: what holds for any program. Not: that the product's own programs keep to it (test_demo.py).
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.supervisor import AlreadyRunning, Program, Supervisor, hold_pid_file
from tests.demo.processes import started_by, still_there

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0

# Each says into the pipe (its first argument) that it is there, then waits for ever.
WAIT = "import os, signal, sys; os.write(int(sys.argv[1]), b'up %d\\n' % os.getpid()); signal.pause()"
FORK = """
import os, signal, sys
if os.fork():
    os.write(int(sys.argv[1]), b"up\\n")
signal.pause()
"""
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"
SAY_END = """
import os, signal, sys
def end(*_):
    os.write(int(sys.argv[1]), f"end {sys.argv[2]}\\n".encode())
    sys.exit()
signal.signal(signal.SIGTERM, end)
os.write(int(sys.argv[1]), f"up {sys.argv[2]}\\n".encode())
while True:
    signal.pause()
"""
# A supervisor in a process of its own, over a program that forks a worker, as ours do.
SUPERVISE = """
import sys
from pathlib import Path
from demo.supervisor import Program, Supervisor
fd = int(sys.argv[1])
supervisor = Supervisor(Path(sys.argv[2]))
supervisor.start(Program("one", [sys.executable, "-c", sys.argv[3], str(fd)], pass_fds=(fd,)))
sys.stdin.read()
"""
WITH_WORKER = """
import os, signal, sys
from migracloud.processes import die_with_parent, keep_forks_clean
die_with_parent()
keep_forks_clean()
if os.fork():
    os.write(int(sys.argv[1]), b"up\\n")
signal.pause()
"""


class Pipe:
    """What programs write; at its end when nobody is left who could."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._ready = select.poll()  # select() knows no file descriptor above 1,023
        self._ready.register(self.reading, select.POLLIN)
        self._said = b""

    def line(self, meanwhile: Callable[[], object] = lambda: None) -> str:
        while b"\n" not in self._said:
            self._said += self._read(meanwhile)
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def is_at_its_end(self) -> bool:
        self.close_writing()
        return self._read(lambda: None) == b""

    def close_writing(self) -> None:
        if self.writing is not None:
            os.close(self.writing)
            self.writing = None  # type: ignore[assignment]

    def _read(self, meanwhile: Callable[[], object]) -> bytes:
        for _ in range(int(PATIENCE / 0.05)):
            meanwhile()
            if self._ready.poll(50):
                return os.read(self.reading, 1024)
        raise AssertionError("nothing more was said")


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close_writing()
    os.close(made.reading)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, said.append)
    yield made
    made.stop()


def program(pipe: Pipe, code: str, name: str = "one", **how: object) -> Program:
    command = [sys.executable, "-c", code, str(pipe.writing), name]
    return Program(name, command, pass_fds=(pipe.writing,), **how)  # type: ignore[arg-type]


def test_a_process_that_was_killed_is_started_again(supervisor: Supervisor, pipe: Pipe, said: list[str]) -> None:
    supervisor.start(program(pipe, WAIT))
    first = pipe.line()
    os.kill(int(first.split()[1]), signal.SIGKILL)
    second = pipe.line(meanwhile=supervisor.look)
    assert second.startswith("up")
    assert second != first
    assert len(said) == 1
    assert "one has ended by SIGKILL: starting it again" in said[0]


def test_what_a_dead_process_leaves_behind_is_killed(supervisor: Supervisor, pipe: Pipe) -> None:
    supervisor.start(program(pipe, FORK, again=False))
    assert pipe.line() == "up"
    os.kill(supervisor.pid_of("one"), signal.SIGKILL)
    os.waitid(os.P_PID, supervisor.pid_of("one"), os.WEXITED | os.WNOWAIT)
    assert supervisor.look() == "one"
    assert pipe.is_at_its_end()


def test_the_end_of_what_all_depend_on_is_told_and_its_log_named(
    supervisor: Supervisor, pipe: Pipe, said: list[str], tmp_path: Path
) -> None:
    supervisor.start(program(pipe, "print('words', flush=True); raise SystemExit(3)", again=False))
    os.waitid(os.P_PID, supervisor.pid_of("one"), os.WEXITED | os.WNOWAIT)
    assert supervisor.look() == "one"
    assert said == [f"one has ended with status 3: see {tmp_path}/one.log"]
    assert supervisor.log_of("one").read_text() == "words\n"


def test_the_last_one_started_ends_first(supervisor: Supervisor, pipe: Pipe) -> None:
    for name in ("one", "two", "three"):
        supervisor.start(program(pipe, SAY_END, name))
        assert pipe.line() == f"up {name}"
    supervisor.stop()
    assert [pipe.line() for _ in range(3)] == ["end three", "end two", "end one"]
    assert pipe.is_at_its_end()


def test_one_that_does_not_end_is_killed(supervisor: Supervisor, pipe: Pipe, said: list[str]) -> None:
    supervisor.start(program(pipe, DEAF, patience=0.1))
    pipe.line()
    supervisor.stop()
    assert said == ["one has not ended within 0.1 s: killing it"]
    assert pipe.is_at_its_end()


def test_nothing_is_left_behind_a_supervisor_that_was_killed(pipe: Pipe, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISE, str(pipe.writing), str(tmp_path), WITH_WORKER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, pass_fds=(pipe.writing,)) as killed:
        assert pipe.line() == "up"
        family = started_by(killed.pid)
        assert len(family) == 2, "the program and its worker"
        killed.kill()
    assert still_there(family, within=PATIENCE) == set()
    assert pipe.is_at_its_end()


def test_a_second_one_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    path = tmp_path / "run" / "supervisor.pid"
    give_up = hold_pid_file(path, "A demo")
    assert path.read_text() == f"{os.getpid()}\n"
    with pytest.raises(AlreadyRunning, match=f"A demo of this folder is running already .process {os.getpid()}."):
        hold_pid_file(path, "A demo")
    give_up()
    assert path.read_text() == ""
    hold_pid_file(path, "A demo")()


def test_the_pid_file_of_one_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.pid"
    path.write_text(f"{os.getppid()}\n")
    give_up = hold_pid_file(path, "A demo")
    assert path.read_text() == f"{os.getpid()}\n"
    give_up()
