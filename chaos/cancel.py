"""The cancel matrix: the operation is cancelled at a point, by another process than the one that drives it there; or
its process is killed there, and it is cancelled before anybody goes on.

Decides: how the cancel comes in between. Not: which points there are (points.py), what is right (plan.py).
"""

from __future__ import annotations

import threading
from typing import Any

from django.db import connection
from psycopg.pq import TransactionStatus

from chaos.checker import Violation
from chaos.child import play
from chaos.effects import Effects
from chaos.kill import UNREACHED, killed_at, may_lack
from chaos.plan import Plan, run
from chaos.points import Point
from chaos.stage import Stage
from core.errors import Refused
from operations.cancelling import cancel
from operations.models import Operation

WHY = "changed our mind"
A_MOMENT_S = 1.0  # seconds in which a request that waits for no lock is through
# What a cancel undoes is not in the recording: each of these may take effect once more.
UNDOING = ("start", "stop", "shutdown", "destroy", "delete_snapshot", "migrate", "resize")


def cancel_at(plan: Plan, point: Point) -> list[Violation]:
    """Cancel while its process is at the point; it goes on by itself."""
    plan.begin()
    stage, known = plan.stage, known_ids(plan)
    aim = point._replace(when="after") if point.when == "running" else point

    def act() -> bool:
        asker = _Asker(stage, known)

        def strike(reached: Point) -> None:
            asker.wait()
            if reached == aim and asker.thread is None:
                asker.begin()

        run(stage, plan.scenario, strike)
        asker.wait(at_the_end=True)
        return asker.thread is not None

    code, reached = play(act)
    if code != 0 or not reached:
        return [Violation(UNREACHED, str(point))]
    return _end(plan, point)


def cancel_after_kill(plan: Plan, point: Point) -> list[Violation]:
    """Kill there; cancel while nobody drives it."""
    plan.begin()
    if not killed_at(plan, point):
        return [Violation(UNREACHED, str(point))]
    ask(plan.stage, known_ids(plan))
    return _end(plan, point)


def ask(stage: Stage, known: set[Any]) -> None:
    """Cancel what the scenario has asked for, as far as anybody can see it yet. Too late is an answer too."""
    for operation in Operation.objects.exclude(pk__in=known):
        try:
            cancel(by=stage.alice.actor, operation=operation, reason=WHY)
        except Refused:
            continue


def known_ids(plan: Plan) -> set[Any]:
    return set(plan.before.by_id("operations_operation"))


def _end(plan: Plan, point: Point) -> list[Violation]:
    plan.run_on()
    budget: Effects = Effects(plan.budget)
    for vmid in {vmid for vmid, _ in plan.budget} | {pod["vmid"] for pod in plan.before.live_pods()}:
        budget.update({(vmid, name): 1 for name in UNDOING})
    ends = {*plan.scenario.ends, "cancelled"}
    return plan.judge(ends=ends, budget=budget, may_lack=may_lack(point))


def _holds_locks() -> bool:
    raw = connection.connection
    return raw is not None and raw.info.transaction_status != TransactionStatus.IDLE


class _Asker:
    """Another process's part, played by a thread with a connection of its own: it may have to wait for a lock that
    the process at the point holds, and is then through as soon as that commits.
    """

    def __init__(self, stage: Stage, known: set[Any]) -> None:
        self._stage, self._known = stage, known
        self.thread: threading.Thread | None = None

    def begin(self) -> None:
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()
        self.wait()

    def wait(self, *, at_the_end: bool = False) -> None:
        """Until it is through; not within a transaction, whose locks it may be waiting for. Just before a commit Django
        believes to be out of it already.
        """
        if self.thread is not None and (at_the_end or not connection.in_atomic_block):
            self.thread.join(A_MOMENT_S if not at_the_end and _holds_locks() else None)

    def _ask(self) -> None:
        try:
            ask(self._stage, self._known)
        finally:
            connection.close()
