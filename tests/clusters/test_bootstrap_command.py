"""`manage.py bootstrap` as an operator meets it: what it prints, and how it refuses.

Decides: the words. Not: what a declaration becomes (test_bootstrap.py).
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clusters.models import Cluster
from tests.clusters.declared import DEMO, SECRET, SUBNET, TIER, everything


def command(file: Path, *options: str) -> str:
    out = StringIO()
    call_command("bootstrap", str(file), *options, stdout=out)
    return out.getvalue()


def test_the_command_creates_then_says_that_nothing_changed(environ: dict[str, str]) -> None:
    dry = command(DEMO, "--dry-run")
    assert "Dry run, nothing was changed." in dry
    assert not Cluster.objects.exists()

    first, second = command(DEMO), command(DEMO)

    assert "created         node pve of cluster migracloud (address 10.1.10.70)" in first
    assert "unchanged       node pve of cluster migracloud\n" in second
    assert "Nothing changed: 0 created, 0 updated, 0 removed, " in second
    assert environ[SECRET] not in dry + first + second


def test_the_command_shows_an_update_as_before_and_after(environ: dict[str, str], tmp_path: Path) -> None:
    command(DEMO)
    file = tmp_path / "cluster.toml"
    file.write_text(DEMO.read_text().replace("keep_last = 7", "keep_last = 14"))

    assert "keep_last: 7 -> 14" in command(file)


def test_the_command_lists_every_problem_and_changes_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    file.write_text(DEMO.read_text().replace("10.1.10.250", "10.1.11.250").replace('"archive"', '"attic"'))
    before = everything()

    with pytest.raises(CommandError) as refused:
        command(file)

    assert refused.value.returncode == 1
    assert "2 problems" in str(refused.value)
    assert f"{SUBNET}.ranges[0].last: " in str(refused.value)
    assert f"{TIER}[3].role: " in str(refused.value)
    assert everything() == before


def test_a_secret_that_only_others_will_need_is_a_warning(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRET)

    assert "warning         clusters[0].token.secret_env: DEMO_PVE_TOKEN_SECRET is not set here." in command(DEMO)
