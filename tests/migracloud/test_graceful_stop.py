"""A worker that is told to end interrupts nothing and keeps nothing; several sets of workers share one database.

Decides: what becomes of operations and hints when real workers end, in order or not. Not: what a step does, nor what a
killed worker leaves at each of its points (the kill tests).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from core.clock import ControlNow
from demo.handle import FakeHandle
from operations import stopping, tasks
from operations.claims import LEASE
from operations.models import Attempt, Heartbeat, Operation
from operations.workers import pid_of, this_place
from pods.models import CloudPod
from pods.services import create_pod
from tests.cast import Person
from tests.fleet import fleet, until
from tests.work import Work

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

State = Operation.State
TOLD = "told to end"


def ordered(person: Person, how_many: int = 1) -> list[Operation]:
    return [create_pod(by=person.actor, tenant=person.tenant, hostname=f"web-{n}") for n in range(how_many)]


def tried(operation: Operation) -> list[tuple[str, str]]:
    attempts = Attempt.objects.filter(step__operation=operation).order_by("pk")
    return [(attempt.step.name, attempt.result) for attempt in attempts.select_related("step")]


def workers_of(operation: Operation, step: str) -> set[str]:
    return set(Attempt.objects.filter(step__operation=operation, step__name=step).values_list("worker", flat=True))


def hinted_at() -> list[str]:
    """The operations that hints in the queue name, of those hints that any worker may take now."""
    return [str(row.task["args"][0]) for row in OrmQ.objects.filter(lock__lte=timezone.now())]


def group(operation: Operation) -> int:
    """The set of processes that its worker belongs to."""
    return os.getpgid(pid_of(operation.worker) or 0)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("number", "to_all"),
    [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)],
    ids=["the command alone", "its group, as systemd does it", "its group, as a terminal does it"],
)
def test_a_step_comes_to_its_end_and_the_next_is_another_worker_s(
    plane: FakeHandle, alice: Person, work: Work, tmp_path: Path, number: signal.Signals, to_all: bool
) -> None:
    [operation] = ordered(alice)
    plane.hold("config")
    with fleet(tmp_path, "worker", "controller") as running:
        plane.wait_held("config", 30)
        running.end("controller")  # from here on nobody sends hints again
        (os.killpg if to_all else os.kill)(running.processes["worker"].pid, number)
        until(lambda: any(TOLD in line for line in running.lines("worker")))
        assert tried(operation)[-1] == ("configure", "")
        plane.release("config")
        assert running.ended("worker") == 0

        left = Operation.objects.get(pk=operation.pk, due_at__lte=ControlNow())
        assert (left.state, left.lease_until) == (State.WAITING, None)
        assert tried(left)[-1] == ("configure", "done")
        assert hinted_at() == [str(left.pk)]
        assert not Heartbeat.objects.filter(kind="worker").exists()

        running.start("worker-b")
        until(lambda: workers_of(left, "start"))
        running.start("controller")
        until(lambda: not Operation.objects.get(pk=left.pk).is_live)

    left.refresh_from_db()
    assert left.state == State.SUCCEEDED
    assert [result for step, result in tried(left) if step == "configure"] == ["done"]
    assert workers_of(left, "start").isdisjoint(workers_of(left, "configure"))
    assert plane.vmids() == {CloudPod.objects.get().vmid}


def test_hints_that_were_taken_and_not_begun_are_the_others(
    plane: FakeHandle, alice: Person, work: Work, tmp_path: Path
) -> None:
    plane.hold("clone")
    operations = ordered(alice, 5)
    with fleet(tmp_path, "worker", WORKERS="1") as running:
        plane.wait_held("clone", 30)
        running.processes["worker"].terminate()
        until(lambda: any(TOLD in line for line in running.lines("worker")))
        plane.release("clone")
        assert running.ended("worker") == 0
    begun = Operation.objects.exclude(state=State.QUEUED).get()
    assert begun.state == State.PARKED
    assert set(hinted_at()) >= {str(operation.pk) for operation in operations} - {str(begun.pk)}


def test_a_worker_that_was_told_to_end_claims_nothing_more(work: Work, alice: Person) -> None:
    [operation] = ordered(alice)
    OrmQ.objects.all().delete()
    stopping.ask()
    try:
        assert tasks.drive(str(operation.pk)) == "left to the others"
        assert work.drive(operation) == State.WAITING  # one that was claimed in that very moment
    finally:
        stopping.take_back()
    assert tried(operation) == []
    assert hinted_at() == [str(operation.pk)] * 2
    assert tasks.drive(str(operation.pk)) == State.PARKED


def test_two_machines_share_the_work_and_the_end_of_one_leaves_nothing_undone(
    plane: FakeHandle, alice: Person, work: Work, tmp_path: Path
) -> None:
    operations = ordered(alice, 8)
    plane.hold("start")
    with fleet(tmp_path, "worker", "worker-b", "controller") as running:
        plane.wait_held("start", 60, count=4)  # each of both sets' two workers drives one
        driven = list(Operation.objects.filter(state=State.RUNNING))
        a, b = (running.processes[name].pid for name in ("worker", "worker-b"))
        assert sorted(map(group, driven)) == sorted([a, a, b, b])
        lost = [operation for operation in driven if group(operation) == a]
        running.end("worker", number=signal.SIGKILL)
        for operation in lost:  # of a machine that nobody here knows anything of
            elsewhere = operation.worker.replace(this_place(), "0123456789ab")
            Operation.objects.filter(pk=operation.pk).update(worker=elsewhere)
        plane.release("start")
        until(lambda: Operation.objects.filter(state=State.SUCCEEDED).count() == len(operations) - len(lost))
        assert {operation.pk for operation in Operation.objects.filter(state=State.RUNNING)} == {op.pk for op in lost}
        work.pass_time(seconds=LEASE.total_seconds())
        until(lambda: Operation.objects.filter(state=State.SUCCEEDED).count() == len(operations))
    assert plane.vmids() == set(CloudPod.objects.values_list("vmid", flat=True))
    assert len(plane.record("clone")) == len(operations)
