"""The overview: its figures agree with the lists that they lead to, and it says what is missing or broken."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from audit.places import list_url
from clusters.findings import open_finding
from clusters.models import ClusterObservation, Finding, NodeObservation, TemplateCopy, TierObservation
from migracloud.chart import Day, Part, chart, strip
from migracloud.dashboard_work import LATE, STATES
from operations.models import Operation
from pods.models import CloudPod
from tests.desk import desk, make_observations, make_pods, page, staff

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
        "Addresses left": 193,
        "Findings open": 1,
    }
    subnets = found.pop("Addresses left").url
    assert client.get(subnets).context["cl"].result_count == 1
    assert "6 of 199" in client.get(subnets).text
    for figure in found.values():
        assert client.get(figure.url).context["cl"].result_count == figure.value, figure.label


def test_addresses_are_counted_of_those_that_can_be_given_out(world):
    # 10.1.10.50 to .250 are 201, two of which are excluded.
    left = figures(overview())["Addresses left"]
    assert (left.value, left.note) == (199, "of 199 in 1 subnet")


def test_the_states_hold_each_live_pod_once_and_each_leads_to_its_list(world, alice):
    pods = make_pods(alice, 8)
    states = [("active", "running"), ("active", "running"), ("active", "stopped"), ("active", "unknown")]
    states += [("deleted", "stopped"), ("needs_attention", "running"), ("creating", "unknown"), ("gone", "absent")]
    now = timezone.now()
    for pod, (phase, observed) in zip(pods, states, strict=True):
        deleted = {"deleted_at": now, "purge_at": now} if phase == "deleted" else {}
        ended = {"gone_at": now} if phase == "gone" else {}
        CloudPod.objects.filter(pk=pod.pk).update(phase=phase, observed_state=observed, **deleted, **ended)
    client = desk()
    parts = client.get(reverse("admin:index")).context["states"].parts
    counts = {part.word: part.count for part in parts}
    assert (counts.pop("running"), set(counts.values())) == (2, {1})
    assert set(counts) == {"stopped", "creating", "deleted", "unknown", "needs_attention"}
    for part in parts:
        assert client.get(part.url).context["cl"].result_count == part.count, part.word


def test_every_phase_and_observed_state_of_a_live_pod_is_a_state():
    live = set(CloudPod.Phase) - set(CloudPod.ENDED) - {CloudPod.Phase.ACTIVE}
    assert set(STATES) == live | set(CloudPod.Observed)


def test_a_bar_leads_to_all_operations_of_its_day(world, alice):
    pods = make_pods(alice, 4)
    yesterday = timezone.now() - timedelta(days=1)
    for pod, state in zip(pods[:3], ("succeeded", "failed", "cancelled"), strict=True):
        Operation.objects.filter(subject_id=pod.pk).update(state=state, created_at=yesterday)
    client = desk()
    *_, before, today = client.get(reverse("admin:index")).context["chart"].bars
    assert before.words.endswith(": 1 succeeded, 1 failed, 1 cancelled or not done")
    assert client.get(before.url).context["cl"].result_count == 3
    assert client.get(today.url).context["cl"].result_count == 1


def test_a_day_that_is_none_is_refused_and_shows_no_wrong_list(db):
    answer = desk().get(list_url(Operation, day="yesterday"))
    assert (answer.status_code, answer.headers["Location"].endswith("?e=1")) == (302, True)


def test_nodes_and_tiers_lead_to_their_pages_and_a_nodes_pods_to_their_list(world, alice):
    make_pods(alice, 3)
    make_observations(world.cluster)
    client = desk()
    response = client.get(reverse("admin:index"))
    for row in response.context["nodes"]:
        assert page(row["node"]) in response.text
        assert client.get(row["pods"]).context["cl"].result_count == row["node"].live
    assert "25% of 4 cores" in response.text
    assert "25.0 of 100 GiB" in response.text
    for row in response.context["tiers"]:
        assert page(row["tier"]) in response.text
    assert "mc-old" not in response.text


def test_the_fullest_tier_comes_first_and_what_was_seen_long_ago_is_marked_so(world):
    make_observations(world.cluster)
    fullest = TierObservation.objects.earliest("pk")
    TierObservation.objects.filter(pk=fullest.pk).update(used_gib=99, observed_at=timezone.now() - timedelta(hours=1))
    NodeObservation.objects.update(observed_at=timezone.now() - timedelta(hours=1))
    response = overview()
    assert response.context["tiers"][0]["tier"].pk == fullest.tier_id
    assert response.context["tiers"][0]["old"]
    assert response.text.count("mc-old") == 1 + NodeObservation.objects.count()


def test_open_findings_are_listed_with_what_is_critical_first(world):
    for about, severity in (("one", "warning"), ("two", "critical"), ("three", "warning")):
        open_finding(cluster=world.cluster, code="no_quorum", about=about)
        Finding.objects.filter(about=about).update(severity=severity)
    response = overview()
    assert [finding.about for finding in response.context["findings"]] == ["two", "three", "one"]
    assert page(Finding.objects.get(about="two")) in response.text


def test_at_rest_the_overview_is_read_again_slowly_and_for_nobody_who_sees_nothing(db):
    assert 'data-refresh="slow"' in overview().text
    assert "data-refresh" not in desk(staff()).get(reverse("admin:index")).text


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
    counts = [(4, 0, 4), (2, 2, 4), (0, 0, 0)]
    drawn = chart([Day(date(2026, 1, number), *of, url="/") for number, of in enumerate(counts, start=1)])
    full, mixed, none = drawn.bars
    assert mixed.good_height == pytest.approx(full.good_height / 2, abs=0.1)
    assert mixed.bad_y == pytest.approx(full.good_y, abs=0.1)
    assert (none.good_height, none.bad_height) == (0, 0)
    assert drawn.summary == "Operations in 3 days: 6 succeeded, 2 failed"


def test_the_parts_of_a_strip_fill_it_and_the_smallest_can_be_seen():
    drawn = strip([Part("running", "good", 9_999, "/"), Part("lost", "bad", 1, "/")])
    most, least = drawn.parts
    assert most.width + least.width == pytest.approx(drawn.width, abs=0.2)
    assert least.x == pytest.approx(most.width, abs=0.1)
    assert least.width > drawn.width / 200
    assert drawn.summary == "10000 pods: 9999 running, 1 lost"
