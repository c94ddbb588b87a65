"""/api/v1/tenants, and that nothing of one tenant's is to be had by another, whatever is asked for."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from pods.services import create_pod
from tenants.models import Tenant
from tests.tenants.problems import problem_of

pytestmark = pytest.mark.django_db

NEW = {"reference": "TENANT-300", "name": "Dora's"}


def without_id(answer):
    """A problem as anybody would be told it: only the request's id is each one's own."""
    body = answer.json()
    assert body.pop("request_id")
    return body


def references(answer):
    return [tenant["reference"] for tenant in answer.json()["results"]]


def test_the_platform_creates_a_tenant_with_the_quota_it_names(olga):
    answer = olga.post("tenants", **NEW, quota={"pods": 3})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["reference"], body["name"], body["state"], body["kind"]) == (
        "TENANT-300",
        "Dora's",
        "active",
        "customer",
    )
    assert body["quota"] == {"pods": 3, "cores": 20, "memory_mib": 40_960, "disk_gib": 400}
    assert olga.get(answer.headers["Location"].removeprefix("/api/v1/")).json() == body


def test_a_tenant_s_own_token_creates_no_tenant(alice):
    problem_of(alice.post("tenants", **NEW), 403, "permission_denied")
    assert not Tenant.objects.filter(reference="TENANT-300").exists()


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"quotas": {"pods": 3}}, "invalid", "quotas"),
        ({"kind": "platform"}, "invalid", "kind"),
        ({"state": "suspended"}, "invalid", "state"),
        ({"reference": "300"}, "invalid", "reference"),
        ({"reference": "TENANT-0"}, "invalid", "reference"),
        ({"reference": "TENANT-" + "1" * 20}, "invalid", "reference"),
        ({"reference": None}, "invalid", "reference"),
        ({"reference": ["TENANT-300"]}, "invalid", "reference"),
        ({"name": ""}, "invalid", "name"),
        ({"name": "x" * 201}, "invalid", "name"),
        ({"name": "nul\x00"}, "invalid", "name"),
        ({"quota": 3}, "invalid", "quota"),
        ({"quota": {"pods": -1}}, "invalid", "quota.pods"),
        ({"quota": {"pods": "many"}}, "invalid", "quota.pods"),
        ({"quota": {"pods": None}}, "invalid", "quota.pods"),
        ({"quota": {"pods": 1_000_000_001}}, "invalid", "quota.pods"),
        ({"quota": {"pod": 3}}, "invalid", "quota"),
    ],
)
def test_a_wrong_input_is_refused_with_its_field_and_nothing_is_made(olga, wrong, code, field):
    before = Tenant.objects.count()
    detail = problem_of(olga.post("tenants", **{**NEW, **wrong}), 400, code, field)
    assert detail
    assert Tenant.objects.count() == before


def test_several_wrong_inputs_are_all_named(olga):
    problem_of(olga.post("tenants", quota={"pods": -1}), 400, "invalid", "reference", "name", "quota.pods")


def test_a_taken_reference_is_a_conflict(olga):
    assert olga.post("tenants", **NEW).status_code == 201
    problem_of(olga.post("tenants", **NEW), 409, "tenant_reference_taken", "reference")


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "3"])
def test_a_body_that_is_no_object_is_refused(olga, body):
    client = Client(headers={"authorization": f"Bearer {olga.token}"})
    problem_of(client.post("/api/v1/tenants", body, content_type="application/json"), 400, "invalid", "request")


@pytest.mark.parametrize("body", ["{", "\xff", '{"name": NaN}'])
def test_a_body_that_is_no_json_is_refused(olga, body):
    client = Client(headers={"authorization": f"Bearer {olga.token}"})
    answer = client.post("/api/v1/tenants", body.encode("latin-1"), content_type="application/json")
    problem_of(answer, 400, "parse_error")


def test_a_body_of_another_kind_is_refused(olga):
    client = Client(headers={"authorization": f"Bearer {olga.token}"})
    answer = client.post("/api/v1/tenants", "name=x", content_type="application/x-www-form-urlencoded")
    problem_of(answer, 415, "unsupported_media_type")


def test_a_method_that_is_not_offered_is_refused_with_those_that_are(olga):
    answer = olga.delete("tenants/TENANT-101")
    problem_of(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_the_platform_sees_all_tenants_and_a_tenant_itself_only(alice, charlie, olga):
    assert references(olga.get("tenants")) == ["TENANT-0", "TENANT-102", "TENANT-101"]
    assert references(alice.get("tenants")) == ["TENANT-101"]
    assert alice.get("tenants/TENANT-101").json()["reference"] == "TENANT-101"


def test_another_tenant_is_told_exactly_like_one_that_does_not_exist(charlie):
    there, nowhere = charlie.get("tenants/TENANT-101"), charlie.get("tenants/TENANT-404")
    problem_of(there, 404, "not_found")
    assert without_id(there) == without_id(nowhere)


def test_another_tenant_s_pod_and_operation_do_not_exist_for_charlie(world, alice, charlie, olga):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    pod = f"pods/{operation.subject_id}"
    for path in (pod, f"operations/{operation.pk}"):
        assert alice.get(path).status_code == olga.get(path).status_code == 200
        kind = path.split("/")[0]
        answer = charlie.get(path)
        problem_of(answer, 404, "not_found")
        assert without_id(answer) == without_id(charlie.get(f"{kind}/{uuid.uuid4()}"))
        assert charlie.get(kind).json()["results"] == []
        assert len(alice.get(kind).json()["results"]) == len(olga.get(kind).json()["results"]) == 1
    problem_of(charlie.delete(pod), 404, "not_found")
    assert charlie.get("operations", subject=str(operation.subject_id)).json()["results"] == []
    assert charlie.get("pods", hostname="web").json()["results"] == []


@pytest.mark.parametrize("path", ["tenants/x", "pods/x", "pods/%00", "operations/1", "operations/%00"])
def test_an_id_of_another_form_is_not_found(olga, path):
    problem_of(olga.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["tenants/TENANT-%00", "pods?hostname=%00"])
def test_a_text_that_postgresql_cannot_hold_is_refused_and_no_error_of_ours(olga, path):
    problem_of(olga.get(path), 400, "invalid")
