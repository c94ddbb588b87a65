"""Kind and Step: an operation's plot as a table, and Run, what a step is given.

Decides: the form in which kinds are written and found again. Not: how they are driven (engine.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from operations.errors import StepError
from operations.models import Operation

P = TypeVar("P")
R = TypeVar("R", bound="Run[Any]")


@dataclass(frozen=True)
class Parked:
    """A step's answer: it goes on by itself in a task; wake me when that has ended. `words` are for people."""

    key: str
    words: str


@dataclass(frozen=True)
class History:
    """What is known of earlier attempts at doing a step, for the next one and for its undo.

    `in_doubt`: one may have had an effect that nobody recorded. `unanswered_since`: since when the newest request that
    got no answer may be on its way. `well`: one ended well. `by_task`: one began a task. `unseen_task`: the newest one
    whose end nobody has seen, by the key it was waited for with. `doubtful_since`: when the first one of whose effect
    nothing is known was begun: what it may have asked for was asked for after that. `unanswered_undo_since`: as
    `unanswered_since`, of earlier attempts at undoing it; the rest is of doing it.
    """

    in_doubt: bool = False
    unanswered_since: datetime | None = None
    well: bool = False
    by_task: bool = False
    unseen_task: str | None = None
    doubtful_since: datetime | None = None
    unanswered_undo_since: datetime | None = None


@dataclass(kw_only=True)
class Run(Generic[P]):
    """What a step is given: the operation, its frozen parameters, and what is known of earlier attempts.

    A kind's `open` makes one (usually a subclass with the subject and the data plane). `guard` has to be called
    before each call to the outside: it raises when the lease has gone, so that a late worker does nothing more.
    """

    operation: Operation
    params: P
    guard: Callable[[], None]
    history: History = field(default_factory=History)  # of the step at hand; set by the engine before it calls it

    def last_words(self, wait_key: str) -> str:
        """The tail of the log of a task that failed, for the record."""
        return ""

    def met(self, error: StepError) -> None:
        """Told of every error that a step meets, in the transaction that records it: what needs a person is noted."""


def recorded_by_service(run: Run[Any]) -> None:
    """The work of a first step that the service did in the request's own transaction."""


def no_lanes(run: Run[Any]) -> tuple[str, ...]:
    """A step that may run beside any other."""
    return ()


@dataclass(frozen=True)
class Step(Generic[R]):
    """A row of a kind's table.

    `do` returns None (done) or Parked, or raises one of errors.py's families. `undo` likewise; None: nothing to undo.
    `atomic`: it only writes rows, which are committed together with its being done. `by_request`: a first, atomic step
    that is done in the request's own transaction, unless the operation has to stand behind another one: then it is done
    when its turn comes. `lanes` names the lanes it takes a place in while it runs. `task_may_fail`: it is worth a try
    only; when the task it waited for has failed, the operation goes on, and the next step looks at what came of it.
    `pivot`: once it has begun there is no way back: what fails from then on is not undone, a person is asked, and it
    cannot be cancelled. Names go into rows and are never reused.
    """

    name: str
    do: Callable[[R], Parked | None]
    undo: Callable[[R], Parked | None] | None = None
    atomic: bool = False
    undo_atomic: bool = False
    lanes: Callable[[R], tuple[str, ...]] = no_lanes
    task_may_fail: bool = False
    by_request: bool = False
    pivot: bool = False


@dataclass(frozen=True)
class Kind(Generic[R]):
    """One kind of operation in one version.

    `attention` is told, in the same transaction, that a person has to look; `resolved`, that one has: others may have
    been at the subject since, or be at it. `joins`: a second request is the first one, if these parameters are the same
    (None: it never is). `queues`: it may stand behind another operation of its subject, instead of being refused.
    `overtakes`: kinds that it cancels when it does so.
    """

    name: str
    version: int
    subject: str
    params: Callable[..., Any]
    open: Callable[[Operation, Any, Callable[[], None]], R]
    deadline: timedelta
    steps: tuple[Step[R], ...]
    attention: Callable[[R], None] | None = None
    resolved: Callable[[R], None] | None = None
    joins: tuple[str, ...] | None = None
    queues: bool = False
    overtakes: frozenset[str] = frozenset()

    def step(self, name: str) -> Step[R]:
        return next(step for step in self.steps if step.name == name)


_KINDS: dict[tuple[str, int], Kind[Any]] = {}


def register(kind: Kind[Any]) -> None:
    """Make a kind known to this process. A worker claims only what it knows."""
    key = (kind.name, kind.version)
    assert _KINDS.get(key, kind) is kind, f"two kinds are named {key}"
    _KINDS[key] = kind


def kind_of(operation: Operation) -> Kind[Any] | None:
    return _KINDS.get((operation.kind, operation.version))


def known_kinds() -> list[Kind[Any]]:
    return list(_KINDS.values())
