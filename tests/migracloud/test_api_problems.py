"""Whatever is asked of the API in a wrong way is answered by a problem that the document describes."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from operations.models import Operation
from pods.models import CloudPod
from tests import described
from tests.desk import make_pods
from tests.tenants.problems import problem_of

pytestmark = pytest.mark.django_db

JSON = "application/json"


@pytest.fixture
def program(alice) -> Client:
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {alice.token}"})


def test_a_request_without_a_token_or_with_a_wrong_one_is_told_which(client):
    answer = client.get("/api/v1/pods")
    described.check("GET", "/api/v1/pods", answer)
    problem_of(answer, 401, "not_authenticated")
    for header in ("Bearer mc_000000000000_x", "Bearer", "Basic YTpi", "Bearer a b"):
        answer = client.get("/api/v1/pods", headers={"authorization": header})
        described.check("GET", "/api/v1/pods", answer)
        problem_of(answer, 401, "authentication_failed")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("{", JSON, 400, "parse_error"),
        ("[]", JSON, 400, "invalid"),
        ('{"hostname": 3, "colour": "red"}', JSON, 400, "invalid"),
        ("hostname=web", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ('{"hostname": "' + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + '"}', JSON, 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(body, kind, status, code, program, world):
    answer = program.post("/api/v1/pods", body, content_type=kind)
    described.check("POST", "/api/v1/pods", answer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_answer_in_another_language_than_json_is_not_to_be_had(program):
    answer = program.get("/api/v1/pods", headers={"accept": "text/html"})
    described.check("GET", "/api/v1/pods", answer)
    problem_of(answer, 406, "not_acceptable")


@pytest.mark.parametrize("path", ["pods", "pods/019a9d3e-6f2c-7b1a-a4d6-8d1b0b7c2f31", "openapi.json", "docs"])
def test_a_method_that_is_not_offered_is_refused_with_those_that_are(path, program):
    answer = program.patch(f"/api/v1/{path}", {}, content_type=JSON)
    problem_of(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["", "pod", "pods/x/y", "v2", "openapi.yaml", "pods/"])
def test_an_address_that_there_is_not_says_where_those_are_that_there_are(path, program):
    problem_of(program.get(f"/api/v1/{path}"), 404, "not_found")


def test_what_breaks_on_our_side_is_a_problem_too(program, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("pods.api.PodViewSet.get_queryset", broken)
    answer = program.get("/api/v1/pods")
    described.check("GET", "/api/v1/pods", answer)
    assert "a bug" not in answer.content.decode()
    problem_of(answer, 500, "internal_error")


def test_a_pod_that_is_busy_names_the_operation_that_can_be_followed(world, alice, work):
    pod = make_pods(alice, 1)[0]
    first = Operation.objects.get(subject_id=pod.pk)
    answer = alice.post(f"pods/{pod.pk}/stop")
    problem_of(answer, 409, "operation_in_progress")
    assert answer.json()["operation"] == str(first.pk)
    assert alice.get(f"operations/{answer.json()['operation']}").json()["kind"] == "create"
    work.until_idle()
    assert alice.delete(f"pods/{pod.pk}").status_code == 202
    assert CloudPod.objects.get().phase == "destroying"


def test_a_problem_of_another_kind_names_no_operation(world, alice):
    assert alice.post("pods", hostname="web").status_code == 202
    assert "operation" not in alice.post("pods", hostname="web").json()
