"""`manage.py operations`: what it lists, tells, does, and with which exit status it ends."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.rows import new_id
from operations.models import Cancellation, Freeze, Operation
from tenants.services import create_tenant
from tests.desk import make_pods

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(world, alice) -> Operation:
    make_pods(alice, 1)
    made: Operation = Operation.objects.get()
    return made


@pytest.fixture
def stuck(operation: Operation) -> Operation:
    operation.steps.filter(name="clone").update(state="undoing")
    Operation.objects.update(
        state="needs_attention", direction="undo", error_step="clone", error_code="node_offline", error_message="Off."
    )
    operation.refresh_from_db()
    return operation


def run(*arguments: Any) -> str:
    out, err = StringIO(), StringIO()
    call_command("operations", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def refused(*arguments: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value


def test_it_lists_what_is_not_done_and_what_needs_a_person(operation):
    assert str(operation.pk) in run("list")
    Operation.objects.update(state="succeeded")
    assert run("list") == "There are none.\n"
    assert str(operation.pk) in run("list", "--all")
    assert str(operation.pk) in run("list", "--state", "succeeded", "--kind", "create", "--tenant", "TENANT-101")
    create_tenant(by=SYSTEM, reference="TENANT-150", name="Another")
    assert run("list", "--all", "--tenant", "TENANT-150") == "There are none.\n"


def test_it_tells_of_one_with_each_try_and_the_nodes_own_words(stuck):
    told = run("show", stuck.pk)
    for words in (
        "alice asked to create pod web-0.",
        "Not undone yet: clone",
        "Node pve did not answer.",
        "TASK ERROR",
        f"id: {stuck.pk}",
        f"pod: {stuck.subject_id}",
        "tenant: TENANT-101",
        f"asked: {stuck.created_at:%Y-%m-%d %H:%M:%S} UTC",
    ):
        assert words in told


def test_it_tells_of_one_that_goes_on_when_it_is_tried_next_and_until_when(operation):
    told = run("show", operation.pk)
    assert f"next try: {operation.due_at:%Y-%m-%d %H:%M:%S} UTC" in told
    assert f"gives up: {operation.deadline_at:%Y-%m-%d %H:%M:%S} UTC" in told


def test_the_record_says_who_typed_it(operation, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "olga")
    run("cancel", operation.pk)
    assert Cancellation.objects.get().actor_name == "olga at the command line"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "x"), "'x' is no id"),
        (("list", "--most", "0"), "no whole number from 1"),
        (("list", "--most", "-1"), "no whole number from 1"),
        (("list", "--tenant", "TENANT-999"), "There is no tenant TENANT-999"),
        (("freeze", "--reason", "x", "--minutes", "99999999999"), "from 1 to 525600"),
    ],
)
def test_an_argument_that_cannot_be_is_told(arguments, words, world):
    assert words in str(refused(*arguments))


def test_it_cancels_and_a_dry_run_does_not(operation):
    assert "would be asked" in run("cancel", operation.pk, "--dry-run")
    assert not Cancellation.objects.exists()
    assert "is asked to go back" in run("cancel", operation.pk, "--reason", "a mistake")
    assert Cancellation.objects.get().reason == "a mistake"
    Operation.objects.update(state="succeeded")
    assert "It has ended already" in str(refused("cancel", operation.pk, "--dry-run"))


@pytest.mark.parametrize("verb", ["retry", "skip", "resolve"])
def test_it_deals_with_what_needs_attention_for_a_reason(verb, stuck):
    assert "--reason" in str(refused(verb, stuck.pk))
    run(verb, stuck.pk, "--reason", "the node is back", "--dry-run")
    stuck.refresh_from_db()
    assert stuck.state == "needs_attention"
    assert not AuditEvent.objects.filter(action=f"operation.{verb}")
    run(verb, stuck.pk, "--reason", "the node is back")
    stuck.refresh_from_db()
    assert stuck.state == ("resolved" if verb == "resolve" else "queued")
    assert refused(verb, stuck.pk, "--reason", "again").returncode == 1


def test_it_freezes_and_thaws(world):
    assert run("thaw") == "Nothing is frozen.\n"
    run("freeze", "--reason", "upgrade", "--dry-run")
    assert not Freeze.objects.exists()
    told = run("freeze", "--reason", "upgrade", "--cluster", "pve-a", "--minutes", 5)
    row = Freeze.objects.get()
    assert f"Cluster pve-a is frozen. End it with: manage.py operations thaw {row.pk}" in told
    assert str(row.pk) in run("thaw")
    assert "goes on" in run("thaw", row.pk, "--reason", "done")
    assert run("thaw") == "Nothing is frozen.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", new_id()),
        ("cancel", new_id()),
        ("thaw", new_id()),
        ("freeze", "--reason", "x", "--cluster", "none-such"),
        ("freeze", "--reason", "x", "--minutes", "0"),
    ],
)
def test_what_there_is_not_ends_with_status_2(arguments, world):
    assert refused(*arguments).returncode == 2


def test_versions_say_which_tables_are_needed_and_which_can_go(operation):
    told = {tuple(line.split()[:2]): line for line in run("versions").splitlines()}
    assert "1 open, 0 need attention" in told["create", "1"]
    assert "in use" in told["create", "1"]
    assert "can go" in told["destroy", "1"]
    assert "in use" in told["destroy", "2"]
    Operation.objects.update(kind="destroy", state="needs_attention")
    assert "needed: keep its table" in run("versions")
    Operation.objects.update(kind="destroy", version=1, state="succeeded")
    assert "needed: keep" not in run("versions")


@pytest.mark.parametrize("state", ["parked", "blocked", "needs_attention"])
def test_versions_end_with_status_1_when_rows_need_what_this_release_lacks(state, operation):
    Operation.objects.update(version=99, state=state)
    lacks = refused("versions")
    assert (lacks.returncode, "create 99" in str(lacks)) == (1, True)
    Operation.objects.update(state="succeeded")
    run("versions")
