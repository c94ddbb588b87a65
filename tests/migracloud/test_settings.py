"""A wrong environment is told at the start in one line that names the variable and what to set, as a person sees it.

Decides: the words, the exit status, no traceback, no secret. Not: what a setting does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from migracloud.database import ROOT

pytestmark = pytest.mark.slow

KEY = urlsafe_b64encode(bytes(32)).decode()  # the same in every process of a parallel run
NOWHERE = "postgresql://service:secret-word@127.0.0.1:1/mc"  # `check` connects to no database
SOUND = {
    "SECRET_KEY": "for these tests only, and long enough to be taken for one by the settings",
    "SECRETS_KEYS": KEY,
    "ALLOWED_HOSTS": "127.0.0.1",
    "DATABASE_URL": NOWHERE,
}
OF_OURS = (
    "ALLOWED_HOSTS", "BEHIND_TLS_PROXY", "CSRF_TRUSTED_ORIGINS", "DATABASE_OWNER_URL", "DATABASE_URL", "DATA_DIR",
    "DEBUG", "HEARTBEAT_PERIOD", "HEARTBEAT_URL", "INSECURE_HTTP", "LOG_FORMAT", "LOG_LEVEL", "METRICS_NETWORKS",
    "METRICS_TOKEN", "SECRETS_KEYS", "SECRET_KEY", "TIME_ZONE", "WORKERS",
)  # fmt: skip


def check(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OF_OURS}
    return subprocess.run(
        [sys.executable, *(command or ("manage.py", "check"))],
        cwd=ROOT,
        env={**inherited, **SOUND, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaint(**env: str) -> str:
    """The one line that a person gets."""
    done = check(**env)
    assert done.returncode == 1, done.stdout
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("manage.py: ")
    return lines[0]


def test_a_sound_environment_passes() -> None:
    done = check(
        ALLOWED_HOSTS="cloud.example.net, .example.net, 127.0.0.1, [::1]",
        SECRETS_KEYS=f"{KEY}, {Fernet.generate_key().decode()}",
        CSRF_TRUSTED_ORIGINS="https://panel.example.net, http://127.0.0.1:8000",
        DEBUG="No",
        INSECURE_HTTP="1",
        TIME_ZONE="America/New_York",
        LOG_LEVEL="warning",
        LOG_FORMAT="JSON",
        METRICS_TOKEN="a-token-for-metrics-only",
        METRICS_NETWORKS="127.0.0.0/8, ::1, 10.1.10.5",
        WORKERS="64",
        HEARTBEAT_URL="https://monitor.example.net:8443/ping/0f7c?key=1",
        HEARTBEAT_PERIOD="10",
        DATABASE_OWNER_URL="postgresql://owner@127.0.0.1:1/mc",
    )
    assert done.returncode == 0, done.stderr


WRONG = [
    ("SECRET_KEY", "", "long random text"),
    ("SECRET_KEY", "x" * 31, "32 characters"),
    ("SECRETS_KEYS", "", "one Fernet key"),
    ("SECRETS_KEYS", " , ", "one Fernet key"),
    ("SECRETS_KEYS", "tooshort", "key 1 is no Fernet key"),
    ("SECRETS_KEYS", "tooshort", "One is made by: python3 -c "),
    ("SECRETS_KEYS", f"{KEY},{KEY[:-2]}", "key 2 is no Fernet key"),
    ("ALLOWED_HOSTS", "", "host names"),
    ("ALLOWED_HOSTS", ",", "host names"),
    ("ALLOWED_HOSTS", "https://a.example", "leave scheme, port and path out"),
    ("ALLOWED_HOSTS", "a.example:8000", "leave scheme, port and path out"),
    ("ALLOWED_HOSTS", "a.example b.example", "put commas between several"),
    ("ALLOWED_HOSTS", "::1", "an IPv6 address in brackets"),
    ("DEBUG", "maybe", "true or false"),
    ("DEBUG", "", "true or false"),
    ("INSECURE_HTTP", "si", "true or false"),
    ("BEHIND_TLS_PROXY", "2", "true or false"),
    ("TIME_ZONE", "Mars/Olympus", "America/New_York"),
    ("TIME_ZONE", "../../etc/passwd", "America/New_York"),
    ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("LOG_FORMAT", "xml", "line (for people) or json (for programs)"),
    ("METRICS_TOKEN", "secret-word", "shorter than 20 characters"),
    ("METRICS_TOKEN", "secret-word with a blank", "others than letters, digits and signs"),
    ("METRICS_NETWORKS", "10.0.0.0/8, everywhere", "'everywhere' is no network such as 127.0.0.0/8"),
    ("METRICS_NETWORKS", "10.0.0.7/8", "has host bits set"),
    ("HEARTBEAT_URL", "http://monitor.example.net/secret-word", "the https:// URL that the monitor gave you"),
    ("HEARTBEAT_URL", "http://10.0.0.1/secret-word", "http:// to this machine only"),
    ("HEARTBEAT_URL", "monitor.example.net/secret-word", "the https:// URL"),
    ("HEARTBEAT_URL", "ftp://127.0.0.1/secret-word", "the https:// URL"),
    ("HEARTBEAT_URL", "https:///secret-word", "the https:// URL"),
    ("HEARTBEAT_URL", "https://user:secret-word@monitor.example.net/", "without user, password and fragment"),
    ("HEARTBEAT_URL", "https://monitor.example.net/#secret-word", "without user, password and fragment"),
    ("HEARTBEAT_URL", "https://monitor.example.net:port/secret-word", "the https:// URL"),
    ("HEARTBEAT_URL", "https://monitor.example.net:0/secret-word", "the https:// URL"),
    ("HEARTBEAT_URL", "https://monitor.example.net/secret-word and more", "the https:// URL"),
    ("HEARTBEAT_URL", "https://[::1/secret-word", "the https:// URL"),
    ("HEARTBEAT_PERIOD", "9", "from 10 to 3600"),
    ("HEARTBEAT_PERIOD", "3601", "from 10 to 3600"),
    ("HEARTBEAT_PERIOD", "a minute", "from 10 to 3600"),
    ("WORKERS", "0", "from 1 to 64"),
    ("WORKERS", "65", "from 1 to 64"),
    ("WORKERS", "-1", "from 1 to 64"),
    ("WORKERS", "two", "from 1 to 64"),
    ("WORKERS", "²", "from 1 to 64"),
    ("CSRF_TRUSTED_ORIGINS", "https://a.example,panel.example.net", "'panel.example.net' needs its scheme"),
    ("CSRF_TRUSTED_ORIGINS", "https://panel.example.net/", "nothing behind the host"),
    ("CSRF_TRUSTED_ORIGINS", "https://", "nothing behind the host"),
    ("DATABASE_URL", "mysql://u:secret-word@db/mc", "must be a postgresql:// URL"),
    ("DATABASE_URL", "sqlite:///db.sqlite3", "PostgreSQL 15 or newer"),
    ("DATABASE_URL", "secret-word", "must be a postgresql:// URL"),
    ("DATABASE_URL", "postgresq://u:secret-word@db/mc", "must be a postgresql:// URL"),
    ("DATABASE_URL", "postgresql://u:secret-word@db:port/mc", "postgresql://user:password@host:5432/database"),
    ("DATABASE_OWNER_URL", "mysql://u:secret-word@db/mc", "must be a postgresql:// URL"),
]


@pytest.mark.sampled(10)
@pytest.mark.parametrize(("variable", "value", "words"), WRONG)
def test_a_wrong_value_is_told_with_its_variable_and_the_remedy(variable: str, value: str, words: str) -> None:
    line = complaint(**{variable: value})
    assert line.startswith(f"manage.py: {variable} ") or line.startswith(f"manage.py: {variable}: ")
    assert words in line
    assert "secret-word" not in line


@pytest.mark.parametrize("wrong", ["a file", "below a file", "of another process"])
def test_a_data_folder_that_cannot_be_used_is_told_with_what_to_set(tmp_path: Path, wrong: str) -> None:
    in_the_way = tmp_path / "taken"
    in_the_way.write_text("not a folder")
    folder = {"a file": in_the_way, "below a file": in_the_way / "data", "of another process": Path("/proc/1/data")}[
        wrong
    ]
    line = complaint(DATABASE_URL="", DATA_DIR=str(folder))
    assert str(folder) in line
    assert "DATA_DIR" in line
    assert in_the_way.read_text() == "not a folder"


def test_no_complaint_shows_the_value_of_a_secret() -> None:
    for variable in ("SECRET_KEY", "SECRETS_KEYS"):
        assert "hush-hush" not in complaint(**{variable: "hush-hush"})


@pytest.mark.sampled(1)
@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7:8080", "[::1]:8080", "localhost"])
def test_a_monitor_on_this_machine_may_be_told_over_plain_http(host: str) -> None:
    assert check(HEARTBEAT_URL=f"http://{host}/ping").returncode == 0


def test_a_host_list_may_be_missing_only_while_debugging() -> None:
    assert check(ALLOWED_HOSTS="", DEBUG="true").returncode == 0


def test_every_variable_that_is_read_has_a_wrong_value_here() -> None:
    """So that a new one comes with its message. DATA_DIR has a test of its own."""
    text = "".join(
        (ROOT / "migracloud" / name).read_text() for name in ("settings.py", "environment.py", "database.py")
    )
    read = set(re.findall(r"""(?:env|self)\.(?:get|text|truth|whole|words)\(\s*"([A-Z_]+)\"""", text))
    assert read == {variable for variable, _, _ in WRONG} | {"DATA_DIR"} == set(OF_OURS)


def test_a_database_that_is_away_is_told_in_one_line_that_names_the_variable() -> None:
    done = check("manage.py", "migrate", DATABASE_OWNER_URL="postgresql://owner@127.0.0.1:1/mc")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("manage.py: PostgreSQL cannot be reached")
    assert "DATABASE_URL" in line


def test_the_web_server_tells_a_wrong_value_once_and_does_not_start() -> None:
    conf = "python:migracloud.gunicorn_conf"
    done = check("-m", "gunicorn", "-c", conf, "--bind", "127.0.0.1:0", "migracloud.wsgi", WORKERS="x")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["migracloud: WORKERS is 'x': set it to a whole number from 1 to 64."]
