"""Pods in the admin: found, read, and destroyed only after a question, by POST, by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from audit.models import AuditEvent
from clusters.freshness import moment
from clusters.models import ClusterObservation
from operations.models import Operation
from pods.models import CloudPod
from tests.desk import desk, make_observations, make_pods, page, rows, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def pod(world, alice):
    """A pod that runs."""
    (made,) = make_pods(alice, 1)
    Operation.objects.filter(subject_id=made.pk).update(state="succeeded")
    CloudPod.objects.filter(pk=made.pk).update(
        phase="active", observed_state="running", observed_at="2026-01-01T00:00Z"
    )
    made.refresh_from_db()
    return made


def destroy_url(pod):
    return reverse("admin:pods_cloudpod_destroy", args=[pod.pk])


def unchanged(pod):
    pod.refresh_from_db()
    return pod.phase == "active" and not Operation.objects.filter(kind="destroy").exists()


def test_to_look_at_the_question_destroys_nothing(pod):
    response = desk().get(destroy_url(pod))
    assert response.status_code == 200
    html = response.content.decode()
    for named in (f"CT {pod.vmid}", pod.node.name, "10.1.10.50", pod.tenant.name):
        assert escape(named) in html
    assert unchanged(pod)


def test_a_confirmed_destroy_begins_the_operation_with_its_reason_and_leads_to_it(pod):
    response = desk().post(destroy_url(pod), {"reason": "the customer left", "typed": pod.hostname}, follow=True)
    operation = Operation.objects.get(kind="destroy", subject_id=pod.pk)
    assert page(operation) in response.content.decode()
    event = AuditEvent.objects.get(action="pod.destroy")
    assert (event.actor_kind, event.actor, event.reason) == ("user", "ada", "the customer left")


@pytest.mark.parametrize("typed", ["", "another", "WEB-0"])
def test_a_destroy_without_the_pods_own_name_typed_is_refused_and_says_what_to_type(pod, typed):
    refused = desk().post(destroy_url(pod), {"typed": typed, "reason": "by habit"})
    assert refused.status_code == 400
    assert f"Type {pod.hostname} to say that you mean it." in refused.text
    assert "by habit" in refused.text
    assert unchanged(pod)


def test_a_destroy_without_the_forms_csrf_token_is_refused(pod):
    assert desk(enforce_csrf_checks=True).post(destroy_url(pod)).status_code == 403
    assert unchanged(pod)


def test_somebody_who_may_only_look_can_neither_destroy_nor_sees_the_button(pod):
    client = desk(staff("pods.view_cloudpod"))
    assert destroy_url(pod) not in client.get(page(pod)).content.decode()
    assert client.get(destroy_url(pod)).status_code == 403
    assert client.post(destroy_url(pod)).status_code == 403
    assert unchanged(pod)


def test_a_refusal_is_shown_in_place_with_its_reason(pod):
    CloudPod.objects.update(protected=True)
    refused = desk().post(destroy_url(pod), {"reason": "kept as typed", "typed": pod.hostname})
    assert refused.status_code == 409
    assert "is protected: take its protection off first" in refused.text
    assert "kept as typed" in refused.text
    assert unchanged(pod)


def test_a_pods_page_tells_its_state_and_how_to_get_in(pod):
    html = desk().get(page(pod)).content.decode()
    assert f"{pod.hostname} runs on {pod.node}." in html
    assert "ssh root@10.1.10.50" in html
    assert destroy_url(pod) in html


def test_what_was_seen_is_marked_where_it_differs_from_what_is_wanted(pod):
    client = desk()
    assert "mc-differs" not in client.get(page(pod)).content.decode()
    CloudPod.objects.filter(pk=pod.pk).update(observed_state="stopped")
    html = client.get(page(pod)).content.decode()
    assert "mc-differs" in html
    assert "is stopped on" in html


def test_the_page_shows_each_try_with_its_error_and_proxmoxs_own_words(pod):
    html = desk().get(page(pod)).content.decode()
    assert "Node pve did not answer." in html
    assert "TASK ERROR: the node&#x27;s own words" in html


def test_the_page_refreshes_only_while_something_is_done_with_the_pod(pod):
    client = desk()
    assert "data-refresh" not in client.get(page(pod)).content.decode()
    client.post(destroy_url(pod), {"typed": pod.hostname})
    assert "data-refresh" in client.get(page(pod)).content.decode()


@pytest.mark.parametrize("field", ["hostname", "vmid", "address", "reference"])
def test_a_pod_is_found_by_what_people_know_of_it(field, pod, charlie, world):
    make_pods(charlie, 1, first=7)
    typed = {"hostname": "web-0", "vmid": str(pod.vmid), "address": "10.1.10.50", "reference": "TENANT-101"}[field]
    found = desk().get(rows(CloudPod), {"q": typed}).context["cl"].result_list
    assert [row.pk for row in found] == [pod.pk]


def test_the_tenant_filter_takes_a_reference_or_its_number(pod, charlie, world):
    make_pods(charlie, 1, first=7)
    for typed in ("TENANT-101", "tenant-101", "101"):
        found = desk().get(rows(CloudPod), {"tenant": typed}).context["cl"].result_list
        assert [row.pk for row in found] == [pod.pk]


def test_a_pod_that_is_not_there_leads_back_with_a_message(pod):
    missing = reverse("admin:pods_cloudpod_change", args=["01a20908-66c3-7529-ac13-23822898e9cc"])
    response = desk().get(missing, follow=True)
    assert response.redirect_chain == [(reverse("admin:index"), 302)]
    assert "01a20908-66c3-7529-ac13-23822898e9cc" in response.content.decode()


def test_a_pod_that_is_gone_from_the_node_though_it_should_run_stands_out_in_the_list(pod):
    client, marked = desk(), '<span class="mc-badge mc-bad">absent</span>'
    CloudPod.objects.update(observed_state="absent")
    assert marked in client.get(rows(CloudPod)).text
    CloudPod.objects.update(phase="gone", gone_at="2026-01-01T00:00Z")
    assert marked not in client.get(rows(CloudPod)).text


def test_the_list_says_when_a_state_was_seen(pod):
    assert 'datetime="2026-01-01T00:00:00' in desk().get(rows(CloudPod)).text


# What is wanted beside what was seen


@pytest.fixture
def seen(pod):
    """The pod as the controller saw it a moment ago."""
    make_observations(pod.cluster)
    CloudPod.objects.update(
        observed_state="running",
        last_seen_state="running",
        observed_at=timezone.now(),
        observed_node="pve",
        observed_hostname=pod.hostname,
        observed_cores=pod.cores,
        observed_memory_mib=pod.memory_mib,
        observed_disk_gib=pod.disk_gib,
    )
    return pod


def compared(pod):
    rows = desk().get(page(pod)).context["comparison"]
    return {row.what: (row.desired, row.observed) for row in rows if row.differs}


def test_a_pod_that_is_as_it_should_be_differs_in_nothing(seen):
    assert compared(seen) == {}


@pytest.mark.parametrize(
    ("column", "value", "what", "shown"),
    [
        ("observed_state", "stopped", "State", ("running", "stopped")),
        ("observed_node", "pve-02", "Node", ("pve", "pve-02")),
        ("observed_hostname", "theirs", "Host name", ("web-0", "theirs")),
        ("observed_cores", 7, "Cores", ("2", "7")),
        ("observed_memory_mib", 4096, "Memory", ("2 GiB", "4 GiB")),
        ("observed_disk_gib", 20, "Disk", ("8 GiB", "20 GiB")),
    ],
)
def test_each_thing_that_differs_is_marked_beside_what_is_wanted(column, value, what, shown, seen):
    CloudPod.objects.update(**{column: value})
    assert compared(seen) == {what: shown}


def test_a_file_system_is_a_little_smaller_than_its_volume_and_that_is_no_difference(seen):
    CloudPod.objects.update(observed_disk_gib=7.77)
    assert compared(seen) == {}


def test_what_is_not_known_differs_from_nothing(seen):
    CloudPod.objects.update(observed_state="unknown", observed_cores=None, observed_node="")
    assert compared(seen) == {}


def test_the_list_says_what_a_pod_should_be_where_it_was_seen_otherwise(seen):
    client = desk()
    assert "should be" not in client.get(rows(CloudPod)).text
    CloudPod.objects.update(observed_state="stopped")
    assert "; should be running" in client.get(rows(CloudPod)).text
    CloudPod.objects.update(desired_state="stopped")
    assert "should be" not in client.get(rows(CloudPod)).text


def test_pods_are_found_by_what_they_should_be(seen):
    client = desk()
    for state, count in (("running", 1), ("stopped", 0)):
        found = client.get(rows(CloudPod), {"desired_state__exact": state}).context["cl"]
        assert found.result_count == count


def test_a_pod_of_a_cluster_that_does_not_answer_is_told_as_it_was_last_seen(seen):
    since = timezone.now().replace(microsecond=0)
    ClusterObservation.objects.update(unreachable_since=since)
    CloudPod.objects.update(observed_state="unknown", observed_at=since)
    html, clock = desk().get(page(seen)).text, moment(since)
    assert f"Cluster pve-a has not answered since {clock}. web-0 was last seen running on pve at {clock}." in html
    assert "unknown, last seen running" in html
    assert "not found" not in html
    listed = desk().get(rows(CloudPod)).text
    assert '<span class="mc-badge mc-quiet">unknown</span> <span class="mc-subtle">running as of ' in listed


def test_a_pod_that_its_answering_cluster_tells_nothing_of_is_told_so(seen):
    CloudPod.objects.update(observed_state="unknown")
    assert "Cluster pve-a does not tell what web-0 does now. web-0 was last seen running" in desk().get(page(seen)).text


def test_page_and_list_say_when_nobody_looks_any_more(seen):
    client = desk()
    assert "nobody looks" not in client.get(rows(CloudPod)).text
    long_ago = timezone.now() - timedelta(minutes=7)
    ClusterObservation.objects.update(tried_at=long_ago, observed_at=long_ago)
    assert "; nobody looks" in client.get(rows(CloudPod)).text
    assert "Cluster pve-a was last looked at 7 min ago: does the controller run?" in client.get(page(seen)).text
    CloudPod.objects.update(phase="gone", gone_at=long_ago, observed_state="absent")
    assert "nobody looks" not in client.get(rows(CloudPod)).text
