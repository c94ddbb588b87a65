"""The operation of a worker that was killed goes on soon; the lease of one that may live is left alone.

Decides: when a lease ends early. Not: what the next worker does at each step (the kinds' own tests).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.handle import FakeHandle
from operations import claims, engine
from operations.models import Attempt, Operation
from operations.workers import is_dead, pid_of, this_place, worker_name
from pods.models import CloudPod
from pods.services import create_pod
from tests.cast import Person
from tests.fleet import url_of_test_database
from tests.work import Work

ROOT = Path(__file__).resolve().parents[2]
DRIVE = """
import sys, uuid, django
django.setup()
from operations import engine
engine.drive(uuid.UUID(sys.argv[1]))
"""
NAME_AND_WAIT = """
import sys
from operations.workers import worker_name
print(worker_name(), flush=True)
sys.stdin.read()
"""


def ordered(person: Person) -> Operation:
    return create_pod(by=person.actor, tenant=person.tenant, hostname="web")


def claimed(operation: Operation, *, worker: str) -> Operation:
    assert claims.claim(operation.pk, worker=worker)
    operation.refresh_from_db()
    return operation


@contextmanager
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A living process and its name as a worker."""
    command = [sys.executable, "-c", NAME_AND_WAIT]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        yield started, started.stdout.readline().strip()
        started.kill()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_operation_goes_on_after_its_worker_was_killed(plane: FakeHandle, alice: Person, work: Work) -> None:
    operation = ordered(alice)
    plane.hold("clone")  # Proxmox carries it out; the worker does not hear of it
    command = [sys.executable, "-c", DRIVE, str(operation.pk)]
    env = {**os.environ, "DATABASE_URL": url_of_test_database(), "DJANGO_SETTINGS_MODULE": "migracloud.settings"}
    with subprocess.Popen(command, cwd=ROOT, env=env) as worker:
        plane.wait_held("clone", 30)
        worker.send_signal(signal.SIGKILL)
    plane.release("clone")

    assert claims.end_leases_of_dead_workers() == 0, "what it had asked for may not be visible yet"
    work.pass_time(seconds=claims.AFTERMATH.total_seconds())
    assert claims.end_leases_of_dead_workers() == 1
    work.until_idle()

    operation.refresh_from_db()
    pod = CloudPod.objects.get(pk=operation.subject_id)
    assert operation.state == Operation.State.SUCCEEDED
    assert plane.vmids() == {pod.vmid}
    assert len(plane.record("clone")) == 1
    first = Attempt.objects.filter(step__operation=operation, step__name="clone").order_by("number").first()
    assert first is not None
    assert (first.error_code, pid_of(first.worker)) == ("cut_short", worker.pid)


@pytest.mark.usefixtures("world")
def test_the_lease_of_a_worker_that_lives_is_left_alone(alice: Person, work: Work) -> None:
    with process() as (_, name):
        operation = claimed(ordered(alice), worker=name)
        work.pass_time(seconds=60)
        assert claims.end_leases_of_dead_workers() == 0
        assert engine.drive(operation.pk) == "not due"


@pytest.mark.usefixtures("world")
def test_whoever_was_taken_for_dead_can_write_nothing_more(alice: Person, work: Work) -> None:
    with process() as (started, name):
        started.kill()
        started.wait()
        taken = claims.claim(ordered(alice).pk, worker=name)
    assert taken
    _, lease = taken
    work.pass_time(seconds=60)
    assert claims.end_leases_of_dead_workers() == 1
    with pytest.raises(claims.LeaseLost):
        lease.renew()


@pytest.mark.usefixtures("world")
def test_a_worker_elsewhere_is_never_taken_for_dead(alice: Person, work: Work) -> None:
    with process() as (started, name):
        started.kill()
        started.wait()
    claimed(ordered(alice), worker=name.replace(this_place(), "0123456789ab"))
    work.pass_time(seconds=60)
    assert claims.end_leases_of_dead_workers() == 0


def test_a_process_that_was_killed_is_dead_before_and_after_its_parent_has_noticed() -> None:
    with process() as (started, name):
        assert not is_dead(name)
        started.kill()
        os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(name)
        started.wait()
        assert is_dead(name)


def test_another_process_with_the_number_of_a_dead_one_is_not_taken_for_it() -> None:
    host, pid, start, place = worker_name().rsplit(":", 3)
    assert not is_dead(worker_name())
    assert is_dead(f"{host}:{pid}:{int(start) - 1}:{place}")


@pytest.mark.parametrize("name", ["", "somebody", "host:12:34", "test worker", "host:x:1:" + this_place()])
def test_a_name_of_another_form_says_nothing(name: str) -> None:
    assert pid_of(name) is None
    assert not is_dead(name)


def test_a_name_fits_its_column() -> None:
    field = Operation._meta.get_field("worker")
    assert len(worker_name()) < 100 == field.max_length
