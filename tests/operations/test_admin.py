"""Operations in the admin: explained, never changed; a lane's capacity is the one thing to set."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operations.explain import explain
from operations.models import Lane, Operation
from tests.desk import desk, make_pods, page, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(world, alice):
    make_pods(alice, 1)
    return Operation.objects.get()


def test_an_operations_page_is_its_explanation_and_its_tries(operation):
    html = desk().get(page(operation)).content.decode()
    told = explain(operation)
    for words in (told.asked, told.happened, "Node pve did not answer."):
        assert words in html
    for step in operation.steps.all():
        assert step.name in html


def test_a_failed_operation_says_what_to_do_and_marks_the_step_that_failed(operation):
    Operation.objects.update(
        state="failed", direction="undo", error_step="clone", error_code="task_failed", error_message="Out of space."
    )
    html = desk().get(page(operation)).content.decode()
    assert "Out of space." in html
    assert "What to do:" in html
    assert '<li class="mc-bad">' in html


def test_the_page_refreshes_while_the_operation_lives_and_then_stops(operation):
    client = desk()
    assert "data-refresh" in client.get(page(operation)).content.decode()
    Operation.objects.update(state="succeeded")
    assert "data-refresh" not in client.get(page(operation)).content.decode()


def test_an_operation_that_has_ended_has_no_deadline_any_more(operation):
    client = desk()
    assert "<dt>Deadline</dt>" in client.get(page(operation)).text
    Operation.objects.update(state="succeeded")
    assert "<dt>Deadline</dt>" not in client.get(page(operation)).text


def test_a_kind_is_told_in_words(operation):
    Operation.objects.filter(pk=operation.pk).update(kind="set_keys")
    assert f"<h2>Set keys {operation.subject_name}</h2>" in desk().get(page(operation)).text


def test_operations_are_filtered_by_whether_they_are_done(operation):
    client = desk()
    assert client.get(rows(Operation), {"open": "yes"}).context["cl"].result_count == 1
    assert client.get(rows(Operation), {"open": "no"}).context["cl"].result_count == 0


def test_a_lanes_capacity_is_set_with_a_record_and_its_name_stays(operation):
    lane = Lane.objects.get()
    desk().post(page(lane), {"name": "other", "capacity": "12"})
    lane.refresh_from_db()
    assert (lane.name, lane.capacity) == ("clone", 12)
    event = AuditEvent.objects.get(action="lane.change")
    assert (event.before, event.after) == ({"capacity": 1}, {"capacity": 12})
