"""Who a worker is: a name that fits one process only, and whether that process is dead for certain.

Decides: the form of a worker's name. Not: what becomes of a dead one's lease (claims.py).

A name is `host:pid:start:place`. `start` is the process's start in the kernel's clock ticks, so that a process id that
was given again is no mistake; `place` stands for this boot and for the namespaces in which id and start mean something.
"""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

# An exited process that its parent has not collected yet runs nothing any more.
EXITED = ("Z", "X")


def worker_name() -> str:
    """This process's name."""
    _, start = _state_and_start(os.getpid())
    return f"{socket.gethostname()[:48]}:{os.getpid()}:{start}:{this_place()}"


def pid_of(name: str) -> int | None:
    """The process id in a worker's name; None if it is none of this place."""
    match name.rsplit(":", 3):
        case [_, pid, _, place] if place == this_place() and pid.isdigit():
            return int(pid)
    return None


def is_dead(name: str) -> bool:
    """Whether this worker has ended for certain. Of one in another host, boot or namespace that is not known: False."""
    pid = pid_of(name)
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's process has the number; /proc says whether it is the same one
    try:
        state, start = _state_and_start(pid)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # /proc may be hidden from us: then nothing is certain
    return state in EXITED or str(start) != name.rsplit(":", 3)[2]


def this_place() -> str:
    """The same for all processes that see the same process ids and the same clock since boot."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    spaces = [os.readlink(link) for link in ("/proc/self/ns/pid", "/proc/self/ns/time") if os.path.lexists(link)]
    return hashlib.sha256(" ".join([boot, *spaces]).encode()).hexdigest()[:12]


def _state_and_start(pid: int) -> tuple[str, int]:
    # proc(5): after the command's name, which ends at the last bracket, come state (3) and, later, starttime (22).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])
