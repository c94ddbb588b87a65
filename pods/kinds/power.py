"""Start, shutdown and stop of a pod's container, as several kinds do them, undo them, and do them again in doubt.

Decides: what a stopped or running container means to a step that wants it so. Not: the order of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Q

from clusters.dataplane.errors import Busy, WrongState
from clusters.dataplane.port import Ct, Mine, Stranger, Upid
from operations.kind import Parked, Step
from operations.models import Attempt, Operation
from pods.holdings import booted, is_well_again, saw, take_back
from pods.kinds.context import PodRun
from pods.models import CloudPod

MOST_TIMEOUT_S = 600  # that a pod may be given to shut down
USUAL_TIMEOUT_S = 60
DEADLINE = timedelta(seconds=MOST_TIMEOUT_S) + timedelta(minutes=10)  # the longest shutdown, and time for the rest

RUNNING = CloudPod.Desired.RUNNING


def start(op: PodRun[Any], mine: Mine) -> Parked | None:
    """Start the container; one that runs already is as it should be."""
    try:
        return op.parked(op.plane.start(mine), "the start")
    except WrongState:
        if op.plane.running(mine):
            return None
        raise


def stop(op: PodRun[Any]) -> Parked | None:
    """Stop the pod's container if it is there and runs. A stranger's is left alone."""
    mine = running(op, op.look())
    return op.parked(op.plane.stop(mine), "the stop") if mine else None


def running(op: PodRun[Any], found: Mine | Stranger | None) -> Mine | None:
    """What was found, if it is the pod's and runs, looked at once more: nothing comes between a look and its write."""
    if not isinstance(found, Mine) or not op.plane.running(found):
        return None
    again = op.look_at(found.ct)
    return again if isinstance(again, Mine) else None


def shut_down(op: PodRun[Any], *, timeout_s: int) -> Parked | None:
    """Ask its first process to end, if it runs. When the time is over its task fails, and a hard stop has to follow."""
    if timeout_s == 0:
        return None

    def ask(mine: Mine) -> Upid:
        return op.plane.shutdown(mine, timeout_s=timeout_s)

    return _take_down(op, _to_take_down(op), "vzshutdown", ask, "the shutdown")


def stop_hard(op: PodRun[Any]) -> Parked | None:
    """Stop it, if it still runs."""
    return stop_found(op, _to_take_down(op))


def stop_found(op: PodRun[Any], mine: Mine | None) -> Parked | None:
    """The same of what was just found."""
    return _take_down(op, mine, "vzstop", op.plane.stop, "the stop")


def _to_take_down(op: PodRun[Any]) -> Mine | None:
    """A container that is gone runs no more; whether that is well is for the next step to say."""
    found = op.look()
    return None if found is None and op.may_be_gone else op.as_mine(found)


def _take_down(op: PodRun[Any], mine: Mine | None, kind: str, ask: Callable[[Mine], Upid], words: str) -> Parked | None:
    """One request at a time: a second one could arrive after the pod was started again, and stop it once more."""
    if mine is None or not op.plane.running(mine):
        return None
    if going_on := op.taken_up(mine, kind, words):
        return going_on
    return op.parked(ask(op.mine()), words)  # looked at once more: nothing comes between a look and its write


# Undoing: the container becomes again what the pod was meant to be before.


def may_have_been_stopped(op: PodRun[Any], *, before: str) -> bool:
    """Whether it should run, and this step stopped it or may have."""
    return before == RUNNING and _had_effect(op)


def start_again(op: PodRun[Any], *, before: str) -> Parked | None:
    """Let it run again, if it should and this step stopped it or may have."""
    if not may_have_been_stopped(op, before=before):
        return None
    late = op.late_effect("vzshutdown", "vzstop")
    found = op.look()
    if not isinstance(found, Mine):
        return None
    if late:  # it would take down what was started again
        raise Busy(late)
    return None if op.plane.running(found) else start(op, found)


