"""`manage.py cluster add` as a newcomer meets it: at a cluster where nothing is called as it is with us.

Decides: what is asked, refused and written. Not: what bootstrap makes of a declaration (test_bootstrap.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clusters.adding.write import toml_of, write_whole
from clusters.bootstrap import bootstrap
from clusters.declaration import read_declaration
from clusters.models import Cluster
from demo.handle import ROOT, FakeHandle, start_fake
from pods.models import CloudPod
from pods.services import create_pod
from tests.cast import Person
from tests.fleet import url_of_test_database
from tests.pods.conftest import pod_of
from tests.work import Work

RANGE, GATEWAY = "192.168.40.5-192.168.40.200", "192.168.40.1"
Add = Callable[..., tuple[str, int]]


@pytest.fixture(scope="session")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHandle]:
    with start_fake(tmp_path_factory.mktemp("elsewhere"), layout="elsewhere") as fake:
        yield fake


@pytest.fixture
def elsewhere(_elsewhere: FakeHandle) -> FakeHandle:
    _elsewhere.reset()
    return _elsewhere


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


@pytest.fixture
def flags(elsewhere: FakeHandle, db: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What has no default, and no more."""
    monkeypatch.setenv("PVE_TOKEN", elsewhere.ready.token_secret)
    return {
        "endpoint": elsewhere.url,
        "fingerprint": elsewhere.ready.fingerprint,
        "token_id": elsewhere.ready.token_id,
        "gateway": GATEWAY,
        "range": RANGE,
    }


def answers_of(elsewhere: FakeHandle) -> list[str]:
    """The same by hand; an empty line takes what stands in brackets."""
    reach = [elsewhere.url, "yes", elsewhere.ready.token_id, ""]
    return [*reach, "", "", "", "", "", GATEWAY, RANGE, "", "", ""]


