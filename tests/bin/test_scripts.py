"""The commands in bin/ say what is wrong and what to do, and touch nothing that is not theirs.

Decides: the shell's part. Not: what the programs do that they start; those are stubs here.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.bin.commands import ROOT, all_tools, fresh_machine, library, program, run

pytestmark = pytest.mark.slow

COMMANDS = [
    "bin/bench",
    "bin/chaos",
    "bin/check",
    "bin/demo",
    "bin/goldens",
    "bin/screenshots",
    "bin/serve",
    "bin/setup",
    "bin/stop",
    "bin/test",
    ".ci/run",
]
SHELL = [*COMMANDS, "bin/lib/setup.sh"]


@pytest.mark.parametrize("script", SHELL)
def test_shellcheck_finds_nothing(script: str) -> None:
    done = run(["shellcheck", "-x", "-P", str(ROOT), script], cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_how_it_is_used_without_any_set_up(command: str, project: Path) -> None:
    shutil.rmtree(project / ".venv")
    done = run(["bash", str(project / command), "--help"], cwd=Path("/"))
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: {'bash ' if command == '.ci/run' else ''}{command}")
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    "command",
    [command for command in COMMANDS if command != "bin/test"],  # whose other arguments are pytest's
)
def test_an_unknown_argument_is_named_and_nothing_is_begun(command: str, project: Path) -> None:
    done = run(["bash", str(project / command), "--bogus"], cwd=Path("/"))
    assert done.returncode == 2
    assert "'--bogus'" in done.stderr
    assert done.stdout == ""


def test_what_pytest_does_not_understand_is_a_usage_error_of_bin_test(project: Path) -> None:
    done = run(
        [str(project / "bin/test"), "--bogus"],
        cwd=Path("/"),
        **{**all_tools(project), "FAIL": "pytest", "FAIL_STATUS": "4"},
    )
    assert done.returncode == 2


def test_an_ordinary_user_gets_one_line_with_all_that_any_command_needs(project: Path, tmp_path: Path) -> None:
    before, env = fresh_machine(tmp_path, uid=1000)
    done = library(project, before + "setup", **env)
    assert done.returncode == 3
    lines = [line for line in done.stderr.splitlines() if line.startswith("sudo apt-get install")]
    assert lines == ["sudo apt-get install -y chromium curl python3-venv shellcheck"]
    assert not (tmp_path / "apt-calls").exists()


def test_root_installs_what_this_command_needs_and_no_more(project: Path, tmp_path: Path) -> None:
    before, env = fresh_machine(tmp_path, uid=0)
    done = library(project, before + "find_python; require_system shellcheck", **env)
    assert done.returncode == 0, done.stderr
    update, install = (tmp_path / "apt-calls").read_text().splitlines()
    assert update.endswith(" update")
    assert install.endswith("install -y --no-install-recommends python3-venv shellcheck")


def test_apt_gets_failure_is_shown(project: Path, tmp_path: Path) -> None:
    before, env = fresh_machine(tmp_path, uid=0)
    done = library(project, before + "find_python; require_system shellcheck", APT_STATUS="100", **env)
    assert done.returncode == 3
    assert "apt-get failed" in done.stderr
    assert ".data/apt-get.log" in done.stderr


def test_a_python_that_is_too_old_is_passed_over(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    program(tools / "python3", "#!/bin/sh\nexit 1\n")
    program(tools / "python3.13", "#!/bin/sh\nexit 0\n")
    done = library(project, "find_python; echo $python", PATH=f"{tools}:{os.environ['PATH']}")
    assert done.stdout == "python3.13\n"


def test_a_wrong_choice_of_python_is_named(project: Path) -> None:
    done = library(project, "find_python", PYTHON="/bin/false")
    assert done.returncode == 3
    assert "PYTHON=/bin/false is not a Python of version 3.11 or newer" in done.stderr


def test_packages_are_installed_only_when_the_requirements_changed(project: Path) -> None:
    assert "pip install" not in library(project, "setup").stdout
    (project / "requirements.txt").write_text("another\n")
    assert "pip install" in library(project, "setup").stdout
    assert "pip install" not in library(project, "setup").stdout


def test_development_keys_are_random_private_kept_and_valid(project: Path) -> None:
    show = 'use_dev_settings; echo "$SECRET_KEY $SECRETS_KEYS $ALLOWED_HOSTS $INSECURE_HTTP"'
    first = library(project, show).stdout
    secret, fernet, hosts, insecure = first.split()
    assert len(secret) >= 50
    Fernet(fernet)
    assert (hosts, insecure) == ("127.0.0.1,localhost", "true")
    assert stat.S_IMODE((project / ".data" / "dev.env").stat().st_mode) == 0o600
    assert library(project, show).stdout == first
    assert [path.name for path in (project / ".data").glob("dev.env*")] == ["dev.env"]


def test_a_secret_key_of_the_callers_is_left_alone(project: Path) -> None:
    done = library(project, 'use_dev_settings; echo "$SECRET_KEY ${SECRETS_KEYS:-none}"', SECRET_KEY="theirs")
    assert done.stdout == "theirs none\n"
    assert not (project / ".data" / "dev.env").exists()


def test_bin_test_hands_its_arguments_to_pytest_and_says_its_seed(project: Path) -> None:
    env = all_tools(project)
    done = run([str(project / "bin/test"), "--all", "tests/ipam", "-k", "two words"], cwd=Path("/"), **env)
    assert done.returncode == 0, done.stderr
    *_, announced, called = done.stdout.splitlines()
    seed = announced.rsplit("--hypothesis-seed=", 1)[1]
    assert called == f"python -m pytest -n 3 --dist worksteal -q tests/ipam -k two words --hypothesis-seed={seed}"
    assert "the long forms too" in announced


def test_bin_screenshots_photographs_a_demo_with_data_of_its_own_and_leaves_none(project: Path, tmp_path: Path) -> None:
    env = {**all_tools(project), "TMPDIR": str(tmp_path), "DATABASE_URL": "postgresql://service@db/mc"}
    done = run([str(project / "bin/screenshots"), "pictures"], cwd=Path("/"), **env)
    assert done.returncode == 0, done.stderr
    *_, called = done.stdout.splitlines()
    assert re.fullmatch(rf"python -m demo.screenshots ({tmp_path}/tmp\.\w+)/demo.log pictures", called), done.stdout
    assert list(tmp_path.glob("tmp.*")) == []


def test_bin_test_leaves_a_database_url_alone(project: Path) -> None:
    env = {**all_tools(project), "DATABASE_URL": "postgresql://service@db/mc"}
    assert "migracloud.postgres start" not in run([str(project / "bin/test")], cwd=Path("/"), **env).stdout


def test_ci_ends_with_bin_tests_status_and_last_line(project: Path) -> None:
    program(project / "bin" / "test", "#!/bin/sh\necho 'collecting'\necho '1 failed, 2 passed in 3.45s'\nexit 1\n")
    done = run(["bash", str(project / ".ci/run")], cwd=Path("/"))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 failed, 2 passed in 3.45s"


def test_check_runs_everything_and_fails_when_one_part_fails(project: Path) -> None:
    done = run([str(project / "bin/check")], cwd=Path("/"), FAIL="mypy", **all_tools(project))
    assert done.returncode == 1
    summary = [line.split(" (")[0] for line in done.stdout.splitlines()[-6:]]
    parts = ["format", "lint", "types", "imports", "migrations", "tests"]
    assert summary == [f"{'FAILED' if part == 'types' else 'passed'}  {part}" for part in parts]
    assert "python -m mypy ." in done.stdout
    assert "ruff" not in done.stdout


def test_check_passes_when_every_part_does(project: Path) -> None:
    done = run([str(project / "bin/check")], cwd=Path("/"), **all_tools(project))
    assert done.returncode == 0
    assert "FAILED" not in done.stdout


def test_demo_hands_its_arguments_on(project: Path) -> None:
    done = run([str(project / "bin/demo"), "--once", "--quiet", "--port", "8123"], cwd=Path("/"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "python -m demo.run --once --quiet --port 8123"


def test_stop_ends_the_demo_of_this_folder_and_the_database(project: Path) -> None:
    (project / "demo").mkdir()
    (project / "demo" / "run.py").write_text("import signal\nprint('up', flush=True)\nsignal.pause()\n")
    with subprocess.Popen([sys.executable, "-m", "demo.run"], cwd=project, stdout=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        demo.stdout.readline()
        remember(project, demo.pid)
        done = run([str(project / "bin/stop")], cwd=Path("/"))
        assert demo.wait(timeout=30) == -signal.SIGTERM
    assert done.returncode == 0
    assert f"Stopping the demo (process {demo.pid})" in done.stdout
    assert "python -m migracloud.postgres stop" in done.stdout


def test_stop_leaves_alone_a_process_that_has_the_number_by_chance(project: Path) -> None:
    with subprocess.Popen(["cat"], cwd=project, stdin=subprocess.PIPE) as other:
        remember(project, other.pid)
        done = run([str(project / "bin/stop")], cwd=Path("/"))
        assert done.returncode == 0
        assert "The demo was not running." in done.stdout
        assert other.poll() is None


@pytest.mark.parametrize("left", ["", "not a number", "999999999"])
def test_stop_with_nothing_running_is_fine(project: Path, left: str) -> None:
    (project / ".data" / "run").mkdir()
    (project / ".data" / "run" / "supervisor.pid").write_text(left)
    assert run([str(project / "bin/stop")], cwd=Path("/")).returncode == 0


def remember(project: Path, pid: int) -> None:
    (project / ".data" / "run").mkdir()
    (project / ".data" / "run" / "supervisor.pid").write_text(f"{pid}\n")
