"""Findings: one a thing for as long as it is so, told with what to do, closed by what shows it or by a person."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from audit.models import AuditEvent
from clusters.dataplane import errors
from clusters.findings import (
    USUAL,
    Code,
    FindingClosed,
    close_by_person,
    close_finding,
    open_finding,
    open_findings,
)
from clusters.halting import halt
from clusters.models import Finding
from core.clock import control_now
from core.errors import Invalid, Refused
from migracloud.database import ROOT
from operations.errors import Fail, Refuse, Retry, StepError, Wait
from operations.freezing import check_not_frozen
from tests.factories import make_cluster
from tests.together import together


@pytest.fixture
def full(world):
    """Note that a storage is full."""

    def note(about="storage s on node n", cluster=world.cluster):
        return open_finding(cluster=cluster, code=Code.STORAGE_FULL, about=about, storage="s", node="n")

    return note


@pytest.mark.django_db
def test_a_thing_is_found_once_and_seen_again(full, work):
    assert full()
    first = Finding.objects.get()
    assert first.what_to_do == "Make room on storage s of node n, or enlarge it."
    work.pass_time(minutes=5)
    assert not full()
    again = Finding.objects.get()
    assert again.opened_at == first.opened_at
    assert again.seen_at > first.seen_at


@pytest.mark.django_db
def test_other_things_and_other_clusters_are_other_findings(full, plane):
    full()
    full(about="storage s on node m")
    other = make_cluster(plane, name="pve-z")
    full(cluster=other)
    assert Finding.objects.count() == 3
    assert open_findings(other).count() == 1


@pytest.mark.django_db
def test_what_is_over_and_comes_again_is_a_new_finding(full, world):
    full()
    assert close_finding(cluster=world.cluster, code=Code.STORAGE_FULL, because="it has room") == 1
    assert not open_findings()
    assert full()
    assert list(Finding.objects.order_by("id").values_list("closed_because", flat=True)) == ["it has room", ""]


@pytest.mark.django_db
def test_what_was_found_after_a_look_began_is_not_closed_by_it(full, world, work):
    began = control_now()
    work.pass_time(seconds=1)
    full()
    assert not close_finding(cluster=world.cluster, code=Code.STORAGE_FULL, because="so it looked", as_of=began)
    assert open_findings().count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_who_find_the_same_at_once_find_it_once(world):
    def find(number):
        with transaction.atomic():
            return open_finding(cluster=world.cluster, code=Code.NO_QUORUM, about="the cluster", detail=str(number))

    assert sorted(together(8, find)) == [False] * 7 + [True]
    assert Finding.objects.count() == 1


@pytest.mark.django_db
def test_a_person_closes_one_with_a_reason_once_and_it_is_audited(full, olga):
    full()
    finding = Finding.objects.get()
    with pytest.raises(Invalid):
        close_by_person(by=olga.actor, finding=finding, reason=" ")
    closed = close_by_person(by=olga.actor, finding=finding, reason="made room")
    assert closed.closed_because == f"{olga.actor.name}: made room"
    event = AuditEvent.objects.get(action="finding.close")
    assert (event.reason, event.before["about"]) == ("made room", "storage s on node n")
    with pytest.raises(FindingClosed):
        close_by_person(by=olga.actor, finding=finding, reason="again")


def run(*words):
    out = io.StringIO()
    call_command("findings", *words, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_lists_what_needs_a_person_and_closes_it(full):
    assert "Nothing needs a person." in run()
    full()
    finding = Finding.objects.get()
    shown = run()
    assert f"{finding.pk}  critical  pve-a  storage_full: storage s on node n" in shown
    assert finding.what_to_do in shown
    run("close", str(finding.pk), "--reason", "made room")
    assert "Nothing needs a person." in run("list")
    assert "at the command line: made room" in run("list", "--all")
    with pytest.raises(CommandError, match="closed already"):
        run("close", str(finding.pk), "--reason", "again")
    with pytest.raises(CommandError, match="There is no finding"):
        run("close", "nonsense", "--reason", "x")


def test_every_code_says_how_grave_it_is_and_what_to_do():
    assert set(USUAL) == set(Code)
    assert all(usual.what_to_do.endswith((".", "}")) for usual in USUAL.values())


# docs/moods.md

MOODS = Path(ROOT / "docs" / "moods.md").read_text()
FAMILIES = {"wait": Wait, "retry": Retry, "refuse": Refuse, "fail": Fail}


def rows():
    return [
        line.split("|")[1:-1] for line in MOODS.splitlines() if line.startswith("| ") and "| how it shows" not in line
    ]


def told():
    """The types of the table, each with its family's name."""
    return {found for row in rows() for found in re.findall(r"`(\w+)` \((\w+)\)", row[2])}


def ours():
    every = vars(errors).values()
    return {
        one
        for one in every
        if isinstance(one, type) and issubclass(one, StepError) and one.__module__ == errors.__name__
    }


def test_every_error_of_the_data_plane_is_told_in_the_table_of_moods_with_its_family():
    assert {name for name, _ in told()} == {error.__name__ for error in ours()}
    wrong = [(name, family) for name, family in told() if not issubclass(getattr(errors, name), FAMILIES[family])]
    assert not wrong


def test_every_finding_is_told_in_the_document_of_moods():
    assert [code for code in Code if f"`{code}`" not in MOODS] == []


def test_every_row_of_the_table_says_what_the_operation_does():
    assert all(row[3].strip() and row[4].strip() for row in rows())
    assert {len(row) for row in rows()} == {6}


@pytest.mark.parametrize(
    ("error", "tries"), [(errors.AnswerLost, 5), (errors.Changed, 10), (errors.NotFound, 5), (errors.WrongState, 5)]
)
def test_the_limits_in_the_table_are_those_of_the_types(error, tries):
    row = next(row for row in rows() if f"`{error.__name__}`" in row[2])
    assert error.tries == tries
    assert f"{tries} tries" in row[3]


@pytest.mark.parametrize("error", [errors.NoConnection, errors.Unavailable, errors.NoQuorum, errors.NodeOffline])
def test_an_outage_has_no_limit_but_the_deadline_as_the_table_says(error):
    row = next(row for row in rows() if f"`{error.__name__}`" in row[2])
    assert error.tries is None
    assert "until the deadline" in row[3]


@pytest.mark.django_db
def test_nobody_but_staff_is_told_more_than_that_a_cluster_stands_still(world):
    with transaction.atomic():
        halt(world.cluster, "token_refused", "Cluster pve-a at https://10.1.10.70:8006 does not accept our API token.")
    with pytest.raises(Refused) as refused:
        check_not_frozen(world.cluster.place)
    assert "10.1.10.70" not in refused.value.message
