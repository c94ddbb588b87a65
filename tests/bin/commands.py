"""The commands of bin/ as tests run them: with a stub for Python, on machines that lack this or that.

Decides: what stands in for what. Not: what is tested.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Stands in for .venv/bin/python: says what it was called with; fails for the module named in FAIL.
PYTHON_STUB = """#!/bin/sh
echo "python $*"
case "$*" in *"${FAIL:-nothing at all}"*) exit "${FAIL_STATUS:-1}" ;; esac
"""
NOT_THE_CALLERS = ("SECRET_KEY", "SECRETS_KEYS", "DATABASE_URL", "DATA_DIR", "PYTHON")


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def run(command: list[str], *, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in NOT_THE_CALLERS}
    return subprocess.run(
        command, cwd=cwd, env={**clean, **env}, capture_output=True, text=True, timeout=60, check=False
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def library(root: Path, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs lines of bash after the library was sourced, as a command in bin/ would."""
    text = f'set -euo pipefail\nsource "{root}/bin/lib/setup.sh"\n{script}'
    return run(["bash", "-c", text], cwd=Path("/"), **env)


def fresh_machine(tmp_path: Path, uid: int) -> tuple[str, dict[str, str]]:
    """A machine without venv, chromium, curl and shellcheck: what bash says before and the environment."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("readlink", "dirname", "basename", "sort", "cat", "mkdir", "flock", "tail"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)
    program(tools / "python3", "#!/bin/sh\ncase $2 in *ensurepip*) exit 1 ;; esac\n")
    program(tools / "apt-get", f'#!/bin/sh\necho "$*" >>"{tmp_path}/apt-calls"\nexit "${{APT_STATUS:-0}}"\n')
    bash = shutil.which("bash")
    assert bash is not None
    (tools / "bash").symlink_to(bash)
    (tools / "sh").symlink_to(bash)
    return f"id() {{ echo {uid}; }}\nVENV_PYTHON=/none\n", {"PATH": str(tools)}


def all_tools(project: Path) -> dict[str, str]:
    """Chromium, promtool and shellcheck as far as the commands look for them."""
    folder = project / "tools"
    folder.mkdir()
    for name in ("chromium", "curl", "promtool", "shellcheck"):
        program(folder / name, "#!/bin/sh\n")
    return {"PATH": f"{folder}:{os.environ['PATH']}"}
