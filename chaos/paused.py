"""A worker that is paused (SIGSTOP) just before a call to Proxmox, until long after its lease has run out.

    python -m chaos.paused CALL before-the-fence|after-the-fence|without-a-fence

As a program it is that worker: it drives what is due on the database of DATABASE_URL, at the fake of FAKE, and stops
itself before the first call of that name. Once it goes on, it says how that drive ended, and ends.

Decides: where it stops, and what then becomes of the VMID. Not: what must have happened (tests/chaos/matrices).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

PATIENCE = 60.0
BEFORE, AFTER, WITHOUT = "before-the-fence", "after-the-fence", "without-a-fence"


class Paused:
    """Such a process, as its parent holds it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def go_on(self) -> str:
        """Let it go on; how its drive ended."""
        self._process.send_signal(signal.SIGCONT)
        said, _ = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0, said
        return said.strip()


@contextmanager
def paused(ready: Any, database_url: str, *, call: str, where: str) -> Iterator[Paused]:
    """It has stopped itself there by now."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chaos.paused", call, where],
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "FAKE": json.dumps(asdict(ready)),
            "SUPERVISOR_PID": str(os.getpid()),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            how = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            assert how is not None
            assert how.si_code == os.CLD_STOPPED, f"it ended before {call}: {process.communicate()[0]}"
            yield Paused(process)
        finally:
            process.kill()


def main(call: str, where: str) -> None:
    import django

    django.setup()
    from clusters.dataplane.transport import Transport
    from demo.handle import FakeHandle, Ready
    from demo.record import describe
    from migracloud.processes import die_with_parent
    from operations.claims import Lease
    from operations.models import Operation
    from tests.work import Work

    die_with_parent()
    stopped: list[str] = []

    def stopping(name: str, original: Any, method: int) -> Any:
        def wrapped(self: Any, *rest: Any) -> Any:
            if describe(rest[method], f"/{rest[method + 1]}")[0] == call and not stopped:
                stopped.append(name)
                os.kill(os.getpid(), signal.SIGSTOP)
            return original(self, *rest)

        return wrapped

    if where == AFTER:
        Transport._ask = stopping("_ask", Transport._ask, 2)  # type: ignore[method-assign]
    else:
        Transport._attempt = stopping("_attempt", Transport._attempt, 1)  # type: ignore[method-assign]
    if where == WITHOUT:
        Lease.renew = lambda self: None  # type: ignore[method-assign]
    work = Work(FakeHandle(Ready(**json.loads(os.environ["FAKE"]))))
    while not stopped:
        work.plane.wait_idle()
        work.tick()
        for operation in Operation.objects.filter(state__in=Operation.LIVE):
            if not stopped:
                said = work.drive(operation)
    print(said)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    main(sys.argv[1], sys.argv[2])
