"""Each request has an id of ours: in its answer, in what it is refused with, in its audit events and its operation."""

from __future__ import annotations

import logging
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from operations.models import Operation
from pods.api import PodViewSet
from tests.desk import desk, page, rows, staff

pytestmark = pytest.mark.django_db
HEADER = "X-Request-ID"


def id_of(answer):
    return str(UUID(answer.headers[HEADER]))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 302),
        ("/admin/login/", 200),
        ("/admin/", 302),
        ("/nowhere", 404),
        ("/static/migracloud/icon.svg", 200),
        ("/static/nothing", 404),
        ("/api/v1/pods", 401),
        ("/api/v1/cats", 404),
        ("/health/live", 200),
        ("/metrics", 403),
    ],
)
def test_every_answer_has_an_id_of_its_own(client, path, status):
    first, second = client.get(path), client.get(path)
    assert first.status_code == status
    assert id_of(first) != id_of(second)
    first.close()
    second.close()


def test_a_redirect_to_https_and_a_refused_host_have_it_too(client, settings):
    foreign = client.get("/", headers={"host": "elsewhere.example"})
    assert (foreign.status_code, bool(id_of(foreign))) == (400, True)
    assert id_of(foreign) in foreign.text
    settings.SECURE_SSL_REDIRECT = True
    redirect = Client().get("/")
    assert (redirect.status_code, bool(id_of(redirect))) == (301, True)


def test_the_id_that_a_client_sends_is_not_taken(client):
    answer = client.get("/", headers={"x-request-id": "0198e5b2-0000-7000-8000-000000000000"})
    assert id_of(answer) != "0198e5b2-0000-7000-8000-000000000000"


def test_every_problem_names_it(alice, client):
    for answer in (
        alice.get("pods/0198e5b2-0000-7000-8000-000000000000"),
        alice.get("pods", colour="red"),
        alice.post("pods", hostname="Not A Name"),
        client.get("/api/v1/pods"),
        client.get("/api/v1/cats"),
    ):
        assert answer.json()["request_id"] == id_of(answer)


def test_a_defect_of_ours_names_it_to_programs_and_to_people(alice, monkeypatch):
    def break_down(*_: object) -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr(PodViewSet, "get_queryset", break_down)
    monkeypatch.setattr("migracloud.dashboard.pod_figures", break_down)
    program = Client(raise_request_exception=False, headers={"authorization": f"Bearer {alice.token}"})
    answer = program.get("/api/v1/pods")
    assert (answer.status_code, answer.json()["request_id"]) == (500, id_of(answer))
    answer = desk(raise_request_exception=False).get(reverse("admin:index"))
    assert answer.status_code == 500
    assert f"<code>{id_of(answer)}</code>" in answer.text


def test_every_page_for_people_who_are_refused_or_lost_names_it(client):
    client.force_login(staff())
    for answer, status in (
        (client.get(reverse("admin:tenants_tenant_changelist")), 403),
        (client.get("/admin/no-such-page/"), 404),
        (client.get("/admin/tenants/user/?q=%00"), 403),
        (Client(enforce_csrf_checks=True).post(reverse("admin:login")), 403),
    ):
        assert answer.status_code == status
        assert f"<code>{id_of(answer)}</code>" in answer.text


def test_the_operation_and_the_audit_event_of_a_create_have_it(alice, world):
    answer = alice.post("pods", hostname="web")
    assert answer.status_code == 202
    operation = Operation.objects.get()
    assert operation.request_id == id_of(answer) == answer.json()["request_id"]
    assert alice.get(f"operations/{operation.pk}").json()["request_id"] == id_of(answer)
    assert AuditEvent.objects.get(action="pod.create").request_id == id_of(answer)


def test_the_audit_event_of_a_refusal_has_it(alice, world):
    alice.post("pods", hostname="web")
    answer = alice.post("pods", hostname="web")
    assert answer.status_code == 409
    assert AuditEvent.objects.get(outcome="refused").request_id == id_of(answer)


def test_what_other_processes_record_of_the_operation_has_it(alice, work):
    answer = alice.post("pods", hostname="web")
    work.until_idle()
    ended = AuditEvent.objects.get(action="pod.create.ended")
    assert (ended.actor, ended.request_id) == ("control plane", id_of(answer))


def test_staff_find_operation_and_events_by_it(alice, world):
    answer = alice.post("pods", hostname="web")
    alice.post("pods", hostname="other")
    client = desk()
    for model in (Operation, AuditEvent):
        found = client.get(rows(model), {"q": id_of(answer)}).context["cl"]
        assert {row.request_id for row in found.queryset} == {id_of(answer)}
        row = model.objects.get(request_id=id_of(answer))
        assert id_of(answer) in client.get(page(row)).text


def test_one_line_a_request_tells_who_and_what_but_no_query_and_no_header(alice, caplog):
    caplog.set_level(logging.INFO, logger="migracloud.request")
    alice.get("pods", phase="active")
    (line,) = [record for record in caplog.records if record.name == "migracloud.request"]
    assert line.getMessage().startswith("GET /api/v1/pods: 200 in ")
    assert line.getMessage().endswith(f" ms, token {alice.token.split('_')[1]}")
    assert (line.route, line.status) == ("pod-list", 200)
    assert "active" not in str(vars(line))
    assert alice.token not in str(vars(line))


def test_telling_who_asked_costs_no_query(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        Client(headers={"cookie": f"sessionid={'x' * 32}"}).get("/nowhere/at/all.css")
