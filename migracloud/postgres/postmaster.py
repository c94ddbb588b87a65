"""The running server process of a data folder, as its postmaster.pid and /proc tell.

Decides: whether it lives, what it listens on, that it ends. Not: how it is started.
"""

import os
import signal
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from migracloud.postgres.errors import DatabaseError
from migracloud.postgres.roles import Role

PID_FILE = "postmaster.pid"
PORT = 5432
_MAY_I_USE_TLS = struct.pack(">II", 8, 80877103)  # SSLRequest of PostgreSQL's protocol


@dataclass(frozen=True)
class Server:
    """Where a server listens: a socket in a private folder, nothing else."""

    socket_dir: Path
    port: int

    def url(self, role: Role | str, database: str = "migracloud") -> str:
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={self.port}"

    @property
    def socket_path(self) -> Path:
        return self.socket_dir / f".s.PGSQL.{self.port}"

    def answers(self) -> bool:
        """Asks what needs no login: one that was killed a moment ago still has process and socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(_MAY_I_USE_TLS)
                return connection.recv(1) in (b"N", b"S")
            except OSError:
                return False


@dataclass(frozen=True)
class Postmaster:
    """A living server process. `state` is its own word: starting, ready or stopping."""

    pid: int
    server: Server
    state: str

    @property
    def usable(self) -> bool:
        return self.state == "ready" and self.server.answers()


def find(folder: Path) -> Postmaster | None:
    """The server that runs on this folder. A pid file left by a killed one counts for nothing."""
    try:
        lines = (folder / PID_FILE).read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 1 or not lines[0].isdigit() or not _serves(int(lines[0]), folder):
        return None
    if len(lines) < 8:
        return Postmaster(int(lines[0]), Server(Path(), 0), "starting")
    return Postmaster(int(lines[0]), Server(Path(lines[4]), int(lines[3])), lines[7].strip())


def _serves(pid: int, folder: Path) -> bool:
    """A pid may since be another's. A dead process that nobody has reaped yet has an empty command line."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return os.path.basename(arguments[0]) == b"postgres" and os.fsencode(folder) in arguments[1:]


def find_forgotten(folder: Path, sockets: Path) -> int | None:
    """The server whose data was removed under it (rm -rf .data); it would write into what takes its place."""
    try:
        first = next(iter((sockets / f".s.PGSQL.{PORT}.lock").read_text().splitlines()), "")
    except OSError:
        return None
    return int(first) if first.isdigit() and _serves(int(first), folder) else None


def end(pid: int, folder: Path, *, at_once: bool = False) -> None:
    """Connections are closed and their transactions undone. `at_once` leaves the rest to the next start, as a
    crash would: nothing more is written."""
    ways = ((signal.SIGQUIT, 15),) if at_once else ((signal.SIGINT, 30), (signal.SIGQUIT, 15))
    for signal_number, patience in ways:
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not _serves(pid, folder):
                return
            time.sleep(0.02)
    raise DatabaseError(f"PostgreSQL (process {pid}) does not stop; look into {folder}/server.log.")
