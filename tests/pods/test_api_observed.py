"""What a pod's JSON tells of what was seen: with its time, and why it may not be so now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.models import ClusterObservation
from pods.models import CloudPod
from tests.desk import make_observations, make_pods

pytestmark = pytest.mark.django_db


@pytest.fixture
def pod(world, alice):
    (made,) = make_pods(alice, 1)
    make_observations(world.cluster)
    return made


def seen(pod, **observed):
    CloudPod.objects.filter(pk=pod.pk).update(phase="active", observed_at=timezone.now(), **observed)


def shown(person, pod):
    return person.get(f"pods/{pod.pk}").json()["observed"]


def test_a_pod_that_nobody_has_seen_yet_says_so(pod, alice):
    assert shown(alice, pod) == {
        "state": "unknown",
        "as_of": None,
        "stale": True,
        "reason": "not_seen_yet",
        "last_seen_state": "unknown",
        "node": "",
        "cores": None,
        "memory_mib": None,
        "memory_used_mib": None,
        "disk_gib": None,
        "up_since": None,
    }


def test_what_was_seen_stands_beside_what_is_wanted_with_its_time(pod, alice):
    seen(
        pod, observed_state="stopped", last_seen_state="stopped", observed_node="pve-02", observed_cores=7,
        observed_memory_mib=4096, memory_used_mib=5, observed_disk_gib=7.5, up_since=timezone.now(),
    )  # fmt: skip
    body = alice.get(f"pods/{pod.pk}").json()
    assert (body["desired_state"], body["node"], body["cores"], body["memory_mib"]) == ("running", "pve", 2, 2048)
    observed = body["observed"]
    assert (observed["state"], observed["node"], observed["cores"]) == ("stopped", "pve-02", 7)
    assert (observed["memory_mib"], observed["memory_used_mib"], observed["disk_gib"]) == (4096, 5, 7.5)
    assert observed["as_of"] == body["observed_at"]
    assert (observed["stale"], observed["reason"]) == (False, None)
    assert observed["up_since"]


def test_a_pod_of_a_cluster_that_does_not_answer_is_unknown_with_the_reason_and_as_it_was(pod, alice):
    seen(pod, observed_state="unknown", last_seen_state="running", observed_node="pve")
    assert shown(alice, pod)["reason"] == "cluster_does_not_tell"
    ClusterObservation.objects.update(unreachable_since=timezone.now())
    observed = shown(alice, pod)
    assert (observed["state"], observed["reason"]) == ("unknown", "cluster_does_not_answer")
    assert (observed["last_seen_state"], observed["node"]) == ("running", "pve")


def test_what_was_seen_more_than_three_minutes_ago_is_stale_but_a_gone_pod_is_gone(pod, alice):
    seen(pod, observed_state="running")
    CloudPod.objects.update(observed_at=timezone.now() - timedelta(minutes=4))
    assert shown(alice, pod)["stale"]
    CloudPod.objects.update(phase="gone", gone_at=timezone.now(), observed_state="absent")
    assert not shown(alice, pod)["stale"]


@pytest.mark.parametrize("name", ["observed_state", "desired_state"])
def test_pods_are_narrowed_by_state_and_an_unknown_state_is_refused(name, world, alice):
    one, other = make_pods(alice, 2)
    CloudPod.objects.filter(pk=one.pk).update(**{name: "stopped"})
    CloudPod.objects.filter(pk=other.pk).update(**{name: "running"})
    [found] = alice.get("pods", **{name: "stopped"}).json()["results"]
    assert found["id"] == str(one.pk)
    assert len(alice.get("pods", **{name: "stopped,running"}).json()["results"]) == 2
    refused = alice.get("pods", **{name: "asleep"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == name


def test_the_list_asks_no_more_of_the_database_with_thirty_pods_than_with_three(world, alice):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert alice.get("pods", page_size=50).status_code == 200
        return len(captured)

    make_pods(alice, 3)
    make_observations(world.cluster)
    few = queries()
    make_pods(alice, 27, first=3)
    assert queries() == few
