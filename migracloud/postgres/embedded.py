"""The embedded PostgreSQL's life: made on first use, started when it does not run, shared by all who ask.

Decides: when to initialise, start, wait, stop. Not: who may connect (layout.py), as whom it runs (launch.py).
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from migracloud.postgres import launch, layout, postmaster
from migracloud.postgres.apply import apply_roles
from migracloud.postgres.errors import DatabaseError
from migracloud.postgres.postmaster import Server
from migracloud.postgres.roles import grants_sql, roles_sql

DATABASE = "migracloud"

# What a server that was killed leaves behind may hold its shared memory for a moment longer.
_STILL_IN_USE = "pre-existing shared memory block"
_PATIENCE = 60.0


def ensure_started(data_dir: Path) -> Server:
    """The running server of this data folder with roles and database made; cheap when it runs already."""
    folder = _folder(data_dir)
    with _plain_errors(folder):
        found = postmaster.find(folder)
        if found and found.usable and _is_prepared(folder):
            return found.server
        with _only_one(folder):
            server = _bring_up(folder)
            _prepare(folder, server)
            return server


def status(data_dir: Path) -> Server | None:
    """The running server, or None. Starts nothing."""
    folder = _folder(data_dir)
    with _plain_errors(folder):
        found = postmaster.find(folder)
        return found.server if found and found.usable else None


def stop(data_dir: Path) -> bool:
    """Ends the server; False when none ran."""
    folder = _folder(data_dir)
    with _plain_errors(folder):
        if not folder.exists():
            return _end_forgotten(folder)
        with _only_one(folder):
            found = postmaster.find(folder)
            if found is None:
                return _end_forgotten(folder)
            postmaster.end(found.pid, folder)
            with suppress(OSError):
                found.server.socket_dir.rmdir()
            return True


def planned(data_dir: Path) -> Server:
    """Where the server is or will most likely listen, for commands that must not start it."""
    return status(data_dir) or Server(layout.planned_sockets(_folder(data_dir)), postmaster.PORT)


def _folder(data_dir: Path) -> Path:
    # A link to another checkout's folder is that folder: whoever starts it must see the server that runs on it.
    return (data_dir / "postgres").resolve()


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseError(
            f"The embedded PostgreSQL cannot use {error.filename or folder.parent}: {error.strerror}. "
            "Set DATA_DIR to a folder that this user can write, or set DATABASE_URL."
        ) from error
    except psycopg.Error as error:
        raise DatabaseError(
            f"The embedded PostgreSQL runs, but refuses to be set up: {error}. Look into {folder}/server.log."
        ) from error


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops; the kernel gives the lock back when its holder dies."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock_file = os.open(folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    with open(lock_file, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bring_up(folder: Path) -> Server:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = postmaster.find(folder)
        if found is None:
            _start(folder, deadline)
        elif found.usable:
            return found.server
        elif found.state == "ready" and not found.server.socket_path.exists():
            # Somebody removed its socket: it can only be ended and started again.
            postmaster.end(found.pid, folder)
        else:
            time.sleep(0.02)
    raise DatabaseError(f"PostgreSQL was not ready within {_PATIENCE:.0f} seconds; look into {folder}/server.log.")


def _start(folder: Path, deadline: float) -> None:
    binaries = launch.binaries()
    launcher = launch.choose(binaries, folder.parent)
    _end_forgotten(folder)
    if not folder.exists():
        _initialise(folder, binaries, launcher)
    layout.check_usable(folder, _major(binaries, launcher))
    layout.write_configuration(folder, launcher, layout.private_sockets(folder))
    log = folder / "server.log"
    layout.set_aside_large_log(log)
    # PostgreSQL itself would trust a pid file whose number has since become another process's.
    (folder / postmaster.PID_FILE).unlink(missing_ok=True)
    while True:
        already_logged = log.stat().st_size if log.exists() else 0
        arguments = ("start", "-w", "-t", f"{_PATIENCE:.0f}", "-D", str(folder), "-l", str(log))
        done = launcher.run(binaries / "pg_ctl", *arguments)
        if done.returncode == 0:
            return
        said = log.read_bytes()[already_logged:].decode(errors="replace") if log.exists() else ""
        if _STILL_IN_USE not in said or time.monotonic() > deadline:
            words = said.strip() or done.stderr.strip() or done.stdout.strip()
            raise DatabaseError(f"PostgreSQL did not start. It said: {words[-2000:]}\nIts log is {log}.")
        time.sleep(0.1)


def _end_forgotten(folder: Path) -> bool:
    sockets = layout.planned_sockets(folder)
    if not layout.is_private(sockets):  # what somebody else put there tells nothing
        return False
    forgotten = postmaster.find_forgotten(folder, sockets)
    if forgotten:
        postmaster.end(forgotten, folder, at_once=True)
        with suppress(OSError):
            sockets.rmdir()
    return forgotten is not None


def _initialise(folder: Path, binaries: Path, launcher: launch.Launcher) -> None:
    """In a folder of another name, so that a first start that was interrupted leaves nothing half made."""
    unfinished = folder.with_suffix(".unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    done = launcher.run(
        binaries / "initdb",
        *("-D", str(unfinished), "-U", layout.SUPERUSER, "-E", "UTF8", "--auth=peer", "--no-instructions"),
        # Sorted by code point as in C, but with every alphabet's capital letters known to upper() and ILIKE.
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    )
    if done.returncode != 0:
        raise DatabaseError(f"initdb could not make {unfinished}: {(done.stderr or done.stdout).strip()[-2000:]}")
    os.rename(unfinished, folder)


def _major(binaries: Path, launcher: launch.Launcher) -> str:
    """'18' from 'postgres (PostgreSQL) 18.6'."""
    said = launcher.run(binaries / "postgres", "--version").stdout
    return said.split()[-1].split(".")[0]


def _prepare(folder: Path, server: Server) -> None:
    """Roles, database and grants, again whenever their SQL is new."""
    if _is_prepared(folder):
        return
    apply_roles(server.url(layout.SUPERUSER, "postgres"), DATABASE)
    (folder / "prepared").write_text(_digest())


def _is_prepared(folder: Path) -> bool:
    stamp = folder / "prepared"
    return stamp.exists() and stamp.read_text() == _digest()


def _digest() -> str:
    return hashlib.sha256((roles_sql() + grants_sql(DATABASE)).encode()).hexdigest()
