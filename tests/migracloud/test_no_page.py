"""Where there is no page, and where ours broke, programs get a problem in JSON too."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from migracloud import no_page
from pods.api import PodViewSet
from tests.desk import staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/pods/", "/api/v1/cats", "/api/v2/pods"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_route_is_a_problem_answer(client, path, method):
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status"), [("/api/v1/cats", 404), ("/api/v1/openapi.json", 405), ("/api/v1/docs", 405)]
)
def test_a_program_without_a_forms_token_is_told_what_is_wrong_with_its_address(path, status):
    answer = Client(enforce_csrf_checks=True).post(path, {"a": 1}, content_type="application/json")
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_a_defect_of_ours_is_a_problem_answer_that_tells_no_details(alice, monkeypatch):
    def break_down(*_: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(PodViewSet, "get_queryset", break_down)
    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {alice.token}"})
    answer = client.get("/api/v1/pods")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"secret cause" not in answer.content


def test_a_person_gets_a_page(rf):
    answer = no_page.broken(rf.get("/admin/"))
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"Something broke on our side" in answer.content


def test_a_person_who_is_refused_or_lost_gets_a_page_with_a_way_back(client, alice):
    client.force_login(staff())
    forbidden = client.get(reverse("admin:tenants_tenant_changelist"))
    lost = client.get("/admin/no-such-page/")
    forged = Client(enforce_csrf_checks=True).post(reverse("admin:login"))
    for answer, status, words in (
        (forbidden, 403, "You may not do this"),
        (lost, 404, "There is no such page"),
        (forged, 403, "This form is out of date"),
    ):
        assert answer.status_code == status
        assert words in answer.text
        assert f'href="{reverse("root")}"' in answer.text