def stop_again(op: PodRun[Any], *, before: str) -> Parked | None:
    """Stop it again, if it should not run and this step started it or may have."""
    if before == RUNNING or not _had_effect(op):
        return None
    return stop_started(op, op.ct, op.look)


def stop_started(op: PodRun[Any], ct: Ct, look: Callable[[], Mine | Stranger | None]) -> Parked | None:
    """Stop what this step started or may yet start: what comes late would start it again. One request at a time: a
    second one could come after a later start.
    """
    late = op.late_effect("vzstart", ct=ct)
    found = look()
    if isinstance(found, Mine) and late:
        raise Busy(late)
    mine = running(op, found)
    if mine is None:
        return None
    if op.undo_may_still_arrive():
        raise Busy(f"The request for the stop of CT {ct.vmid} got no answer and may still arrive.")
    return op.parked(op.plane.stop(mine), "the stop")


def _had_effect(op: PodRun[Any]) -> bool:
    return op.history.by_task or op.history.in_doubt


def began_or_may_have(op: PodRun[Any], step: str) -> bool:
    """Whether another step of the operation has begun a task, or may have."""
    attempts = Attempt.objects.filter(step__operation=op.operation, step__name=step, direction=Operation.Direction.DO)
    return attempts.filter(Q(wait_key__isnull=False) | Q(in_doubt=True)).exists()


def up(op: PodRun[Any]) -> Parked | None:
    """Start it, if it should run."""
    return start(op, op.mine()) if op.pod.should_run else None


def settle_up_or_down(op: PodRun[Any]) -> None:
    """It runs if it should, and all is well."""
    is_well_again(op.pod)
    if op.pod.should_run:
        booted(op.pod)
    else:
        saw(op.pod, CloudPod.Observed.STOPPED)


def before_of(op: PodRun[Any]) -> str:
    """Whether it was to run before this operation, as its first step has remembered."""
    return RUNNING if op.before.get("should_run") else CloudPod.Desired.STOPPED


def down(*, timeout_s: Callable[[Any], int]) -> tuple[Step[Any], Step[Any]]:
    """Shut it down, then stop what still runs; undone, it runs again if it was to. `declare` remembers `should_run`."""

    def again(op: PodRun[Any]) -> Parked | None:
        return start_again(op, before=before_of(op))

    return (
        Step("shutdown", lambda op: shut_down(op, timeout_s=timeout_s(op)), undo=again, task_may_fail=True),
        Step("stop", stop_hard, undo=again),
    )


# Whether it starts with its node follows the desired state.


def write_onboot(op: PodRun[Any], desired: str) -> None:
    _write_onboot(op, op.mine(), desired)


def write_onboot_back(op: PodRun[Any], *, before: str) -> None:
    """What is not the pod's (any more) was not written to either. A write that comes late is let come first: written
    back, the configuration has its old digest again, which that write carries.
    """
    late = op.late_effect()
    found = op.look()
    if not isinstance(found, Mine):
        return
    if late:
        raise Busy(late)
    _write_onboot(op, found, before)


def _write_onboot(op: PodRun[Any], mine: Mine, desired: str) -> None:
    onboot = desired == RUNNING and not op.pod.suspended
    if mine.onboot != onboot:
        op.plane.set_onboot(mine, onboot)


# The first two steps of a start and of a stop; their parameters hold the `desired_state` before.


def declare(desired: str) -> Step[Any]:
    """From the request on, this is what is wanted."""
    return Step(
        "declare",
        lambda op: take_back(op.pod, phase=op.pod.phase, desired_state=desired),
        undo=lambda op: take_back(op.pod, phase=op.pod.phase, desired_state=op.params.desired_state),
        atomic=True,
        undo_atomic=True,
        by_request=True,
    )


def onboot(desired: str) -> Step[Any]:
    """From now on it starts with its node, or no longer."""
    return Step(
        "onboot",
        lambda op: write_onboot(op, desired),
        undo=lambda op: write_onboot_back(op, before=op.params.desired_state),
    )
