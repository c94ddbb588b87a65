"""The portal's pages: finding a pod, what each state is called, and what goes on with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clusters.models import ClusterObservation
from core.clock import control_now
from migracloud.portal import lists
from operations.models import Attempt, Operation
from pods.models import CloudPod
from pods.services import create_pod
from tests.desk import make_pods
from tests.migracloud.portal_people import KEY, member, pods_in_every_state, portal, settle

pytestmark = pytest.mark.django_db

HOME = "/portal/"
PODS, ADDRESSES, OPERATIONS = (f"/portal/TENANT-101/{name}/" for name in ("pods", "addresses", "operations"))


def of_pod(pod: CloudPod) -> str:
    return reverse("portal:pod", args=[pod.tenant.reference, pod.pk])


@pytest.fixture
def at_portal(alice) -> Client:
    return portal(member("alice", alice.tenant))


# Pages


def test_no_cache_keeps_a_page_and_nothing_inline_or_evaluated_may_run_in_it(world, alice, at_portal):
    [pod] = make_pods(alice, 1)
    for url in (HOME, PODS, ADDRESSES, OPERATIONS, of_pod(pod)):
        answer = at_portal.get(url, follow=True)
        assert "no-store" in answer.headers["Cache-Control"]
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "<script>" not in answer.text
        assert "style=" not in answer.text


def test_each_state_has_its_word_and_its_sentence(world, alice, at_portal):
    for word, pod in pods_in_every_state(alice).items():
        text = at_portal.get(of_pod(pod)).text
        assert f">{word}</span>" in text, word
        assert pod.hostname in text


def test_a_pod_that_runs_is_told_with_its_time_address_size_and_keys(world, alice, at_portal):
    [pod] = make_pods(alice, 1)
    settle(pod, up_since=timezone.now() - timedelta(days=3), ssh_keys=[KEY])
    text = at_portal.get(of_pod(pod)).text
    assert "web-0 is running." in text
    assert "3 days ago" in text
    assert "ssh root@</span>10.1.10.50" in text
    assert "2 cores, 2 GiB, 8 GiB disk" in text
    assert "alice@laptop" in text
    assert "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA" in text


def test_a_pod_that_cannot_be_seen_is_not_called_down(world, alice, at_portal):
    pod = pods_in_every_state(alice)["not seen"]
    text = at_portal.get(of_pod(pod)).text
    assert "We cannot see web-6 at the moment." in text
    assert "Last seen running" in text
    assert "7 min ago" in text


def test_what_was_seen_long_ago_is_not_told_as_if_it_were_so(world, alice, at_portal):
    [pod] = make_pods(alice, 1)
    then = timezone.now() - timedelta(hours=1)
    settle(pod, observed_at=then)
    ClusterObservation.objects.create(cluster=world.cluster, tried_at=then, observed_at=then)
    text = at_portal.get(of_pod(pod)).text
    assert "web-0 was running when we last looked. We cannot say whether it still is." in text
    assert "mc-good" not in text.split("What happened")[0]


@pytest.mark.parametrize(
    ("desired", "observed", "words"),
    [
        ("stopped", "stopped", "is stopped, as was asked."),
        ("running", "stopped", "is stopped, though it should run."),
        ("stopped", "running", "is running, though it should be stopped."),
    ],
)
def test_what_was_asked_for_is_told_beside_what_is(desired, observed, words, world, alice, at_portal):
    [pod] = make_pods(alice, 1)
    settle(pod, desired_state=desired, observed_state=observed)
    assert words in at_portal.get(of_pod(pod)).text


def test_nothing_of_the_platforms_inside_is_told(world, alice, at_portal):
    """Node, what was said there, and whom else it serves."""
    [pod] = make_pods(alice, 1)
    operation = Operation.objects.get(subject_id=pod.pk)
    said = "storage secret-pool of guest 4711 is full"
    Attempt.objects.update(error_message=said, detail=said, wait_key=f"UPID:pve:{said}")
    for state, pod_state in (("parked", "creating"), ("failed", "creating"), ("needs_attention", "needs_attention")):
        Operation.objects.update(state=state, waits_for=f"{said} on pve", error_message=said, error_code="full")
        Operation.objects.update(error_step="clone")
        CloudPod.objects.update(phase=pod_state, observed_node="pve", vmid=4712)
        for url in (PODS, OPERATIONS, of_pod(pod), reverse("portal:operation", args=["TENANT-101", operation.pk])):
            text = at_portal.get(url).text
            for inside in ("4711", "secret-pool", "UPID", "on pve", "4712", "10.1.10.70"):
                assert inside not in text, (state, url, inside)


def test_what_goes_on_is_told_step_by_step_and_kept_fresh_until_it_ends(world, alice, at_portal, work):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    pod = CloudPod.objects.get()
    urls = (PODS, OPERATIONS, of_pod(pod), reverse("portal:operation", args=["TENANT-101", operation.pk]))
    for url in urls:
        assert "data-refresh" in at_portal.get(url).text, url
    before = at_portal.get(of_pod(pod)).text
    assert "web is being made." in before
    assert "Copy the template" in before
    assert "to come" in before
    work.until_idle()
    for url in urls:
        assert "data-refresh" not in at_portal.get(url).text, url
    assert "web is running." in at_portal.get(of_pod(pod)).text


def test_a_pod_that_could_not_be_made_says_so_and_what_to_do(world, alice, at_portal, plane, work):
    plane.fail("clone", status=500, message="no space", times=None)
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    work.until_idle()
    text = at_portal.get(of_pod(CloudPod.objects.get())).text
    assert "web could not be made. Nothing is left of it" in text
    assert "tell support the operation&#x27;s id" in text
    assert "no space" not in text
    assert "Not made" in at_portal.get(PODS).text


def test_a_pod_that_is_rebooted_is_told_as_running_and_rebooted(world, alice, at_portal):
    [pod] = make_pods(alice, 1)
    settle(pod)
    Operation.objects.update(state="running", kind="reboot")
    text = at_portal.get(of_pod(pod)).text
    assert ">running</span>" in text
    assert "reboot goes on" in text
    assert "web-0 is being rebooted." in text


def test_while_a_pod_is_stopped_it_is_no_alarm_that_it_still_runs(world, alice, at_portal):
    [pod] = make_pods(alice, 1)
    settle(pod)
    CloudPod.objects.update(desired_state="stopped")
    Operation.objects.update(state="running", kind="stop")
    for url in (PODS, of_pod(pod)):
        html = at_portal.get(url).text
        assert "web-0 is being stopped." in html
        assert "though it should" not in html
        assert '<span class="mc-badge mc-busy">running</span>' in html
    Operation.objects.update(state="succeeded")
    assert "though it should be stopped" in at_portal.get(of_pod(pod)).text


# Lists


def test_pods_are_found_by_a_part_of_their_name_and_by_state(world, alice, at_portal):
    pods_in_every_state(alice)
    found = at_portal.get(PODS, {"q": "EB-7"})
    assert "web-7" in found.text
    assert "web-8" not in found.text
    stopped = at_portal.get(PODS, {"show": "stopped"}).text
    assert "web-7" in stopped
    assert "web-9" not in stopped
    assert "web-0" not in at_portal.get(PODS).text  # it is gone
    assert "web-0" in at_portal.get(PODS, {"show": "gone"}).text
    nothing = at_portal.get(PODS, {"q": "<b>nobody</b>"}).text
    assert "No pod is like that" in nothing
    assert "<b>nobody" not in nothing


def test_every_part_of_the_list_of_pods_has_the_pods_that_it_counts(world, alice, at_portal):
    pods_in_every_state(alice)
    kept = {"phase": "deleted", "deleted_at": "2026-11-23T09:00Z", "purge_at": "2026-11-26T09:00Z"}
    CloudPod.objects.filter(hostname="web-7").update(tenant_suspended=True)
    CloudPod.objects.filter(hostname="web-8").update(**kept)
    shown = {part.name: len(at_portal.get(PODS, {"show": part.name}).context["rows"]) for part in lists.PODS}
    counted = {choice.part.name: choice.count for choice in at_portal.get(PODS).context["choices"]}
    assert {name: count for name, count in shown.items() if count} == counted
    assert (counted["suspended"], counted["deleted"], counted["failed"], counted["gone"]) == (1, 1, 1, 1)


@pytest.mark.parametrize(("name", "field"), [("pods", "pod"), ("operations", "operation"), ("addresses", "lease")])
def test_lists_are_paged_newest_first_and_every_row_is_on_one_page(name, field, world, alice, at_portal, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_SIZE", 2)
    make_pods(alice, 5)
    url, seen = f"/portal/TENANT-101/{name}/", []
    query: dict[str, str] = {}
    for _ in range(3):
        context = at_portal.get(url, query).context
        rows = [getattr(row, field) if hasattr(row, field) else row[field] for row in context["rows"]]
        seen += [row.pk for row in rows]
        query = {"before": context["page"].older}
    assert not context["page"].older
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


def test_a_page_keeps_what_was_searched_for(world, alice, at_portal, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_SIZE", 1)
    make_pods(alice, 2)
    answer = at_portal.get(PODS, {"q": "web", "show": "changing"})
    assert f"?q=web&amp;show=changing&amp;before={answer.context['page'].older}" in answer.text
    assert "?q=web&amp;show=running" in at_portal.get(PODS, {"q": "web", "before": answer.context["page"].older}).text


@pytest.mark.parametrize("url", [PODS, ADDRESSES, OPERATIONS])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"before": "x"}, 404),
        ({"before": ""}, 404),
        ({"before": "\x00"}, 404),
        ({"show": "everything"}, 404),
        ({"show": "\x00"}, 404),
        ({"q": "\x00"}, (200, 400)),
        ({"unknown": "1"}, 200),
    ],
)
def test_a_misspelt_address_is_a_page_that_says_so(url, query, status, at_portal):
    answer = at_portal.get(url, query)
    assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert "<h1>" in answer.text


@pytest.mark.parametrize("path", ["TENANT-101%00/pods/", "TENANT-101/pods/no-id/", "TENANT-101/cats/", "nobody/"])
def test_an_address_that_is_none_is_404(path, at_portal):
    assert at_portal.get(HOME + path).status_code == 404


def test_addresses_say_what_they_are_for_and_from_when_to_when(world, alice, at_portal):
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    held = at_portal.get(ADDRESSES).text
    assert "10.1.10.50" in held
    assert f'href="{of_pod(CloudPod.objects.get())}"' in held
    lease = CloudPod.objects.get().interfaces.get().addresses.get().lease
    lease.released_at = control_now()
    lease.save()
    assert "You hold no address" in at_portal.get(ADDRESSES).text
    assert "10.1.10.50" in at_portal.get(ADDRESSES, {"show": "released"}).text


@pytest.mark.parametrize("url", [PODS, ADDRESSES, OPERATIONS])
def test_lists_do_not_query_more_for_more_rows(url, world, alice, at_portal):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert at_portal.get(url).status_code == 200
        return len(captured)

    make_pods(alice, 1)
    few = queries()
    make_pods(alice, 5, first=1)
    assert queries() == few


def test_what_a_tenant_is_called_is_shown_as_it_is_written(world, alice, at_portal):
    alice.tenant.name = "<script>alert(1)</script>"
    alice.tenant.save()
    assert "<script>alert" not in at_portal.get(PODS).text
