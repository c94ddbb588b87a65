"""What tests need to know of processes that are not their children: which there are, and that they have ended.

Decides: how it is found out, without sleeping. Not: which processes matter.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from pathlib import Path


def started_by(supervisor: int) -> set[int]:
    """All that live with SUPERVISOR_PID of this process in their environment: its children and theirs."""
    variable = f"SUPERVISOR_PID={supervisor}".encode()
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if variable in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(int(folder.name))
    return found


def still_there(pids: set[int], *, within: float) -> set[int]:
    """Those of them that have not ended by then."""
    return {pid for pid in pids if not _ends(pid, within)}


def _ends(pid: int, within: float) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ended = select.poll()  # select() knows no file descriptor above 1,023, which a long run may come to
        ended.register(handle, select.POLLIN)
        return bool(ended.poll(within * 1000))
    finally:
        os.close(handle)
