"""Looks at clusters: one call each a minute, none in another's way, recorded with their time, or that none was had."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from threading import enumerate as threads

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.dataplane.port import Machine, Resources, Storage
from clusters.freshness import as_of, is_stale, standing
from clusters.looks import Look, Looks
from clusters.models import Cluster, ClusterObservation, Node, NodeObservation, StorageTier, TierObservation
from clusters.observation import record
from core.clock import control_now
from migracloud.observing import observe, observe_now, record_ended
from tests.factories import make_cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def looks():
    return Looks()


def seen_of(cluster):
    return ClusterObservation.objects.get(cluster=cluster)


def calls(plane):
    return [call["name"] for call in plane.record()]


# The rhythm


def test_a_cluster_is_asked_once_a_minute_with_one_call(world, plane, work, looks):
    plane.clear_record()
    for _ in range(3):
        observe_now(looks)
    assert calls(plane) == ["resources"]
    work.pass_time(seconds=59)
    observe_now(looks)
    assert calls(plane) == ["resources"]
    work.pass_time(seconds=2)
    observe_now(looks)
    assert calls(plane) == ["resources", "resources"]


def test_a_controller_that_takes_over_goes_on_where_the_other_was(world, plane, work):
    observe_now(Looks())
    plane.clear_record()
    observe_now(Looks())
    assert calls(plane) == []


def test_a_cluster_that_does_not_answer_is_not_asked_again_before_a_minute_either(world, plane, work, looks):
    plane.unreachable()
    observe_now(looks)
    assert looks.begin() == 0
    work.pass_time(seconds=61)
    assert looks.begin() == 1
    looks.wait()


def test_a_cluster_that_hangs_keeps_neither_the_tick_nor_another_cluster_waiting(world, plane, looks):
    plane.hold("resources")
    hanging = world.cluster
    observe(looks)
    plane.wait_held("resources")
    other = make_cluster(plane, name="pve-z")
    other.token_env, other.token_sealed = "NOBODY_SET_THIS", ""  # answers at once: with a reason
    other.save()
    observe(looks)
    assert not ClusterObservation.objects.filter(cluster=hanging).exists()
    assert seen_of(other).error_code == "cluster_not_configured"
    assert looks.begin() == 0  # the one that hangs is not asked a second time
    plane.release("resources")
    looks.wait()
    observe(looks)
    assert seen_of(hanging).answers


def test_a_look_is_no_use_of_the_database_in_another_thread(world, plane, looks):
    plane.hold("resources")
    looks.begin()
    plane.wait_held("resources")
    assert [thread.daemon for thread in threads() if thread.name == "look at pve-a"] == [True]
    plane.release("resources")
    with CaptureQueriesContext(connection) as captured:
        looks.wait()
    assert len(captured) == 0


def test_many_clusters_are_asked_a_few_at_a_time_and_all_are_asked(world, plane, looks):
    for number in range(12):
        cluster = make_cluster(plane, name=f"pve-{number}")
        cluster.token_env, cluster.token_sealed = "NOBODY_SET_THIS", ""
        cluster.save()
    assert looks.begin() == 8
    assert looks.begin() == 0
    record_ended(looks)
    assert ClusterObservation.objects.count() == 8
    observe_now(looks)
    assert not Cluster.objects.filter(observation=None).exists()


# What is recorded


def test_nodes_and_tiers_are_recorded_with_their_figures_and_time(world, plane, looks):
    before = control_now()
    observe_now(looks)
    node = NodeObservation.objects.get(node=world.nodes["pve"])
    assert (node.state, node.cores, node.memory_mib, node.memory_used_mib) == ("online", 4, 8192, 2048)
    assert node.up_since is not None
    assert node.up_since < before <= node.observed_at <= control_now()
    tier = TierObservation.objects.get(tier=world.tiers["clients-main"], node=world.nodes["pve"])
    assert tier.available
    assert tier.total_gib is not None
    assert tier.total_gib > 0
    assert tier.used_gib == 0
    # This storage is on one node alone.
    assert TierObservation.objects.get(tier=world.tiers["iso-store"]).node == world.nodes["pve"]


def seen(cluster, resources, began=None):
    look = Look(cluster, began=began or control_now())
    look.found = resources
    return record(look)


def machine(name, **changes):
    return replace(Machine(name, "online", 4, 0.1, 1, 1, 60), **changes)


def test_a_node_that_is_offline_odd_or_no_longer_listed_is_told_as_such(world):
    seen(world.cluster, Resources((), (machine("pve"), machine("pve-02")), ()))
    seen(world.cluster, Resources((), (machine("pve", status="offline", up_seconds=None),), ()))
    states = dict(NodeObservation.objects.values_list("node__name", "state"))
    assert states == {"pve": "offline", "pve-02": "unknown"}
    seen(world.cluster, Resources((), (machine("pve", status="on fire"),), ()))
    assert NodeObservation.objects.get(node__name="pve").state == "unknown"


def test_what_was_not_declared_is_not_recorded(world):
    strangers = Storage("theirs", "pve", True, 1.0, 1.0), Storage("local", "elsewhere", True, 1.0, 1.0)
    seen(world.cluster, Resources((), (machine("elsewhere"),), strangers))
    assert not NodeObservation.objects.exists()
    assert not TierObservation.objects.exists()


def test_a_storage_that_a_node_no_longer_has_is_not_told_for_it_any_more(world):
    both = Storage("local", "pve", True, 9.0, 1.0), Storage("local", "pve-02", False, None, None)
    seen(world.cluster, Resources((), (machine("pve"),), both))
    assert list(TierObservation.objects.values_list("node__name", "available")) == [("pve", True), ("pve-02", False)]
    seen(world.cluster, Resources((), (machine("pve"),), both[:1]))
    assert TierObservation.objects.get().node == world.nodes["pve"]


def test_an_uptime_that_no_clock_can_mean_breaks_nothing(world):
    seen(world.cluster, Resources((), (machine("pve", up_seconds=2**31 - 1),), ()))
    assert NodeObservation.objects.get().state == "online"


def test_a_look_that_ended_late_does_not_hide_a_later_one(world):
    now = control_now()
    assert seen(world.cluster, Resources((), (machine("pve"),), ()), began=now)
    assert not seen(world.cluster, None, began=now - timedelta(seconds=30))
    assert seen_of(world.cluster).answers


def test_a_look_asks_no_more_of_the_database_with_thirty_nodes_than_with_three(world):
    def queries(count):
        names = [f"node-{number}" for number in range(count)]
        for name in names:
            Node.objects.get_or_create(cluster=world.cluster, name=name)
            StorageTier.objects.get_or_create(cluster=world.cluster, name=name, role="backup", storage_type="dir")
        storages = tuple(Storage(name, name, True, 1.0, 1.0) for name in names)
        with CaptureQueriesContext(connection) as captured:
            seen(world.cluster, Resources((), tuple(map(machine, names)), storages))
        assert TierObservation.objects.count() == count
        return len(captured)

    queries(3)
    assert queries(3) == queries(30)


# No answer


def test_a_cluster_that_does_not_answer_keeps_what_was_seen_and_since_when_is_told(world, plane, work, looks, caplog):
    caplog.set_level(logging.INFO)
    observe_now(looks)
    good = seen_of(world.cluster)
    plane.unreachable()
    for _ in range(3):
        work.pass_time(seconds=61)
        observe_now(looks)
    bad = seen_of(world.cluster)
    assert (bad.observed_at, bad.error_code) == (good.observed_at, "cluster_unavailable")
    assert good.tried_at < bad.unreachable_since < bad.tried_at
    node = NodeObservation.objects.get(node=world.nodes["pve"])
    assert (node.state, node.memory_mib, node.observed_at) == ("unknown", 8192, good.observed_at)
    assert [row.message for row in caplog.records if "cannot be seen" in row.message] == [
        f"cluster pve-a cannot be seen, its pods are unknown: {bad.error_message}"
    ]
    plane.unreachable(False)
    for _ in range(2):
        work.pass_time(seconds=61)
        observe_now(looks)
    back = seen_of(world.cluster)
    assert back.answers
    assert (back.unreachable_since, back.error_code, back.error_message) == (None, "", "")
    assert NodeObservation.objects.get(node=world.nodes["pve"]).state == "online"
    assert len([row for row in caplog.records if "is seen again" in row.message]) == 1


def test_a_refused_token_is_a_reason_and_a_new_reason_is_logged(world, plane, work, looks, caplog):
    plane.unreachable()
    observe_now(looks)
    plane.unreachable(False)
    plane.refuse_token()
    work.pass_time(seconds=61)
    observe_now(looks)
    assert seen_of(world.cluster).error_code == "token_refused"
    assert len([row for row in caplog.records if "cannot be seen" in row.message]) == 2


def test_a_list_without_a_single_guest_is_a_lack_of_rights_not_a_cluster_without_guests(world, plane, looks):
    """To a token without VM.Audit Proxmox answers 200 with none."""
    for vmid in plane.templates():
        plane.remove_ct(vmid)
    observe_now(looks)
    row = seen_of(world.cluster)
    assert row.error_code == "denied"
    assert "VM.Audit" in row.error_message
    assert not row.answers


def test_an_answer_that_is_no_list_is_no_answer(world, plane, looks):
    plane.fail("resources", status=502, message="<html>")
    observe_now(looks)
    assert not seen_of(world.cluster).answers


# In words


def test_as_of_names_the_time_and_how_long_ago_it_was():
    of = timezone.now() - timedelta(seconds=40)
    assert as_of(of) == f"as of {timezone.localtime(of):%H:%M:%S} UTC (40 s ago)"


def test_a_time_of_another_day_names_the_day():
    of = timezone.now() - timedelta(days=3)
    assert as_of(of) == f"as of {timezone.localtime(of):%Y-%m-%d %H:%M:%S} UTC (3 days ago)"


def test_a_cluster_is_told_to_be_unseen_silent_or_not_looked_at(world):
    cluster = world.cluster
    assert standing(cluster) == "Nobody has looked at cluster pve-a yet."
    now = timezone.now()
    row = ClusterObservation.objects.create(cluster=cluster, tried_at=now, observed_at=now)
    assert (standing(cluster), is_stale(cluster)) == ("", False)
    row.tried_at = row.observed_at = now - timedelta(minutes=7)
    assert is_stale(cluster)
    assert standing(cluster) == "Cluster pve-a was last looked at 7 min ago: does the controller run?"
    row.tried_at, row.unreachable_since = now, now - timedelta(minutes=5)
    assert not is_stale(cluster)
    assert standing(cluster).startswith("Cluster pve-a has not answered since ")
