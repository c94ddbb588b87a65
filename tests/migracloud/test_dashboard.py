"""The overview: its figures agree with the lists that they lead to, and it says what is missing or broken."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from clusters.findings import open_finding
from clusters.models import ClusterObservation, TemplateCopy
from migracloud.chart import chart
from migracloud.dashboard import LATE
from operations.models import Operation
from pods.models import CloudPod
from tests.desk import desk, make_observations, make_pods

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def overview():
    return desk().get(reverse("admin:index"))


def figures(response):
    return {figure.label: figure for figure in response.context["figures"]}


def test_each_figure_counts_what_its_list_shows(world, alice):
    pods = make_pods(alice, 6)
    CloudPod.objects.filter(pk__in=[pod.pk for pod in pods[:2]]).update(phase="active", observed_state="running")
    CloudPod.objects.filter(pk=pods[2].pk).update(phase="needs_attention")
    Operation.objects.filter(subject_id=pods[3].pk).update(state="failed")
    open_finding(cluster=world.cluster, code="no_quorum", about="the cluster")
    client = desk()
    found = figures(client.get(reverse("admin:index")))
    assert {label: figure.value for label, figure in found.items()} == {
        "Running pods": 2,
        "Pods in need": 1,
        "Operations open": 5,
        "Operations failed": 1,
        "Addresses leased": 6,
        "Findings open": 1,
    }
    for figure in found.values():
        assert client.get(figure.url).context["cl"].result_count == figure.value, figure.label


def test_addresses_are_counted_of_those_that_can_be_given_out(world):
    # 10.1.10.50 to .250 are 201, two of which are excluded.
    assert figures(overview())["Addresses leased"].note == "of 199 in 1 subnet"


def test_an_empty_control_plane_says_what_to_do_first(db):
    assert "manage.py bootstrap" in overview().content.decode()


def test_a_plane_without_a_copy_in_use_says_that_no_pod_can_be_placed(world):
    TemplateCopy.objects.update(enabled=False)
    html = overview().content.decode()
    assert "no pod can be placed" in html
    assert "Add the first tenant" in html


def test_a_ready_plane_has_nothing_to_be_done_first(world, alice):
    assert overview().context["next_steps"] == []


def test_a_cluster_that_does_not_answer_is_told_with_its_pods_which_are_not_gone(world, alice):
    pods = make_pods(alice, 3)
    make_observations(world.cluster)
    assert overview().context["unseen"] == []
    ClusterObservation.objects.update(unreachable_since=timezone.now())
    CloudPod.objects.update(observed_state="unknown", observed_at=timezone.now())
    CloudPod.objects.filter(pk=pods[0].pk).update(phase="gone", gone_at=timezone.now())
    response = overview()
    (hint,) = response.context["unseen"]
    assert hint.words.startswith("Cluster pve-a has not answered since ")
    assert hint.words.endswith(". Its 2 pods are unknown, not gone.")
    assert hint.url in response.text
    assert figures(response)["Running pods"].note == "of 2 in 1 cluster, 2 unknown"


def test_a_cluster_that_nobody_looks_at_is_told(world, alice):
    make_observations(world.cluster)
    ClusterObservation.objects.update(tried_at=timezone.now() - timedelta(minutes=7))
    (hint,) = overview().context["unseen"]
    assert hint.words == "Cluster pve-a was last looked at 7 min ago: does the controller run?"


def test_the_nodes_show_what_is_in_use_beside_what_is_promised(world):
    assert "as of" not in overview().text
    make_observations(world.cluster)
    assert "2.0 of 8.0 GiB" in overview().text


def test_work_that_nobody_takes_is_called_broken_and_fresh_work_is_not(world, alice, work):
    make_pods(alice, 2)
    assert overview().context["broken"] == []
    work.pass_time(seconds=LATE.total_seconds() + 1)
    assert "2 operations due" in escape(overview().content.decode())


def test_what_needs_a_person_comes_first(world, alice):
    pods = make_pods(alice, 3)
    CloudPod.objects.filter(pk=pods[0].pk).update(phase="needs_attention")
    Operation.objects.filter(subject_id=pods[0].pk).update(state="needs_attention", finished_at="2026-01-01T00:00Z")
    listed = [row.operation.subject_name for row in overview().context["open_operations"]]
    assert listed == ["web-0", "web-2", "web-1"]


def test_the_overview_follows_what_runs_and_rests_when_only_people_can_go_on(world, alice):
    (pod,) = make_pods(alice, 1)
    assert overview().context["refreshes"]
    CloudPod.objects.filter(pk=pod.pk).update(phase="needs_attention")
    Operation.objects.filter(subject_id=pod.pk).update(state="needs_attention")
    response = overview()
    assert response.context["open_operations"]
    assert not response.context["refreshes"]


def test_the_bars_of_the_chart_are_as_high_as_their_numbers():
    drawn = chart([(date(2026, 1, 1), 4, 0), (date(2026, 1, 2), 2, 2), (date(2026, 1, 3), 0, 0)])
    full, mixed, none = drawn.bars
    assert mixed.good_height == pytest.approx(full.good_height / 2, abs=0.1)
    assert mixed.bad_y == pytest.approx(full.good_y, abs=0.1)
    assert (none.good_height, none.bad_height) == (0, 0)
    assert drawn.summary == "Operations in 3 days: 6 succeeded, 2 failed"
