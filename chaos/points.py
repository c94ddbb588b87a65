"""Points at which a process can be struck: around each commit, inside each transaction, around each call to Proxmox.

A point is named by kind, direction, step, what happens there, its occurrence in that step, and whether it is before,
after or inside it; an index over a whole run would drift. `running` is after a call that began a task, while the task
still runs. What the request itself commits belongs to the step `request`, what the controller does to `tick`, and the
taking of a lease to `claim`.

Decides: where the points are, and what is done at one. Not: which are struck (kill.py, cancel.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from django.db import connection, connections

from clusters.dataplane.transport import Transport
from demo.record import describe
from operations import claims, engine

WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
TEST_CLOCK = "test_clock"  # a test's own write


class Point(NamedTuple):
    kind: str
    direction: str
    step: str
    what: str
    nth: int
    when: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.direction} {self.step}: {self.when} {self.what} {self.nth}"


Strike = Callable[[Point], None]


class Watch:
    """Hooks in this process, for as long as `watching` lasts: tells `strike` of each point as it is reached."""

    def __init__(self, kind: str, strike: Strike) -> None:
        self._strike = strike
        self._place = (kind, "do", "request")
        self._kind = kind
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._wrote = False  # in the transaction that is open

    def outside(self) -> None:
        """The request is over; what follows and is no step's is the controller's."""
        self._place = (self._kind, "do", "tick")

    def _reach(self, what: str, when: str, nth: int) -> None:
        self._strike(Point(*self._place, what, nth, when))

    def _next(self, what: str) -> int:
        self._counts[*self._place, what] += 1
        return self._counts[*self._place, what]

    # Commits

    def _execute(self, execute: Any, query: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(query)
        if not WRITE.match(text) or TEST_CLOCK in text:
            return execute(query, params, many, context)
        if connection.in_atomic_block:
            done = execute(query, params, many, context)
            if not self._wrote:
                self._wrote = True
                self._reach("commit", "inside", self._counts[*self._place, "commit"] + 1)
            return done
        with self._around("commit"):  # a statement of its own is a transaction of its own
            return execute(query, params, many, context)

    @contextmanager
    def _around(self, what: str) -> Iterator[int]:
        nth = self._next(what)
        self._reach(what, "before", nth)
        yield nth
        self._reach(what, "after", nth)

    def _commit(self, commit: Callable[[], None]) -> None:
        """A transaction that only read has nothing to lose."""
        wrote, self._wrote = self._wrote, False
        if not wrote:
            return commit()
        with self._around("commit"):
            commit()
        return None

    def _rollback(self, rollback: Callable[[], None]) -> None:
        self._wrote = False
        rollback()

    # Calls

    def _ask(self, ask: Callable[..., Any], line: Any, endpoint: str, method: str, path: str, *rest: Any) -> Any:
        what = describe(method, f"/{path}")[0]
        with self._around(what) as nth:
            outcome = ask(line, endpoint, method, path, *rest)
        if str(outcome.value).startswith("UPID:"):
            self._reach(what, "running", nth)
        return outcome

    # Steps

    @contextmanager
    def _at(self, kind: str, direction: str, step: str) -> Iterator[None]:
        before, self._place = self._place, (kind, direction, step)
        try:
            yield
        finally:
            self._place = before

    @contextmanager
    def watching(self) -> Iterator[None]:
        watch, drive = self, engine._Drive

        def at_step(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(self: Any, step: Any, *rest: Any) -> Any:
                with watch._at(self.operation.kind, self.operation.direction, step.name):
                    return original(self, step, *rest)

            return wrapped

        def at_end(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(self: Any, *rest: Any) -> Any:
                if watch._place[2] != "tick":  # the last step's own end
                    return original(self, *rest)
                with watch._at(self.operation.kind, self.operation.direction, "finish"):
                    return original(self, *rest)

            return wrapped

        def claim(operation_id: Any, *, worker: str) -> Any:
            with watch._at(watch._place[0], "do", "claim"):
                return claimed(operation_id, worker=worker)

        claimed, asked = claims.claim, Transport._ask
        ours: Any = connections["default"]
        commit, rollback = ours._commit, ours._rollback
        with (
            connection.execute_wrapper(self._execute),
            patch.object(drive, "_try", at_step(drive._try)),
            patch.object(drive, "_resume", at_step(drive._resume)),
            patch.object(drive, "_taken_back", at_step(drive._taken_back)),
            patch.object(drive, "_finish", at_end(drive._finish)),
            patch.object(claims, "claim", claim),
            patch.object(Transport, "_ask", lambda self, *rest: watch._ask(lambda *r: asked(self, *r), *rest)),
            patch.object(ours, "_commit", lambda: self._commit(commit)),
            patch.object(ours, "_rollback", lambda: self._rollback(rollback)),
        ):
            yield
