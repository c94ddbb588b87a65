"""`manage.py cluster check` as an operator or a timer meets it: the table, JSON for programs, exit statuses."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from clusters.models import Cluster
from demo.handle import start_fake
from tests.clusters.check.conftest import make_cluster
from tests.clusters.declared import ABSENT


def command(*arguments):
    """What it prints and its exit status."""
    out = StringIO()
    try:
        call_command("cluster", "check", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue() + str(error), error.returncode
    return out.getvalue(), 0


def test_a_cluster_that_lacks_nothing_is_exit_status_0(cluster):
    shown, status = command()
    assert status == 0
    assert shown.startswith("Cluster migracloud, ")
    assert "What to do" not in shown


def test_what_fails_is_in_the_table_with_its_remedy_in_a_line_and_the_exit_status_is_1(cluster, plane):
    plane.revoke("VM.Clone")
    plane.set_lock(9000, "disk")
    shown, status = command("migracloud")
    assert status == 1
    lines = shown.splitlines()
    assert (
        "failed   token VM.Clone: On a node, type: pveum role modify MigraCloud --append 1 --privs VM.Clone"
        " (MigraCloud: the token's role)"
    ) in lines
    assert "failed   lock CT 9000 on pve: On node pve, type: pct unlock 9000" in lines
    assert "cluster migracloud: " in lines[-1]
    assert "2 failed" in lines[-1]


def test_a_remedy_that_many_things_share_is_said_once(cluster, plane):
    plane.unreachable()
    shown, status = command()
    assert (status, shown.count("Mend what failed above, then check again.")) == (1, 1), shown
    assert " things: Mend what failed above, then check again." in shown


def test_a_warning_alone_is_exit_status_0(cluster, plane):
    plane.set_datacentre_firewall(False)
    shown, status = command()
    assert status == 0
    assert "warning  firewall datacentre: " in shown


def test_json_has_every_finding_and_no_secret(cluster, plane):
    plane.remove_bridge("vmbr0")
    shown, status = command("--json")
    [document] = json.loads(shown[: shown.rindex("]") + 1])
    assert (status, document["cluster"], document["failed"]) == (1, "migracloud", True)
    assert {"what": "bridge", "name": "vmbr0 on pve", "state": "failed"}.items() <= next(
        one for one in document["findings"] if one["what"] == "bridge"
    ).items()
    assert plane.ready.token_secret not in shown


def test_an_unknown_cluster_is_exit_status_2_and_the_known_ones_are_named(cluster, plane):
    shown, status = command("migracluod")
    assert (status, "There is no cluster migracluod. There are: migracloud." in shown) == (2, True)
    assert not plane.record()


def test_a_cluster_out_of_use_is_checked_only_by_name(cluster):
    Cluster.objects.update(enabled=False)
    assert command()[1] == 2
    assert command("migracloud")[1] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("days", "status", "words"),
    [(12, 0, "warning  certificate"), (0, 0, "0 days left"), (60, 0, "60 days left")],
)
def test_a_certificate_says_how_many_days_it_has_left(days, status, words, db, tmp_path, monkeypatch):
    with start_fake(tmp_path, certificate_days=days) as fake:
        monkeypatch.setenv("PVE_TOKEN", fake.ready.token_secret)
        make_cluster(fake)
        shown, got = command()
    assert (got, words in shown) == (status, True)
    assert ("pvecm updatecerts" in shown) == (days < 30)


@pytest.mark.slow
def test_a_pinned_certificate_that_has_expired_fails_though_work_goes_on(db, tmp_path, monkeypatch):
    """Its dates are not asked when it is pinned; somebody has to be told all the same."""
    with start_fake(tmp_path, certificate_days=-1) as fake:
        monkeypatch.setenv("PVE_TOKEN", fake.ready.token_secret)
        make_cluster(fake, ca_file=ABSENT, fingerprint=fake.ready.fingerprint)
        shown, status = command()
    assert status == 1
    assert "It has expired on" in shown
    assert "state the new fingerprint in the declaration" in shown
