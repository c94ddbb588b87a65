"""The processor time that processes have used, as the kernel counts it.

Decides: what belongs to a program: all of its session, children that have ended included. Not: what is started.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # a second


@dataclass(frozen=True)
class Stat:
    """Of one process. `used`: its ticks in user and kernel mode, and those of children that it has waited for."""

    session: int
    used: int

    @classmethod
    def of(cls, line: str) -> Stat:
        """From the text of /proc/PID/stat. The name, in brackets, may hold anything: fields count from behind it."""
        fields = line.rpartition(")")[2].split()  # proc(5): fields[0] is its number 3, the state
        return cls(session=int(fields[3]), used=sum(int(ticks) for ticks in fields[11:15]))


def cpu_seconds(sessions: Mapping[str, int]) -> dict[str, float]:
    """What all processes of each of these sessions have used so far, by the session's name.

    A process that has ended and was not waited for yet is in /proc still; its time then goes to its parent's.
    """
    stats = [stat for entry in PROC.iterdir() if entry.name.isdigit() and (stat := _stat(entry))]
    return {
        name: sum(stat.used for stat in stats if stat.session == session) / TICKS for name, session in sessions.items()
    }


class Meter:
    """What the programs use from now on."""

    def __init__(self, sessions: Mapping[str, int]) -> None:
        self._sessions = sessions
        self._before = cpu_seconds(sessions)

    def used(self) -> dict[str, float]:
        """Processor seconds by name."""
        return {name: now - self._before[name] for name, now in cpu_seconds(self._sessions).items()}


def _stat(process: Path) -> Stat | None:
    try:
        return Stat.of((process / "stat").read_text())
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return None
