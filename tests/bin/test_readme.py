"""README.md takes a newcomer to a first pod: its very commands are run, against a cluster that is not the demo's.

Decides: what the newcomer fills in and answers. Not: the commands; they are read from README.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from clusters.check.privileges import NAMES
from demo.handle import FakeHandle, start_fake
from tests.bin.commands import ROOT, free_port
from tests.migracloud.test_settings import OF_OURS

pytestmark = pytest.mark.slow

HEADING = "## A first pod on a cluster of yours"
MOST_COMMANDS = 10
NOT_IN_A_CLONE = (".git", ".venv", ".data", ".env", ".*_cache", ".hypothesis", "__pycache__")
PATIENCE = 180.0  # seconds for the site to answer, and for the pod to run


def commands() -> list[str]:
    """Of the section's one block; a line that ends in a backslash goes on in the next."""
    section = (ROOT / "README.md").read_text().split(HEADING, 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 1, "one block with all of the commands"
    return [line for line in blocks[0].replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[FakeHandle]:
    """Other nodes, storages, bridge, addresses and VMIDs than the demo's."""
    with start_fake(tmp_path / "pve", layout="elsewhere") as fake:
        yield fake


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """The project as a clone has it, with the packages that a first bin/setup would fetch for minutes."""
    root = tmp_path / "migracloud"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*NOT_IN_A_CLONE))
    (root / ".venv").symlink_to(Path(sys.prefix))
    yield root
    command = [str(root / ".venv/bin/python"), "-m", "migracloud.postgres", "stop"]
    subprocess.run(command, cwd=root, env=environment(), capture_output=True, timeout=60, check=False)


def environment() -> dict[str, str]:
    ours = ("SECRET_KEY", "SECRETS_KEYS", "ALLOWED_HOSTS", "INSECURE_HTTP", "DATABASE_URL", "DATABASE_OWNER_URL")
    drop = (*ours, "DATA_DIR", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR")
    return {name: value for name, value in os.environ.items() if name not in drop}


def answers(fake: FakeHandle) -> str:
    """What a person types at `cluster add`: an empty line takes what is proposed."""
    asked = [fake.url, "yes", fake.ready.token_id, *[""] * 6]
    return "\n".join([*asked, "192.168.40.1", "192.168.40.100-192.168.40.150", *[""] * 6]) + "\n"


def script(fake: FakeHandle, port: int) -> str:
    """The commands as they stand; filled in are the secret, a port that is free, and what is typed."""
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for command in commands():
        filled = command.replace("PVE_TOKEN=...", f"PVE_TOKEN={fake.ready.token_secret}").replace(":8000", f":{port}")
        if "cluster add" in command:
            filled += " <answers"
        if command.startswith("bin/serve"):
            filled = filled.replace("bin/serve", f"bin/serve --port {port}")
            # The newcomer reads that it is up before the next command.
            filled += f"\nuntil curl -sf http://127.0.0.1:{port}/health/live >/dev/null; do sleep 0.1; done"
        lines.append(filled)
    return "\n".join([*lines, "echo; cat  # until the test has seen enough", ""])


def test_at_most_ten_commands_are_needed():
    assert 3 <= len(commands()) <= MOST_COMMANDS


def test_its_role_has_the_privileges_that_the_check_asks_for():
    [listed] = re.findall(r'--privs "([^"]*)"', (ROOT / "README.md").read_text())
    assert listed.replace("\\\n", " ").split() == list(NAMES)


def test_it_names_every_setting_and_every_command_and_no_other():
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = [word for row in rows for word in re.findall(r"`([^`]*)`", row)]
    assert sorted(word for word in named if re.fullmatch("[A-Z_]+", word)) == sorted(OF_OURS)
    commands_named = sorted(word.split()[0] for word in named if word.startswith("bin/"))
    assert commands_named == sorted(f"bin/{path.name}" for path in (ROOT / "bin").iterdir() if path.is_file())


def test_the_commands_of_the_readme_make_a_pod_on_a_cluster_of_other_names(clone: Path, elsewhere: FakeHandle) -> None:
    port = free_port()
    (clone / "answers").write_text(answers(elsewhere))
    (clone / "script").write_text(script(elsewhere, port))
    log = clone / "log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            ["bash", "script"], cwd=clone, env=environment(), stdin=subprocess.PIPE, stdout=out, stderr=out
        ) as bash,
    ):
        try:
            pod = wait_for_the_pod(elsewhere, bash, log)
        finally:
            assert bash.stdin is not None
            bash.stdin.close()  # ends `cat`, and with the script bin/serve
            bash.wait(timeout=30)
    assert 5100 <= pod["vmid"] <= 5999
    assert pod["node"] == "host-one"
    assert "bridge=vmbr7" in pod["config"]["net0"]
    assert "ip=192.168.40.100/24" in pod["config"]["net0"]
    assert elsewhere.ready.token_secret not in log.read_text()


def test_a_command_before_migrate_says_so_in_a_line(db: None) -> None:
    url = "postgresql://{USER}@/postgres?host={HOST}&port={PORT}".format(**settings.DATABASES["default"])
    done = subprocess.run(
        [sys.executable, "manage.py", "cluster", "check"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    remedy = ".venv/bin/python manage.py migrate"
    assert done.stderr.splitlines()[-1] == f"manage.py: The database lacks tables or columns. Make them: {remedy}"
    assert "Traceback" not in done.stderr


def wait_for_the_pod(fake: FakeHandle, bash: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and bash.poll() is None:
        for vmid in fake.vmids():
            if (ct := fake.cts()[vmid])["status"] == "running":
                return ct
        with suppress(subprocess.TimeoutExpired):
            bash.wait(0.1)  # its commands need the machine
    raise AssertionError(f"no pod runs; the commands said:\n{log.read_text()}")
