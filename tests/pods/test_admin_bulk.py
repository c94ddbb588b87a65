"""A deed with several pods: asked once, nothing done before it is confirmed, and each pod has its own answer."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from operations.models import Operation
from pods import services
from pods.models import CloudPod
from tests.desk import desk, make_pods, page, rows, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LIST = "admin:pods_cloudpod_changelist"


@pytest.fixture
def pods(world, alice):
    """One that runs, one that is stopped, one that is protected, one with which something goes on."""
    made = make_pods(alice, 4)
    Operation.objects.exclude(subject_id=made[3].pk).update(state="succeeded")
    CloudPod.objects.exclude(pk=made[3].pk).update(phase="active", observed_state="running")
    CloudPod.objects.filter(pk=made[1].pk).update(desired_state="stopped", observed_state="stopped")
    CloudPod.objects.filter(pk=made[2].pk).update(protected=True)
    return [CloudPod.objects.get(pk=pod.pk) for pod in made]


def ask(client, name, pods, **more):
    selected = [str(pod.pk) for pod in pods]
    return client.post(reverse(LIST), {"action": name, "_selected_action": selected, "index": "0", **more})


def begun(kind):
    return set(Operation.objects.filter(kind=kind).values_list("subject_name", flat=True))


def test_the_question_names_each_pod_and_does_nothing(pods):
    before = list(CloudPod.objects.order_by("pk").values())
    answer = ask(desk(), "stop", pods)
    assert answer.status_code == 200
    assert "Stop 4 pods?" in answer.text
    for words in (*(pod.hostname for pod in pods), "it is stopped already", "create is going on"):
        assert words in answer.text
    assert begun("stop") == set()
    assert list(CloudPod.objects.order_by("pk").values()) == before


def test_confirmed_it_is_done_to_each_that_allows_it_and_told_pod_by_pod(pods):
    answer = ask(desk(), "stop", pods, confirmed="yes", reason="the node is going down", timeout_s="5")
    assert answer.status_code == 200
    assert begun("stop") == {"web-0", "web-2"}
    for operation in Operation.objects.filter(kind="stop"):
        assert page(operation) in answer.text
    assert "left alone: it is stopped already" in answer.text
    assert "left alone: create is going on" in answer.text
    reasons = AuditEvent.objects.filter(action="pod.stop").values_list("actor", "reason")
    assert list(reasons) == [("ada", "the node is going down")] * 2


def test_what_is_refused_to_one_does_not_keep_the_others(pods, monkeypatch):
    """The page was made before somebody else protected it: the service has the last word, pod by pod."""
    monkeypatch.setattr("pods.admin_bulk.why_not", lambda deed, pod, running: "")
    answer = ask(desk(), "destroy", pods[:3], confirmed="yes", typed="3 pods", timeout_s="0")
    assert begun("destroy") == {"web-0", "web-1"}
    assert "is protected: take its protection off first" in answer.text


@pytest.mark.parametrize("typed", ["", "2 pods", "web-0"])
def test_several_are_destroyed_only_after_their_number_is_typed(typed, pods):
    answer = ask(desk(), "destroy", pods, confirmed="yes", typed=typed, timeout_s="0")
    assert answer.status_code == 400
    assert "Type 4 pods to say that you mean it." in answer.text
    assert begun("destroy") == set()


def test_what_needs_a_reason_and_a_number_is_told_when_they_lack(pods):
    client = desk()
    assert "Say why" in ask(client, "suspend", pods, confirmed="yes", timeout_s="5").text
    assert "is no whole number" in ask(client, "suspend", pods, confirmed="yes", reason="x", timeout_s="soon").text
    assert begun("suspend") == set()


def test_who_may_only_look_is_offered_nothing_and_does_nothing(pods):
    client = desk(staff("pods.view_cloudpod"))
    assert "_selected_action" not in client.get(rows(CloudPod)).text
    ask(client, "stop", pods, confirmed="yes", timeout_s="5")
    assert begun("stop") == set()


def test_who_may_not_destroy_is_not_offered_it(pods):
    client = desk(staff("pods.view_cloudpod", "pods.change_cloudpod"))
    names = [name for name, _ in client.get(rows(CloudPod)).context["action_form"].fields["action"].choices]
    assert "stop" in names
    assert "destroy" not in names
    ask(client, "destroy", pods, confirmed="yes", typed="4 pods", timeout_s="0")
    assert begun("destroy") == set()


@pytest.mark.parametrize("bad", [{"select_across": "1"}, {"_selected_action": "no-id"}])
def test_only_pods_that_were_ticked_are_meant(bad, pods):
    answer = desk().post(
        reverse(LIST), {"action": "stop", "index": "0", "_selected_action": str(pods[0].pk), "confirmed": "yes", **bad}
    )
    assert answer.status_code == 400
    assert begun("stop") == set()


def test_without_the_forms_csrf_token_nothing_is_done(pods):
    assert ask(desk(enforce_csrf_checks=True), "stop", pods, confirmed="yes", timeout_s="5").status_code == 403
    assert begun("stop") == set()


def test_the_list_is_kept_fresh_only_while_something_goes_on_with_a_pod_on_it(pods, alice):
    client = desk()
    assert "live-cells" in client.get(rows(CloudPod)).text
    Operation.objects.update(state="succeeded")
    assert "live-cells" not in client.get(rows(CloudPod)).text
    services.stop_pod(by=alice.actor, pod=pods[0], timeout_s=5)
    assert "live-cells" in client.get(rows(CloudPod)).text
