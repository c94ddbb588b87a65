"""A node that is lost for good is given up without reaching it; what it held is nobody's until it is surely wiped."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from audit.services import SYSTEM
from clusters.findings import open_findings
from clusters.models import Node
from core.errors import Refused
from ipam.models import IPLease
from operations.claims import Lease
from operations.models import LanePlace, Operation
from pods import holdings, writing_off
from pods.models import CloudPod, VmidHold
from pods.queries import held_by
from pods.services import destroy_pod, stop_pod
from pods.writing_off import (
    NodeNotLost,
    NodeWrittenOff,
    write_off_node,
)
from tests.pods.conftest import ended, fresh, pod_of

pytestmark = pytest.mark.django_db

Phase = CloudPod.Phase


def write_off(node):
    return write_off_node(by=SYSTEM, node=node, reason="it burnt down")


def of_node(node):
    return Node.objects.get(pk=node.pk)


# What becomes of pods and of what is done with them


def test_its_pods_are_lost_their_quota_and_names_free_and_nobody_is_asked(lost_node, burn, create, plane, work, alice):
    pods = [pod_of(create(name)) for name in ("one", "two")]
    work.until_idle()
    burn()
    plane.clear_record()
    assert write_off(lost_node) == pods
    assert plane.record() == []
    assert {(fresh(pod).phase, fresh(pod).gone_at is not None) for pod in pods} == {(Phase.LOST, True)}
    assert held_by(alice.tenant) == {"pods": 0, "cores": 0, "memory_mib": 0, "disk_gib": 0}
    node = of_node(lost_node)
    assert (node.enabled, node.written_off_at is not None) == (False, True)
    assert not node.template_copies.filter(enabled=True)
    again = create("one")
    work.until_idle()
    assert ended(again).state == "succeeded"
    assert pod_of(again).node.name == "pve"


def test_it_is_audited_for_the_node_and_for_each_pod(lost_node, burn, create, work, alice):
    pod = pod_of(create())
    work.until_idle()
    burn()
    write_off(lost_node)
    of_pod = AuditEvent.objects.get(action="pod.lost")
    assert (of_pod.tenant_reference, of_pod.resource_id, of_pod.reason) == ("TENANT-101", pod.pk, "it burnt down")
    assert (of_pod.before, of_pod.after) == ({"phase": "active"}, {"node": "pve-02", "vmid": pod.vmid})
    event = AuditEvent.objects.get(action="node.write_off")
    assert (event.resource_name, event.after) == ("pve-a/pve-02", {"pods": 1})


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_what_is_being_done_ends_without_a_call_wherever_it_is(rounds, lost_node, burn, create, plane, work):
    plane.hold_tasks()
    operation = create()
    for _ in range(rounds):
        work.drive_due()
        work.tick()
    burn()
    plane.clear_record()
    write_off(lost_node)
    assert ended(operation).state == "resolved"
    assert (operation.error_code, "pve-02 was written off" in operation.error_message) == ("node_written_off", True)
    assert not LanePlace.objects.all()
    plane.release_tasks()
    work.until_idle()
    assert plane.record() == []
    assert pod_of(operation).phase == Phase.LOST


def test_a_worker_that_has_the_operation_just_now_writes_and_asks_nothing_more(
    lost_node, burn, create, plane, work, monkeypatch
):
    operation = create()
    renew = Lease.renew

    def then_the_node_is_given_up(lease):
        renew(lease)
        monkeypatch.setattr(Lease, "renew", renew)
        burn()
        write_off(lost_node)
        renew(lease)

    monkeypatch.setattr(Lease, "renew", then_the_node_is_given_up)
    assert work.drive(operation) == "lease lost"
    assert plane.record() == []
    assert ended(operation).state == "resolved"


def test_what_stands_behind_another_operation_ends_too_and_its_turn_never_comes(
    lost_node, burn, create, plane, alice, work
):
    pod = pod_of(create())
    work.until_idle()
    plane.hold_tasks()
    first = stop_pod(by=alice.actor, pod=pod)
    work.drive_due()
    second = destroy_pod(by=alice.actor, pod=pod)
    assert second.state == "blocked"
    burn()
    write_off(lost_node)
    assert (ended(first).state, ended(second).state) == ("resolved", "resolved")
    assert not Operation.objects.filter(state__in=Operation.OPEN)


def test_a_pod_that_is_deleted_suspended_or_needs_attention_is_lost_as_well(lost_node, burn, create, alice, work):
    deleted, suspended, odd = (pod_of(create(name)) for name in ("deleted", "suspended", "odd"))
    work.until_idle()
    destroy_pod(by=alice.actor, pod=deleted)
    work.until_idle()
    assert fresh(deleted).phase == Phase.DELETED
    CloudPod.objects.filter(pk=suspended.pk).update(suspended_at="2026-01-01T00:00:00Z", suspended_reason="unpaid")
    CloudPod.objects.filter(pk=odd.pk).update(phase=Phase.NEEDS_ATTENTION)
    Operation.objects.filter(subject_id=odd.pk).update(state="needs_attention")
    burn()
    write_off(lost_node)
    assert {fresh(pod).phase for pod in (deleted, suspended, odd)} == {Phase.LOST}
    assert Operation.objects.get(subject_id=odd.pk).state == "resolved"
    assert not IPLease.objects.filter(released_at=None)


def test_pods_on_other_nodes_stay_and_so_does_one_that_was_moved_away_by_hand(
    lost_node, burn, create, plane, work, alice, world
):
    moved = pod_of(create("moved"))
    work.until_idle()
    plane.move(moved.vmid, "pve")
    work.observe()
    burn()
    other = pod_of(create("other"))
    work.until_idle()
    work.observe()
    assert write_off(lost_node) == []
    assert (fresh(other).phase, fresh(moved).phase) == (Phase.ACTIVE, Phase.ACTIVE)
    assert fresh(moved).node.name == "pve"
    operation = stop_pod(by=alice.actor, pod=fresh(moved))
    work.until_idle()
    assert ended(operation).state == "succeeded"


def test_a_pod_that_was_moved_onto_it_by_hand_is_lost_with_it(lost_node, burn, create, plane, work, world):
    world.nodes["pve"].enabled, lost_node.enabled = True, False
    world.nodes["pve"].save()
    lost_node.save()
    pod = pod_of(create())
    work.until_idle()
    plane.move(pod.vmid, "pve-02")
    work.observe()
    burn()
    work.observe()
    assert write_off(lost_node) == [pod]
    assert VmidHold.objects.get(pod=pod).held_back
    assert fresh(pod).node == lost_node


def test_cut_short_it_goes_on_when_it_is_asked_for_again(lost_node, burn, create, work, monkeypatch):
    pods = [pod_of(create(name)) for name in ("one", "two", "three")]
    work.until_idle()
    burn()
    real, calls = holdings.lose, []

    def dies_at_the_second(pod):
        calls.append(pod)
        if len(calls) == 2:
            raise RuntimeError("killed")
        real(pod)

    monkeypatch.setattr(writing_off, "lose", dies_at_the_second)
    with pytest.raises(RuntimeError):
        write_off(lost_node)
    assert [fresh(pod).phase for pod in pods] == [Phase.LOST, Phase.ACTIVE, Phase.ACTIVE]
    assert write_off(lost_node) == pods[1:]
    assert {fresh(pod).phase for pod in pods} == {Phase.LOST}


# What is refused


def test_a_node_that_was_seen_online_is_not_written_off(lost_node, work):
    work.observe()
    with pytest.raises(NodeNotLost, match="seen online"):
        write_off(lost_node)
    assert of_node(lost_node).written_off_at is None


def test_it_is_written_off_once_with_a_reason(lost_node, burn):
    burn()
    with pytest.raises(Refused, match="Say why"):
        write_off_node(by=SYSTEM, node=lost_node, reason=" ")
    write_off(lost_node)
    with pytest.raises(NodeWrittenOff):
        write_off(lost_node)


def test_a_node_that_is_written_off_is_not_told_to_be_offline(lost_node, burn, create, work):
    create()
    work.until_idle()
    burn()
    work.observe()
    work.observe()
    assert open_findings().get().code == "node_offline"
    write_off(lost_node)
    work.observe()
    assert not open_findings()


# The command


def run(*words, typed="", monkeypatch=None):
    if monkeypatch is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    out = io.StringIO()
    call_command("node", *words, stdout=out)
    return out.getvalue()


def test_the_command_says_first_what_is_lost_and_changes_nothing_unless_it_is_confirmed(
    lost_node, burn, create, work, monkeypatch
):
    pod = pod_of(create())
    work.until_idle()
    burn()
    asked = ("write-off", "pve-a/pve-02", "--reason", "it burnt down")
    dry = run(*asked, "--dry-run")
    assert f"lost: TENANT-101  web  CT {pod.vmid}  active" in dry
    with pytest.raises(CommandError, match=r"Nothing was changed\."):
        run(*asked, typed="yes\n", monkeypatch=monkeypatch)
    assert of_node(lost_node).written_off_at is None
    assert "written off, 1 pods" in run(*asked, typed="pve-a/pve-02\n", monkeypatch=monkeypatch)
    assert fresh(pod).phase == Phase.LOST
    assert "pve-a/pve-02  written off  0 pods (not offered by placement)" in run("list")
    assert "1 addresses" in run("declare-wiped", "pve-a/pve-02", "--reason", "scrapped", "--yes")


def test_the_command_refuses_in_words(lost_node, work):
    with pytest.raises(CommandError, match=r"There is no node pve-a/pve-99"):
        run("write-off", "pve-a/pve-99", "--reason", "typed wrongly")
    work.observe()
    with pytest.raises(CommandError, match="seen online"):
        run("write-off", "pve-a/pve-02", "--reason", "typed wrongly", "--yes")
