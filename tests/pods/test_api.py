"""The API as mPanel and a tenant's program meet it: answers, pages, filters, and nothing of anybody else's."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from operations.models import Operation
from pods.models import CloudPod

pytestmark = pytest.mark.django_db


@pytest.fixture
def created(world, olga, alice):
    return olga.post("pods", tenant="TENANT-101", hostname="web", cores=4)


def test_creation_answers_202_with_the_operation_and_where_to_follow_it(created, olga):
    assert created.status_code == 202
    body = created.json()
    assert (body["kind"], body["state"], body["tenant"]) == ("create", "queued", "TENANT-101")
    assert body["progress"] == {"done": 1, "total": 5}
    assert created.headers["Location"] == f"/api/v1/operations/{body['id']}"
    assert body["subject"]["name"] == "web"
    assert olga.get(f"pods/{body['subject']['id']}").json()["phase"] == "creating"


def test_a_pod_is_shown_with_what_is_wanted_seen_and_where_it_is(created, olga, work):
    work.until_idle()
    pod = olga.get(f"pods/{created.json()['subject']['id']}").json()
    assert (pod["phase"], pod["desired_state"], pod["observed_state"]) == ("active", "running", "running")
    assert pod["observed_at"]
    assert (pod["address"], pod["interfaces"][0]["addresses"]) == ("10.1.10.50", ["10.1.10.50/24"])
    assert (pod["cluster"], pod["node"], pod["tier"], pod["vmid"], pod["cores"]) == (
        "pve-a",
        "pve",
        "clients-main",
        9100,
        4,
    )


def test_an_operation_is_shown_with_its_steps_attempts_and_explanation(created, olga, work):
    work.until_idle()
    operation = olga.get(f"operations/{created.json()['id']}").json()
    assert operation["state"] == "succeeded"
    assert [step["name"] for step in operation["steps"]] == ["reserve", "clone", "configure", "start", "settle"]
    assert operation["steps"][1]["attempts"][0]["result"] == "done"
    assert operation["explanation"]["asked"] == "olga asked to create pod web."
    assert operation["explanation"]["happened"] == "All 5 steps are done."


def test_destruction_answers_202_and_the_pod_leaves_the_list_but_not_the_record(created, olga, work):
    work.until_idle()
    path = f"pods/{created.json()['subject']['id']}"
    answer = olga.delete(path)
    assert (answer.status_code, answer.json()["kind"]) == (202, "destroy")
    work.until_idle()
    assert [pod["phase"] for pod in olga.get("pods").json()["results"]] == ["deleted"]  # it still holds what it held
    assert olga.post(f"{path}/purge", reason="asked for").status_code == 202
    work.until_idle()
    assert olga.get("pods").json()["results"] == []
    assert olga.get("pods", phase="gone").json()["results"][0]["hostname"] == "web"
    assert olga.get(path).json()["phase"] == "gone"
    again = olga.delete(path)
    assert (again.status_code, again.json()["code"]) == (409, "pod_gone")


def test_a_destroy_overtakes_the_making_of_its_pod(created, olga, work):
    answer = olga.delete(f"pods/{created.json()['subject']['id']}")
    assert (answer.status_code, answer.json()["state"]) == (202, "blocked")
    work.until_idle()
    assert olga.get(f"operations/{created.json()['id']}").json()["state"] == "cancelled"
    assert olga.get(f"operations/{answer.json()['id']}").json()["state"] == "succeeded"
    assert CloudPod.objects.get().phase == "failed"


def test_a_tenants_own_token_need_not_name_the_tenant(world, alice):
    assert alice.post("pods", hostname="web").json()["tenant"] == "TENANT-101"


def test_another_tenants_pods_and_operations_are_not_there(created, alice, charlie):
    pod, operation = created.json()["subject"]["id"], created.json()["id"]
    for person, status in ((alice, 200), (charlie, 404)):
        assert person.get(f"pods/{pod}").status_code == status
        assert person.get(f"operations/{operation}").status_code == status
    assert charlie.delete(f"pods/{pod}").status_code == 404
    assert CloudPod.objects.get().phase == "creating"
    for path in ("pods", "operations"):
        assert len(alice.get(path).json()["results"]) == 1
        assert charlie.get(path).json()["results"] == []


@pytest.mark.parametrize("path", ["pods", "operations"])
def test_what_does_not_exist_is_a_problem_answer(path, olga):
    for name in (uuid4(), "no-id-at-all"):
        answer = olga.get(f"{path}/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("pods", {"phase": "asleep"}, "phase"),
        ("operations", {"state": "asleep"}, "state"),
        ("operations", {"subject": "x"}, "subject"),
        ("pods", {"colour": "red"}, "colour"),
        ("operations", {"phase": "gone"}, "phase"),
        ("tenants", {"state": "asleep"}, "state"),
        ("tenants", {"kind": "customer"}, "kind"),
        ("pods", {"page_size": "x"}, "page_size"),
        ("pods", {"page_size": "0"}, "page_size"),
    ],
)
def test_an_unknown_filter_or_value_names_itself(path, query, field, olga):
    answer = olga.get(path, **query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_lists_are_filtered_and_paged_by_keyset(world, olga, alice):
    for number in range(5):
        assert olga.post("pods", tenant="TENANT-101", hostname=f"web-{number}").status_code == 202
    page = olga.get("pods", page_size=2).json()
    assert [pod["hostname"] for pod in page["results"]] == ["web-4", "web-3"]
    assert "cursor=" in page["next"]
    assert [pod["hostname"] for pod in olga.get("pods", hostname="web-1").json()["results"]] == ["web-1"]
    assert len(olga.get("operations", state="queued").json()["results"]) == 5
    subject = page["results"][0]["id"]
    assert len(olga.get("operations", subject=subject).json()["results"]) == 1


@pytest.mark.parametrize("path", ["pods", "operations", "tenants"])
def test_lists_do_not_query_more_for_more_rows(path, world, olga):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert olga.get(path).status_code == 200
        return len(captured)

    olga.post("pods", tenant="TENANT-101", hostname="web-0")
    few = queries()
    for number in range(1, 6):
        olga.post("pods", tenant="TENANT-101", hostname=f"web-{number}")
        olga.post("tenants", reference=f"TENANT-20{number}", name="another")
    assert queries() == few


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null"])
def test_a_body_that_is_no_object_is_a_problem_answer_not_a_crash(body, alice, world):
    answer = alice._client.post("/api/v1/pods", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_without_a_token_nothing_is_shown(client, world):
    for path in ("pods", "operations", "tenants"):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert Operation.objects.count() == 0


def test_a_tenant_is_told_step_and_code_but_not_what_the_data_plane_said(created, alice, olga, plane, work):
    """Endpoints, files and other guests' names stand in those words."""
    plane.fail("clone", status=500, message="storage secret-pool of guest 4711 is full", times=None)
    work.until_idle()
    path = f"operations/{created.json()['id']}"
    inside, outside = olga.get(path), alice.get(path)
    assert "4711" in inside.content.decode()
    assert "4711" not in outside.content.decode()
    assert "pve" not in outside.content.decode()
    told = outside.json()
    assert (told["error"]["step"], told["error"]["code"]) == ("clone", inside.json()["error"]["code"])
    assert "support" in told["explanation"]["next"]


def test_a_tenant_is_not_told_what_its_operation_waits_for_inside(created, alice, olga, plane, work):
    plane.hold_tasks()
    work.drive_due()
    path = f"operations/{created.json()['id']}"
    assert olga.get(path).json()["waits_for"] == "the clone on pve"
    assert alice.get(path).json()["waits_for"] == "the platform"
    plane.release_tasks()


def test_the_platform_narrows_its_lists_to_a_tenant(world, olga, alice, charlie):
    assert alice.post("pods", hostname="web").status_code == 202
    assert charlie.post("pods", hostname="db").status_code == 202
    for path in ("pods", "operations"):
        assert len(olga.get(path).json()["results"]) == 2
        [row] = olga.get(path, tenant="TENANT-102").json()["results"]
        assert row["tenant"] == "TENANT-102"
        assert alice.get(path, tenant="TENANT-102").json()["results"] == []
