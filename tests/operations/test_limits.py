"""How long a step is tried again: so often, for so long, or until the operation's deadline."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from operations import engine
from operations.errors import Retry
from operations.kind import Parked
from operations.models import Operation
from operations.wake import Outcome, wake
from tests.operations.acting import begin, to_its_end
from tests.operations.kinds import Script, reset

pytestmark = pytest.mark.django_db


class Away(Retry):
    """What is asked does not answer; that may last."""

    tries = None


LONG_OUTAGE = 60  # tries: half an hour of them, and more than any error has that counts them


@pytest.fixture
def script() -> Script:
    return reset()


def test_a_cluster_that_does_not_answer_is_asked_again_for_as_long_as_the_operation_has(script):
    script.does["first"] = [Away("no endpoint takes the request")] * LONG_OUTAGE + [None]
    assert to_its_end(begin()).state == Operation.State.SUCCEEDED
    assert script.called.count("first") == LONG_OUTAGE + 1


def test_at_the_deadline_it_is_undone_and_says_what_it_waited_for(script):
    script.does["first"] = [Away("no endpoint takes the request")]
    operation = begin()
    engine.drive(operation.pk)
    Operation.objects.filter(pk=operation.pk).update(deadline_at=F("created_at") - timedelta(minutes=1))
    assert to_its_end(operation).state == Operation.State.FAILED
    assert operation.error_code == "deadline_passed"
    assert "no endpoint takes the request" in operation.error_message


@pytest.mark.parametrize(("tries", "state"), [(3, Operation.State.FAILED), (None, Operation.State.SUCCEEDED)])
def test_a_task_that_ended_in_an_error_is_tried_again_as_often_as_that_error_allows(tries, state, script):
    numbers = iter(range(20))
    script.does["first"] = [lambda run: Parked(f"task:{next(numbers)}", "a task")] * 10 + [None]
    operation = begin()
    for number in range(11):
        if to_its_end(operation).state == Operation.State.PARKED:
            wake(f"task:{number}", Outcome(ok=False, family="retry", code="lost", message="lost", tries=tries))
    assert to_its_end(operation).state == state
