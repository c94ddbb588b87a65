"""Cancel, retry, skip and resolve over the API: who may, what is answered, and what is shown of it."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operations.models import Operation
from pods.models import CloudPod
from pods.services import create_pod, start_pod
from tests.desk import make_pods

pytestmark = pytest.mark.django_db

VERBS = ["retry", "skip", "resolve"]


@pytest.fixture
def operation(world, alice) -> Operation:
    make_pods(alice, 1)
    made: Operation = Operation.objects.get()
    return made


@pytest.fixture
def stuck(operation: Operation) -> Operation:
    """One that could not be undone."""
    operation.steps.filter(name="clone").update(state="undoing")
    Operation.objects.update(
        state="needs_attention", direction="undo", error_step="clone", error_code="node_offline", error_message="Off."
    )
    operation.refresh_from_db()
    return operation


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_a_tenant_takes_its_own_operation_back(world, alice, charlie, work, plane):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    path = f"operations/{operation.pk}"
    assert charlie.post(f"{path}/cancel").status_code == 404
    answer = alice.post(f"{path}/cancel", reason="a mistake")
    assert (answer.status_code, answer.json()["cancel_asked"]) == (202, True)
    assert alice.post(f"{path}/cancel").status_code == 202  # twice is once
    work.until_idle()
    told = alice.get(path).json()
    assert told["state"] == "cancelled"
    assert told["explanation"]["happened"] == "alice cancelled it: a mistake."
    assert plane.vmids() == set()
    assert code(alice.post(f"{path}/cancel")) == (409, "too_late_to_cancel")
    assert [row["id"] for row in alice.get("operations", state="cancelled").json()["results"]] == [str(operation.pk)]


def test_what_staff_said_when_they_cancelled_is_not_told_to_the_tenant(world, alice, olga, work):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    olga.post(f"operations/{operation.pk}/cancel", reason="node pve is dying")
    work.until_idle()
    assert "node pve is dying" not in alice.get(f"operations/{operation.pk}").text
    assert "node pve is dying" in olga.get(f"operations/{operation.pk}").text


@pytest.mark.parametrize("verb", VERBS)
def test_only_the_platform_deals_with_what_needs_attention_and_says_why(verb, stuck, alice, charlie, olga):
    path = f"operations/{stuck.pk}/{verb}"
    assert code(alice.post(path, reason="x")) == (403, "staff_only")
    assert charlie.post(path, reason="x").status_code == 404
    assert code(olga.post(path)) == (400, "invalid")
    assert code(olga.post(path, reason="x", force=True)) == (400, "invalid")
    stuck.refresh_from_db()
    assert stuck.state == "needs_attention"
    answer = olga.post(path, reason="the node is back")
    assert (answer.status_code, answer.json()["state"]) == (202, "resolved" if verb == "resolve" else "queued")
    assert AuditEvent.objects.get(action=f"operation.{verb}").reason == "the node is back"


@pytest.mark.parametrize("verb", VERBS)
def test_what_needs_nobody_is_left_alone(verb, operation, olga):
    assert code(olga.post(f"operations/{operation.pk}/{verb}", reason="x")) == (409, "needs_no_attention")


def test_what_stands_behind_another_is_blocked_and_says_behind_what(world, alice, work, olga):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    work.until_idle()
    pod = operation.subject_id
    start_pod(by=alice.actor, pod=CloudPod.objects.get(pk=pod))
    blocked = olga.post(f"pods/{pod}/suspend", reason="unpaid").json()
    assert blocked["state"] == "blocked"
    told = alice.get(f"operations/{blocked['id']}").json()
    assert told["waits_for"] == "the operation before it (start)"
    assert "You can cancel it." in told["explanation"]["next"]
    work.until_idle()
    assert alice.get(f"operations/{blocked['id']}").json()["state"] == "succeeded"
