"""A forked process that plays a scenario and may be struck: it dies by SIGKILL, or does what it was told there.

Decides: how it is born (nothing shared with its parent), how it ends and what it tells. Not: where it is struck.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from django.db import connections

PR_SET_PDEATHSIG = 1
STRUCK = -signal.SIGKILL


def play(act: Callable[[], Any]) -> tuple[int, Any]:
    """Run `act` in a process of its own. How that ended (0, or minus the signal), and what `act` returned, by JSON."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads; the child uses none of theirs
        pid = os.fork()
    if pid == 0:
        os.close(reader)
        _live(act, writer)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 1:
        raise AssertionError(f"the forked process broke:\n{json.loads(text) if text else ''}")
    return code, json.loads(text) if text else None


def _live(act: Callable[[], Any], writer: int) -> None:
    """Never returns: neither pytest nor anybody else may go on in this process."""
    code, said = 1, None
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        said, code = act(), 0
    except BaseException:
        said = traceback.format_exc()
    finally:
        with os.fdopen(writer, "w") as told:
            told.write(json.dumps(said))
        sys.stderr.flush()
        os._exit(code)


def die() -> None:
    """By SIGKILL: nothing is closed, rolled back or told."""
    os.kill(os.getpid(), signal.SIGKILL)
