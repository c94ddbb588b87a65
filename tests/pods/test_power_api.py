"""POST /api/v1/pods/<id>/start, /stop, /reboot: what they take, what they answer, and whose pods they reach."""

from __future__ import annotations

from uuid import uuid4

import pytest

from audit.models import AuditEvent
from operations.models import Operation
from pods.models import CloudPod

pytestmark = pytest.mark.django_db

VERBS = ["start", "stop", "reboot"]


@pytest.fixture
def path(running_pod):
    return f"pods/{running_pod.pk}"


def begun():
    return Operation.objects.filter(kind__in=VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_answers_202_with_the_operation_and_where_to_follow_it(verb, path, running_pod, alice, work):
    answer = alice.post(f"{path}/{verb}")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["kind"], body["state"], body["subject"]["id"]) == (verb, "queued", str(running_pod.pk))
    assert answer.headers["Location"] == f"/api/v1/operations/{body['id']}"
    work.until_idle()
    assert alice.get(f"operations/{body['id']}").json()["state"] == "succeeded"
    wanted = "stopped" if verb == "stop" else "running"
    pod = alice.get(path).json()
    assert (pod["desired_state"], pod["observed_state"]) == (wanted, wanted)


@pytest.mark.parametrize("verb", VERBS)
def test_no_body_at_all_will_do(verb, path, alice):
    assert alice._client.generic("POST", f"/api/v1/{path}/{verb}").status_code == 202


def test_reason_and_time_go_into_the_record(path, alice):
    assert alice.post(f"{path}/stop", timeout_s=5, reason="maintenance").status_code == 202
    event = AuditEvent.objects.get(action="pod.stop")
    assert (event.actor, event.reason, event.after["timeout_s"]) == ("alice", "maintenance", 5)
    assert begun().get().params["timeout_s"] == 5


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("stop", {"timeout": 5}, "timeout"),
        ("start", {"timeout_s": 5}, "timeout_s"),
        ("reboot", {"force": True}, "force"),
        ("stop", {"timeout_s": 601}, "timeout_s"),
        ("reboot", {"timeout_s": -1}, "timeout_s"),
        ("stop", {"timeout_s": "soon"}, "timeout_s"),
        ("stop", {"timeout_s": None}, "timeout_s"),
        ("start", {"reason": "x" * 501}, "reason"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(verb, body, field, path, alice):
    answer = alice.post(f"{path}/{verb}", **body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert not begun().exists()


@pytest.mark.parametrize("body", ["[]", '"stop"', "{"])
def test_a_body_that_is_no_object_is_a_problem_answer(body, path, alice):
    answer = alice._client.post(f"/api/v1/{path}/stop", body, content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert not begun().exists()


@pytest.mark.parametrize("verb", VERBS)
def test_another_tenants_pod_is_not_there(verb, path, charlie, olga, plane):
    plane.clear_record()
    answer = charlie.post(f"{path}/{verb}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert charlie.post(f"pods/{uuid4()}/{verb}").json()["detail"] == answer.json()["detail"]
    assert not begun().exists()
    assert CloudPod.objects.get().desired_state == "running"
    assert not AuditEvent.objects.filter(action=f"pod.{verb}")
    assert olga.post(f"{path}/{verb}").status_code == 202


@pytest.mark.parametrize("verb", VERBS)
def test_to_look_at_a_verb_does_nothing(verb, path, alice):
    assert alice.get(f"{path}/{verb}").status_code == 405
    assert not begun().exists()


def test_refusals_have_their_codes(path, running_pod, alice, work):
    assert alice.post(f"{path}/stop").status_code == 202
    again = alice.post(f"{path}/start")
    assert (again.status_code, again.json()["code"]) == (409, "operation_in_progress")
    work.until_idle()
    reboot = alice.post(f"{path}/reboot")
    assert (reboot.status_code, reboot.json()["code"]) == (409, "pod_stopped")
    CloudPod.objects.update(phase="needs_attention")
    start = alice.post(f"{path}/start")
    assert (start.status_code, start.json()["code"]) == (409, "pod_needs_attention")


def test_without_a_token_nothing_is_stopped(path, client):
    assert client.post(f"/api/v1/{path}/stop").status_code == 401
    assert not begun().exists()
