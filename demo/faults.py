"""What is armed to go wrong, or to take its time: lost answers, errors, held answers and held tasks.

Decides: what befalls which request or task. Not: how a test says so (control.py), what Proxmox does itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Failure:
    """An error to be met instead of the real thing; `times` counts down, None is for ever. `late`: a task has begun
    by then, and leaves behind what Proxmox leaves.
    """

    message: str
    status: int = 500
    times: int | None = 1
    late: bool = False


class Killed(Exception):
    """The worker of a task was killed on the node: it cleans nothing up."""


class Faults:
    """One fake's armed faults. Names are the record's names of requests."""

    def __init__(self) -> None:
        self.token_refused = False
        self._losses: Counter[str] = Counter()
        self._failures: dict[str, Failure] = {}
        self._task_failures: dict[str, Failure] = {}
        self._warnings: Counter[str] = Counter()
        self._moves: dict[str, tuple[int, Callable[[], None]]] = {}
        self._deaths: set[str] = set()
        self._holds: dict[str, asyncio.Event] = {}
        self._waiting: Counter[str] = Counter()
        self._task_gate: asyncio.Future[bool] | None = None  # its result: whether the workers were killed
        self._changed = asyncio.Event()

    def clear(self) -> None:
        """Disarm everything; what is held goes on."""
        self.token_refused = False
        self._losses.clear()
        self._failures.clear()
        self._task_failures.clear()
        self._warnings.clear()
        self._moves.clear()
        self._deaths.clear()
        for name in list(self._holds):
            self.release(name)
        self.release_tasks()

    # Answers that never arrive

    def lose(self, name: str, times: int) -> None:
        self._losses[name] += times

    def take_loss(self, name: str) -> bool:
        """True if this answer is to be lost."""
        if self._losses[name] <= 0:
            return False
        self._losses[name] -= 1
        return True

    # Endpoints that end in the middle of a request

    def let_endpoint_die(self, name: str) -> None:
        self._deaths.add(name)

    def take_death(self, name: str) -> bool:
        """True if the endpoint that carried out this request is to end before it answers."""
        if name not in self._deaths:
            return False
        self._deaths.remove(name)
        return True

    # What somebody else does just before a request arrives

    def move_before(self, name: str, move: Callable[[], None], nth: int = 1) -> None:
        self._moves[name] = nth, move

    def make_moves(self, name: str) -> None:
        """Do what was to be done before this request of that name."""
        left, move = self._moves.pop(name, (0, None))
        if move is None:
            return
        if left > 1:
            self._moves[name] = left - 1, move
        else:
            move()

    # Errors

    def fail(self, name: str, failure: Failure) -> None:
        self._failures[name] = failure

    def fail_task(self, name: str, failure: Failure) -> None:
        self._task_failures[name] = failure

    def take_failure(self, name: str) -> Failure | None:
        return self._take(self._failures, name)

    def take_task_failure(self, name: str) -> Failure | None:
        return self._take(self._task_failures, name)

    def warn(self, name: str, times: int) -> None:
        self._warnings[name] += times

    def take_warning(self, name: str) -> bool:
        """True if this task, which has done all it should, is to end with a warning."""
        if self._warnings[name] <= 0:
            return False
        self._warnings[name] -= 1
        return True

    @staticmethod
    def _take(armed: dict[str, Failure], name: str) -> Failure | None:
        failure = armed.get(name)
        if failure is not None and failure.times is not None:
            failure.times -= 1
            if failure.times <= 0:
                del armed[name]
        return failure

    # Answers that are held back

    def hold(self, name: str) -> None:
        self._holds.setdefault(name, asyncio.Event())

    def release(self, name: str) -> None:
        event = self._holds.pop(name, None)
        if event is not None:
            event.set()

    async def wait_out_hold(self, name: str) -> None:
        """Return once the answers of that name are no longer held."""
        event = self._holds.get(name)
        if event is None:
            return
        self._waiting[name] += 1
        self.note_change()
        try:
            await event.wait()
        finally:
            self._waiting[name] -= 1

    def waiting(self, name: str) -> int:
        return self._waiting[name]

    # Tasks that stay RUNNING

    @property
    def tasks_held(self) -> bool:
        return self._task_gate is not None

    def hold_tasks(self) -> None:
        if self._task_gate is None:
            self._task_gate = asyncio.get_running_loop().create_future()

    def release_tasks(self, *, killed: bool = False) -> None:
        """Let the held tasks go on, or end them as kill -9 on the node does."""
        if self._task_gate is not None:
            self._task_gate.set_result(killed)
            self._task_gate = None

    async def wait_out_task_hold(self) -> None:
        """Return once tasks may go on; raise Killed if they may not."""
        # Shielded: a task that is cancelled must not cancel the gate of all the others.
        if self._task_gate is not None and await asyncio.shield(self._task_gate):
            raise Killed

    # Waiting for something to happen in the fake

    def note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """True as soon as the condition holds, False if it does not within the timeout."""
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
