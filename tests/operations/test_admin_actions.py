"""Cancel, retry, skip and resolve in the admin: where there is something to do, after a question, by those who may."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from operations.cancelling import cancel
from operations.models import Cancellation, Operation
from tests.desk import desk, make_pods, page, staff

pytestmark = pytest.mark.django_db

VERBS = ["cancel", "retry", "skip", "resolve"]


@pytest.fixture
def operation(world, alice):
    make_pods(alice, 1)
    return Operation.objects.get()


@pytest.fixture
def stuck(operation):
    operation.steps.filter(name="clone").update(state="undoing")
    Operation.objects.update(
        state="needs_attention", direction="undo", error_step="clone", error_code="node_offline", error_message="Off."
    )
    operation.refresh_from_db()
    return operation


def url(verb, operation):
    return reverse(f"admin:operations_operation_{verb}", args=[operation.pk])


def shown(client, operation):
    html = client.get(page(operation)).text
    return [verb for verb in VERBS if url(verb, operation) in html]


def test_each_state_has_the_buttons_that_make_sense(operation):
    client = desk()
    assert shown(client, operation) == ["cancel"]
    Operation.objects.update(state="needs_attention")
    assert shown(client, operation) == ["retry", "skip", "resolve"]
    Operation.objects.update(state="succeeded")
    assert shown(client, operation) == []


def test_it_is_cancelled_with_a_reason_and_then_no_more(operation):
    client = desk()
    assert client.get(url("cancel", operation)).status_code == 200
    assert not Cancellation.objects.exists()
    client.post(url("cancel", operation), {"reason": "the wrong size"})
    asked = Cancellation.objects.get()
    assert (asked.actor_name, asked.reason) == ("ada", "the wrong size")
    html = client.get(page(operation)).text
    assert "Not now: it is cancelled already." in html
    assert "ada asked to cancel it" in html
    assert shown(client, operation) == []


@pytest.mark.parametrize("verb", VERBS[1:])
def test_what_needs_attention_is_dealt_with_for_a_reason(verb, stuck):
    client = desk()
    question = client.get(url(verb, stuck)).text
    assert "Not undone yet: clone" in question
    assert client.post(url(verb, stuck)).status_code == 400
    stuck.refresh_from_db()
    assert stuck.state == "needs_attention"
    assert client.post(url(verb, stuck), {"reason": "the node is back"}).status_code == 302
    stuck.refresh_from_db()
    assert stuck.state == ("resolved" if verb == "resolve" else "queued")
    event = AuditEvent.objects.get(action=f"operation.{verb}")
    assert (event.actor, event.reason) == ("ada", "the node is back")


def test_a_refusal_is_shown_in_place(operation, alice):
    cancel(by=alice.actor, operation=operation)
    refused = desk().post(url("retry", operation), {"reason": "kept as typed"})
    assert refused.status_code == 409
    assert "It needs nobody" in refused.text
    assert "kept as typed" in refused.text


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_only_look_does_none_of_it(verb, stuck):
    client = desk(staff("operations.view_operation"))
    assert shown(client, stuck) == []
    assert client.get(url(verb, stuck)).status_code == 403
    assert client.post(url(verb, stuck), {"reason": "x"}).status_code == 403
