"""A kind of operation for the engine's own tests: its steps do what the test tells them. No pod, no Proxmox.

Decides: the table. Not: what is tested with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from operations.kind import Kind, Parked, Run, Step, recorded_by_service, register


@dataclass(frozen=True)
class Params:
    greeting: str = "hello"


@dataclass
class Script:
    """What each step does when it is called, in order: None, a Parked, or an error to raise. Empty: done."""

    does: dict[str, list[Any]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)

    def play(self, name: str) -> Callable[[Run[Params]], Parked | None]:
        def step(run: Run[Params]) -> Parked | None:
            self.called.append(name)
            answers = self.does.get(name) or [None]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if callable(answer):
                answer = answer(run)
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, Parked) else None

        return step


SCRIPT = Script()


def reset() -> Script:
    SCRIPT.does.clear()
    SCRIPT.called.clear()
    return SCRIPT


def _open(operation: Any, params: Params, guard: Callable[[], None]) -> Run[Params]:
    return Run(operation=operation, params=params, guard=guard)


REHEARSAL: Kind[Run[Params]] = Kind(
    "rehearsal",
    version=1,
    subject="thing",
    params=Params,
    open=_open,
    deadline=timedelta(minutes=10),
    steps=(
        Step("reserve", recorded_by_service, undo=SCRIPT.play("undo reserve"), undo_atomic=True),
        Step("first", SCRIPT.play("first"), undo=SCRIPT.play("undo first")),
        Step("second", SCRIPT.play("second"), undo=SCRIPT.play("undo second")),
        Step("last", SCRIPT.play("last"), atomic=True),
    ),
)
register(REHEARSAL)

# Its first step's task may fail: the second looks at what came of it.
TRIAL: Kind[Run[Params]] = Kind(
    "trial",
    version=1,
    subject="thing",
    params=Params,
    open=_open,
    deadline=timedelta(minutes=10),
    steps=(
        Step("first", SCRIPT.play("first"), undo=SCRIPT.play("undo first"), task_may_fail=True),
        Step("second", SCRIPT.play("second")),
    ),
)
register(TRIAL)

# Its second step is one from which there is no way back. It stands behind others, and a second one is the first.
PATIENT: Kind[Run[Params]] = Kind(
    "patient",
    version=1,
    subject="thing",
    params=Params,
    open=_open,
    deadline=timedelta(minutes=10),
    joins=("greeting",),
    queues=True,
    overtakes=frozenset({"rehearsal"}),
    steps=(
        Step(
            "declare",
            SCRIPT.play("declare"),
            undo=SCRIPT.play("undo declare"),
            atomic=True,
            undo_atomic=True,
            by_request=True,
        ),
        Step("first", SCRIPT.play("first"), undo=SCRIPT.play("undo first")),
        Step("pivot", SCRIPT.play("pivot"), pivot=True),
        Step("last", SCRIPT.play("last"), atomic=True),
    ),
)
register(PATIENT)

# Its only step takes a place in the lane that its parameter names.
ONE_AT_A_TIME: Kind[Run[Params]] = Kind(
    "one_at_a_time",
    version=1,
    subject="thing",
    params=Params,
    open=_open,
    deadline=timedelta(minutes=10),
    steps=(Step("only", SCRIPT.play("only"), lanes=lambda run: tuple(run.params.greeting.split(","))),),
)
register(ONE_AT_A_TIME)