@pytest.fixture
def add(file: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """What the command says, and its exit status. `lines` are what somebody types or a pipe holds."""

    def run(*, lines: list[str] | None = None, **flags: Any) -> tuple[str, int]:
        out = StringIO()
        monkeypatch.setattr(sys, "stdin", StringIO("".join(f"{line}\n" for line in lines or [])))
        try:
            call_command("cluster", "add", str(file), yes=lines is None, stdout=out, **flags)
        except CommandError as error:
            return out.getvalue() + str(error), error.returncode
        return out.getvalue(), 0

    return run


def test_flags_alone_declare_a_cluster_that_nobody_knew(add, flags, file, elsewhere):
    said, status = add(**flags)
    assert (status, said.splitlines()[-1]) == (0, f"Next: manage.py bootstrap {file}"), said
    declared = tomllib.loads(file.read_text())
    [cluster] = declared["clusters"]
    assert (cluster["name"], cluster["key_delivery"]) == ("elsewhere", "env")
    assert cluster["fingerprint"] == elsewhere.ready.fingerprint
    assert {tier["name"]: tier["role"] for tier in cluster["tiers"]} == {
        "tank": "primary",
        "nas": "backup",
        "images": "template",
    }
    assert cluster["tiers"][0]["clone_mode"] == "linked"
    assert cluster["template_copies"] == [
        {"template": "golden-debian", "node": "host-one", "tier": "tank", "vmid": 5000}
    ]
    assert cluster["template_vmids"] == {"first": 5000, "last": 5099}
    assert cluster["pod_vmids"] == {"first": 5100, "last": 5999}
    assert cluster["attachments"] == [{"network": "elsewhere", "bridge": "vmbr7"}]
    [subnet] = declared["networks"][0]["subnets"]
    assert (subnet["cidr"], subnet["gateway"]) == ("192.168.40.0/24", GATEWAY)
    assert subnet["exclusions"] == [
        {"address": "192.168.40.11", "reason": "Proxmox node host-one"},
        {"address": "192.168.40.12", "reason": "Proxmox node host-two"},
    ]
    size = {"cores": 2, "memory_mib": 2048, "swap_mib": 512, "disk_gib": 8}
    assert declared["templates"] == [{"name": "golden-debian", "appliance": "unknown"} | size]
    assert not [entry for entry in elsewhere.record() if entry["method"] != "GET"]


def test_typed_answers_come_to_the_same_as_flags(add, flags, file, elsewhere):
    add(**flags)
    by_flags = file.read_text()
    file.unlink()
    said, status = add(lines=answers_of(elsewhere))
    assert (status, file.read_text()) == (0, by_flags), said
    assert "Is it the same? (yes or no)" in said


def test_the_file_is_what_bootstrap_reads_and_a_pod_comes_of_it(add, flags, file, elsewhere, alice: Person):
    add(**flags)
    bootstrap(read_declaration(file))
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    Work(elsewhere).until_idle()
    pod = pod_of(operation)
    assert (pod.phase, pod.node.name) == (CloudPod.Phase.ACTIVE, "host-one")
    assert elsewhere.cts()[pod.vmid]["status"] == "running"
    assert call_command("cluster", "check", "elsewhere", stdout=StringIO()) is None


def test_neither_the_file_nor_the_words_hold_the_secret(add, flags, file, elsewhere):
    said, _ = add(**flags)
    assert elsewhere.ready.token_secret not in said + file.read_text()
    assert 'secret_env = "PVE_TOKEN"' in file.read_text()


@pytest.mark.parametrize("missing", ["endpoint", "fingerprint", "token_id", "gateway", "range"])
def test_what_has_no_default_is_named_by_its_flag(missing, add, flags, file):
    del flags[missing]
    said, status = add(**flags)
    assert status == 2
    assert f"--{missing.replace('_', '-')} is missing" in said
    assert not file.exists()


def test_another_fingerprint_ends_it_before_the_token_is_sent(add, flags, file, elsewhere):
    said, status = add(**flags | {"fingerprint": "ab" * 32})
    assert (status, file.exists()) == (2, False)
    assert "another one. Nothing was sent to it" in said
    assert not elsewhere.record()


def test_a_fingerprint_that_is_not_confirmed_ends_it_before_the_token_is_sent(add, flags, elsewhere):
    said, status = add(lines=[elsewhere.url, "no", "never read"])
    assert (status, "was not confirmed" in said) == (2, True)
    assert not elsewhere.record()


def test_a_ca_file_stands_in_place_of_the_question(add, flags, file, elsewhere):
    del flags["fingerprint"]
    _, status = add(**flags, ca_file=elsewhere.ready.ca_file)
    [cluster] = tomllib.loads(file.read_text())["clusters"]
    assert (status, cluster["ca_file"], "fingerprint" in cluster) == (0, elsewhere.ready.ca_file, False)


# The number of the answer that is wrong, what is typed there, and what is said before it is asked again.
WRONG = [
    (0, "http://pve", "is not an endpoint"),
    (1, "maybe", "Answer yes or no."),
    (2, "me", "of the form user@realm!name"),
    (2, "root@pam!x", "A token of root@pam may do everything"),
    (4, "Our Cluster", "1 to 63 of a-z"),
    (5, "golden-ubuntu", "is none of golden-debian"),
    (6, "vmbr9", "is none of vmbr7"),
    (8, "192.168.40.0/33", "is no IPv4 network"),
    (9, "10.0.0.1", "is no host's address in 192.168.40.0/24"),
    (9, "", "This needs an answer."),
    (10, "192.168.40.200-192.168.40.5", "comes after the last address"),
    (11, "192.168.40.10-192.168.40.20", "192.168.40.11 is left out already"),
    (12, "6000-6099", "leaves out the template copies 5000"),
    (13, "5050-5150", "overlaps 5000-5099"),
]


@pytest.mark.parametrize(("number", "typed", "words"), WRONG)
def test_a_wrong_answer_is_told_and_asked_again(number, typed, words, add, flags, file, elsewhere):
    lines = answers_of(elsewhere)
    lines.insert(number, typed)
    said, status = add(lines=lines)
    assert words in said
    assert (status, file.exists()) == (0, True), said


@pytest.mark.parametrize("count", range(14))
def test_input_that_ends_writes_nothing_and_names_the_flag(count, add, flags, file, elsewhere):
    said, status = add(lines=answers_of(elsewhere)[:count])
    assert (status, file.exists()) == (2, False)
    assert "The input ended" in said
    assert "Nothing was written." in said
    assert "--" in said


def test_a_file_that_is_there_is_left_alone_unless_told_otherwise(add, flags, file, elsewhere):
    file.write_text("mine")
    said, status = add(**flags)
    assert (status, file.read_text(), elsewhere.record()) == (2, "mine", [])
    assert "--force" in said
    assert add(**flags, force=True)[1] == 0
    assert "elsewhere" in file.read_text()
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_what_the_token_lacks_is_told_and_the_file_is_written_to_go_on_with(add, flags, file, elsewhere):
    elsewhere.revoke("VM.Backup")
    said, status = add(**flags)
    assert (status, file.exists()) == (1, True)
    assert "lacks VM.Backup" in said
    assert f"Then: manage.py bootstrap {file}" in said


def test_a_token_that_may_not_look_is_told_which_privilege_it_lacks(add, flags, file, elsewhere):
    elsewhere.revoke("Sys.Audit")
    said, status = add(**flags)
    assert (status, file.exists()) == (2, False)
    assert "lacks the privilege Sys.Audit on /" in said


def test_a_refused_token_is_told(add, flags, file, elsewhere):
    elsewhere.refuse_token()
    said, status = add(**flags)
    assert (status, file.exists(), "does not accept our API token" in said) == (2, False, True)
    assert "taken from PVE_TOKEN, in the environment or in .env" in said


def test_a_cluster_that_does_not_answer_is_told(add, flags, elsewhere):
    elsewhere.unreachable()
    said, status = add(**flags)
    assert (status, "is its port open to this machine?" in said) == (2, True)


def test_a_secret_that_is_not_set_is_asked_for_and_never_written(add, flags, file, elsewhere, monkeypatch):
    monkeypatch.delenv("PVE_TOKEN")
    lines = answers_of(elsewhere)
    lines.insert(4, elsewhere.ready.token_secret)
    said, status = add(lines=lines)
    assert status == 0
    assert "Set PVE_TOKEN to the token's secret" in said
    assert elsewhere.ready.token_secret not in said + file.read_text()


def test_what_the_database_holds_against_it_is_told(add, flags, file):
    add(**flags)
    bootstrap(read_declaration(file))
    said, status = add(**flags, force=True, name="another")
    assert status == 1
    assert "is an endpoint of cluster elsewhere already" in said
    assert Cluster.objects.count() == 1


def test_a_cluster_without_a_template_is_declared_without_one(add, flags, file, elsewhere):
    elsewhere.remove_ct(5000)
    said, status = add(**flags)
    assert (status, "no pod can be made until one is" in said) == (0, True)
    assert "template_copies" not in file.read_text()


def test_pods_are_given_vmids_that_no_guest_has(add, flags, file, elsewhere):
    elsewhere.put_ct("host-two", 5432)
    add(**flags)
    [cluster] = tomllib.loads(file.read_text())["clusters"]
    assert cluster["pod_vmids"] == {"first": 5500, "last": 6399}


def test_whatever_is_written_reads_back_as_it_was():
    odd = 'a "quoted" \\ text with ü and # and [brackets]'
    document = {
        "networks": [{"name": odd, "subnets": [{"cidr": "10.0.0.0/24", "ranges": [{"first": "1", "last": "2"}]}]}]
    }
    cluster: dict[str, Any] = {"token": {"id": odd}, "tiers": [{"content": ["a", "b"], "shared": True, "keep_last": 7}]}
    document["clusters"] = [cluster]
    assert tomllib.loads(toml_of(document)) == document


def test_a_file_that_came_meanwhile_is_not_written_over(file):
    file.write_text("mine")
    with pytest.raises(FileExistsError):
        write_whole(file, "ours", replace=False)
    assert (file.read_text(), list(file.parent.iterdir())) == ("mine", [file])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_piped_into_a_process_it_does_the_same(elsewhere: FakeHandle, file: Path) -> None:
    env = {**os.environ, "DATABASE_URL": url_of_test_database(), "PVE_TOKEN": elsewhere.ready.token_secret}
    command = [sys.executable, "manage.py", "cluster", "add", str(file)]
    typed = "".join(f"{line}\n" for line in answers_of(elsewhere))
    done = subprocess.run(
        command, cwd=ROOT, env=env, input=typed, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert file.exists()
    cut = subprocess.run(
        [*command, "--force"], cwd=ROOT, env=env, input="", capture_output=True, text=True, timeout=60, check=False
    )
    assert cut.returncode == 2
    assert cut.stderr.strip().endswith("Nothing was written.")
