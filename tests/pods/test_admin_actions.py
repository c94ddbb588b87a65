"""Start, stop and reboot in the admin: after a question only, by POST, by those who may, and where it makes sense."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.html import escape

from audit.models import AuditEvent
from operations.models import Operation
from pods.models import CloudPod
from tests.desk import desk, make_pods, page, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

VERBS = ["start", "stop", "reboot"]
LOOK, POWER, DESTROY = "pods.view_cloudpod", "pods.change_cloudpod", "pods.delete_cloudpod"


@pytest.fixture
def pod(world, alice):
    """A pod that should run and was found stopped: everything makes sense."""
    (made,) = make_pods(alice, 1)
    Operation.objects.filter(subject_id=made.pk).update(state="succeeded")
    return now(made, observed_state="stopped", phase="active")


def now(pod, **fields):
    CloudPod.objects.filter(pk=pod.pk).update(**fields)
    return CloudPod.objects.get(pk=pod.pk)


def url(verb, pod):
    return reverse(f"admin:pods_cloudpod_{verb}", args=[pod.pk])


def begun():
    return Operation.objects.filter(kind__in=[*VERBS, "destroy"])


def pressable(client, pod):
    """Which buttons of the page lead somewhere, and what is said of the others."""
    html = client.get(page(pod)).text
    said = html.partition('id="why-not">')[2].partition("</p>")[0]
    return [verb for verb in (*VERBS, "destroy") if f'href="{url(verb, pod)}"' in html], said


@pytest.mark.parametrize("verb", VERBS)
def test_to_look_at_the_question_changes_nothing(verb, pod):
    html = desk().get(url(verb, pod)).text
    for named in (f"CT {pod.vmid}", pod.node.name, "left alone"):
        assert escape(named) in html
    assert not begun().exists()
    assert CloudPod.objects.get().desired_state == "running"


@pytest.mark.parametrize("verb", VERBS)
def test_a_confirmed_deed_begins_the_operation_with_its_reason_and_leads_to_it(verb, pod):
    response = desk().post(url(verb, pod), {"reason": "asked by phone"}, follow=True)
    operation = begun().get()
    assert operation.kind == verb
    assert page(operation) in response.text
    event = AuditEvent.objects.get(action=f"pod.{verb}")
    assert (event.actor_kind, event.actor, event.reason) == ("user", "ada", "asked by phone")


@pytest.mark.parametrize("verb", ["stop", "reboot"])
def test_the_time_to_shut_down_is_asked_for(verb, pod):
    client = desk()
    assert 'name="timeout_s" type="number"' in client.get(url(verb, pod)).text
    for typed in ("soon", "-1", "601", ""):
        response = client.post(url(verb, pod), {"timeout_s": typed, "reason": "kept as typed"})
        assert response.status_code == 400
        assert "kept as typed" in response.text
    assert not begun().exists()
    client.post(url(verb, pod), {"timeout_s": "5"})
    assert begun().get().params["timeout_s"] == 5


@pytest.mark.parametrize("verb", VERBS)
def test_a_deed_without_the_forms_csrf_token_is_refused(verb, pod):
    assert desk(enforce_csrf_checks=True).post(url(verb, pod)).status_code == 403
    assert not begun().exists()


@pytest.mark.parametrize(
    ("rights", "may"),
    [([LOOK], []), ([LOOK, POWER], VERBS), ([LOOK, DESTROY], ["destroy"])],
    ids=["look", "power", "delete"],
)
def test_somebody_does_and_sees_what_they_have_the_right_to(rights, may, pod):
    client = desk(staff(*rights))
    assert pressable(client, pod) == (may, "")
    for verb in (*VERBS, "destroy"):
        assert client.get(url(verb, pod)).status_code == (200 if verb in may else 403)
        if verb not in may:
            assert client.post(url(verb, pod)).status_code == 403
    assert not begun().exists()


def test_what_makes_no_sense_cannot_be_pressed_and_the_page_says_why(pod):
    client = desk()
    assert pressable(client, pod) == ([*VERBS, "destroy"], "")
    pod = now(pod, observed_state="running")
    assert pressable(client, pod) == (["stop", "reboot", "destroy"], "Not now: Start (it runs already).")
    pod = now(pod, desired_state="stopped", observed_state="stopped")
    words = "Not now: Stop (it is stopped already); Reboot (it should be stopped; start it instead)."
    assert pressable(client, pod) == (["start", "destroy"], words)
    pod = now(pod, phase="needs_attention")
    buttons, words = pressable(client, pod)
    assert buttons == ["destroy"]
    assert "Start, Stop, Reboot" in words
    assert "(it needs a person; it can only be destroyed)." in words
    pod = now(pod, phase="gone", gone_at="2026-01-01T00:00Z")
    assert pressable(client, pod) == ([], "")


def test_a_pod_that_is_stopped_as_it_should_be_asks_for_no_look(pod):
    client, marked = desk(), '<span class="mc-badge mc-warn">stopped</span>'
    assert marked in client.get(page(pod)).text
    pod = now(pod, desired_state="stopped")
    assert marked not in client.get(page(pod)).text
    assert f"{pod.hostname} is stopped on {pod.node}, as it should be." in client.get(page(pod)).text


def test_while_something_goes_on_only_what_may_stand_behind_it_can_be_pressed(pod):
    client = desk()
    client.post(url("start", pod))
    buttons, words = pressable(client, pod)
    assert buttons == ["destroy"]
    assert words == "Not now: Start, Stop, Reboot, Resize, Rename, Move, Snapshot, Rebuild (start is going on)."
    assert f"{pod.hostname} is being started." in client.get(page(pod)).text
    refused = client.post(url("stop", pod))
    assert refused.status_code == 409
    assert "Another operation on it is still going on" in refused.text
