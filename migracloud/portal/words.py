"""A pod and an operation in a tenant's words: what it is, since when that is so, and whether there is anything to do.

Decides: these words, and that nothing of the platform's inside is among them. Not: how they are laid out (templates).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from audit import look
from clusters.freshness import is_stale
from operations.explain import Explanation, explain, progress
from operations.models import Operation, Step
from operations.timeline import TimelineStep, timeline
from operations.words import deed, step_words
from pods.models import CloudPod
from pods.pages import DOING

Phase, Desired, Observed = CloudPod.Phase, CloudPod.Desired, CloudPod.Observed
State = Operation.State


@dataclass(frozen=True)
class Moment:
    """Since when something is so, or when it was seen: `words` go before the time."""

    words: str
    at: datetime


@dataclass(frozen=True)
class PodWords:
    word: str
    tone: str
    sentence: str
    moments: list[Moment]
    may_log_in: bool = False
    wanted: str = ""  # what it should be, where it is not


def pod_words(pod: CloudPod, running: Operation | None = None) -> PodWords:
    """Where the pod is in its life, for somebody who looks for ten seconds. `pod.cluster.observation` is read.

    `running` is what goes on with it. While it is stopped as was asked, it is no news that it still runs.
    """
    name = pod.hostname
    match pod.phase:
        case Phase.CREATING:
            sentence = f"{name} is being made. You need do nothing; it goes on by itself."
            return PodWords("being made", "busy", sentence, _moments(("Asked for", pod.created_at)))
        case Phase.DESTROYING:
            return PodWords("being destroyed", "busy", f"{name} is being destroyed.", [])
        case Phase.DELETED:
            sentence = f"{name} was destroyed. Until its purge our staff can restore it, and so can your programs."
            return PodWords("deleted", "warn", sentence, _moments(("Kept until", pod.purge_at)))
        case Phase.LOST:
            sentence = f"{name} is lost: the machine that it was on is lost for good."
            return PodWords("lost", "bad", sentence, _moments(("Given up", pod.gone_at)))
        case Phase.NEEDS_ATTENTION:
            sentence = f"Our staff has to look at {name}; you need do nothing."
            return PodWords("needs our staff", "warn", sentence, _moments(("Last seen", pod.observed_at)))
        case Phase.FAILED:
            sentence = f"{name} could not be made. Nothing is left of it; its operation says why."
            return PodWords("not made", "bad", sentence, _moments(("Given up", pod.gone_at)))
        case Phase.GONE:
            sentence = f"{name} is gone. Its address was given back."
            return PodWords("gone", "quiet", sentence, _moments(("Gone", pod.gone_at)))
    seen = _suspended(pod) if pod.suspended else _seen(pod)
    if running and running.direction == Operation.Direction.DO and (doing := DOING.get(running.kind)):
        return replace(seen, tone="busy", wanted="", sentence=f"{name} is being {doing}.")
    return seen


def _suspended(pod: CloudPod) -> PodWords:
    """It stands still, and its owner is told why: `pod.tenant` is read."""
    why = pod.suspended_reason or (pod.tenant.suspended_reason if pod.tenant_suspended else "")
    what = f"{pod.hostname} is suspended" if pod.suspended_at else f"{pod.hostname} is suspended with all your pods"
    sentence = f"{what}{f': {why}' if why else ''}".rstrip(".") + ". It cannot be started meanwhile."
    return PodWords("suspended", "warn", sentence, _moments(("Since", pod.suspended_at)))


def _seen(pod: CloudPod) -> PodWords:
    """A pod that is there, as it was last seen."""
    name = pod.hostname
    as_of = ("As of", pod.observed_at)
    if pod.observed_state in (Observed.RUNNING, Observed.STOPPED) and is_stale(pod.cluster):
        sentence = f"{name} was {pod.observed_state} when we last looked. We cannot say whether it still is."
        runs = pod.observed_state == Observed.RUNNING
        return PodWords(pod.observed_state, "warn", sentence, _moments(as_of), may_log_in=runs)
    match pod.observed_state:
        case Observed.RUNNING:
            but = ", though it should be stopped" if pod.desired_state == Desired.STOPPED else ""
            moments = _moments(("Started", pod.up_since), as_of)
            wanted = "should be stopped" if but else ""
            return PodWords("running", "warn" if but else "good", f"{name} is running{but}.", moments, True, wanted)
        case Observed.STOPPED:
            but = ", though it should run" if pod.desired_state == Desired.RUNNING else ", as was asked"
            tone = "warn" if pod.desired_state == Desired.RUNNING else "quiet"
            wanted = "should run" if pod.desired_state == Desired.RUNNING else ""
            return PodWords("stopped", tone, f"{name} is stopped{but}.", _moments(as_of), wanted=wanted)
        case Observed.ABSENT:
            sentence = f"We did not find {name} where it should be. If that stays so, tell support its id."
            return PodWords("not found", "bad", sentence, _moments(as_of))
    if pod.observed_at is None:
        return PodWords("not seen yet", "quiet", f"{name} is there; nobody has looked at it yet.", [], True)
    last = "" if pod.last_seen_state == Observed.UNKNOWN else f" {pod.last_seen_state}"
    sentence = f"We cannot see {name} at the moment. That alone does not mean that it is down."
    return PodWords("not seen", "warn", sentence, _moments((f"Last seen{last}", pod.observed_at)), True)


def _moments(*moments: tuple[str, datetime | None]) -> list[Moment]:
    return [Moment(words, at) for words, at in moments if at is not None]


def size_words(pod: CloudPod) -> str:
    cores = "core" if pod.cores == 1 else "cores"
    return f"{pod.cores} {cores}, {look.memory(pod.memory_mib)}, {pod.disk_gib} GiB disk"


# A state of an operation -> its word and tone. Whether a worker holds it or it is parked is the platform's business.
STATES = {
    State.BLOCKED: ("waiting for its turn", "busy"),
    State.QUEUED: ("queued", "busy"),
    State.RUNNING: ("going on", "busy"),
    State.PARKED: ("going on", "busy"),
    State.WAITING: ("waiting", "busy"),
    State.SUCCEEDED: ("done", "good"),
    State.FAILED: ("failed", "bad"),
    State.CANCELLED: ("cancelled", "quiet"),
    State.NEEDS_ATTENTION: ("needs our staff", "warn"),
    State.RESOLVED: ("seen to by our staff", "quiet"),
}
STEP_STATES = {
    Step.State.PENDING: ("to come", "quiet"),
    Step.State.BEGUN: ("going on", "busy"),
    Step.State.PARKED: ("going on", "busy"),
    Step.State.DONE: ("done", "good"),
    Step.State.UNDOING: ("being undone", "busy"),
    Step.State.UNDO_PARKED: ("being undone", "busy"),
    Step.State.UNDONE: ("undone", "quiet"),
}


@dataclass(frozen=True)
class OperationWords:
    """An operation in a list: `did` is what was asked, such as "Create web". One that was undone has no progress."""

    operation: Operation
    did: str
    kind: str
    word: str
    tone: str
    done: int
    total: int
    has_progress: bool
    took: str


@dataclass(frozen=True)
class StepWords:
    name: str
    title: str
    word: str
    tone: str
    is_current: bool
    tries: int
    begun_at: datetime | None
    took: str


@dataclass(frozen=True)
class Story:
    """An operation from its beginning to where it is now."""

    told: OperationWords
    explanation: Explanation
    steps: list[StepWords]


def operation_words(operation: Operation) -> OperationWords:
    """`operation.steps` is read; prefetch it for lists."""
    word, tone = STATES[State(operation.state)]
    if operation.is_live and operation.direction == Operation.Direction.UNDO:
        word, tone = "being undone", "warn"
    done, total = progress(operation)
    did = deed(operation, operation.subject_name)
    return OperationWords(
        operation=operation,
        did=did[0].upper() + did[1:],
        kind=operation.kind.replace("_", " ").capitalize(),
        word=word,
        tone=tone,
        done=done,
        total=total,
        has_progress=operation.direction == Operation.Direction.DO,
        took=look.duration(operation.finished_at - operation.created_at) if operation.finished_at else "",
    )


def story(operation: Operation) -> Story:
    """Of an operation that was read by `operations.timeline.with_steps`."""
    steps = [_step_words(part, operation) for part in timeline(operation).steps]
    return Story(operation_words(operation), explain(operation, inside=False), steps)


def _step_words(part: TimelineStep, operation: Operation) -> StepWords:
    word, tone = STEP_STATES[Step.State(part.step.state)]
    if part.step.state == Step.State.PENDING and not (operation.is_live and operation.direction == "do"):
        word = "not reached"
    if part.step.name == operation.error_step:
        tone = "bad"
    tries = [attempt for attempt in part.attempts if attempt.direction == operation.direction]
    begun_at = tries[0].begun_at if tries else None
    ended_at = tries[-1].ended_at if tries else None
    is_over = part.step.state in (Step.State.DONE, Step.State.UNDONE)
    took = look.duration(ended_at - begun_at) if is_over and begun_at and ended_at else ""
    title = step_words(part.step.name)
    return StepWords(part.step.name, title, word, tone, part.is_current, len(tries), begun_at, took)
