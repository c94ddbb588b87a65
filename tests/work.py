"""Work: the controller's ticks and the workers' tasks, run by hand in a test's own process, with a clock that jumps.

Decides: when a test calls everything at rest. Not: what is done meanwhile.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from clusters.looks import Looks
from clusters.observe import wake_parked
from core.clock import ControlNow, control_now
from demo.handle import FakeHandle
from migracloud.observing import observe_now
from operations import engine
from operations.cancelling import honour_left_behind
from operations.lanes import admit_everywhere
from operations.models import Operation
from operations.ordering import promote_left_behind

MOST_ROUNDS = 300  # a world that is not at rest by then never will be


class Work:
    """What the fleet of processes does, one thing after the other."""

    def __init__(self, plane: FakeHandle) -> None:
        self.plane = plane
        self.looks = Looks()  # the leading controller's, for as long as it leads

    def until_idle(self) -> None:
        """Tick and drive until nothing can go on; retries do not wait, the clock jumps to them. What a freeze keeps
        from going on is at rest.
        """
        for _ in range(MOST_ROUNDS):
            self.plane.wait_idle()
            woken = self.tick()
            if not self.drive_due() and not woken and not self._jump_to_next_try():
                return
        raise AssertionError("the world does not come to rest")

    def drive_due(self) -> int:
        """Drive what is due, as the workers would. Returns how many there were."""
        due = list(Operation.objects.filter(state__in=Operation.LIVE, due_at__lte=ControlNow()).order_by("due_at"))
        return sum(engine.drive(operation.pk) != "not due" for operation in due)

    def tick(self) -> int:
        """One look of the controller. Returns how many parked operations it woke."""
        admit_everywhere()
        promote_left_behind()
        honour_left_behind()
        return wake_parked()

    def observe(self) -> None:
        """A minute later, the controller looks at each cluster and records what it shows."""
        self.pass_time(seconds=61)
        observe_now(self.looks)

    def drive(self, operation: Operation) -> str:
        return engine.drive(operation.pk)

    def pass_time(self, **how_long: float) -> None:
        """Let the clock of leases, rests and deadlines jump."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE test_clock SET shift = shift + %s::interval", [str(timedelta(**how_long))])

    def _jump_to_next_try(self) -> bool:
        queued = Operation.objects.filter(places__taken_at=None, places__isnull=False)
        waiting = Operation.objects.filter(state=Operation.State.WAITING, stopped_since=None).exclude(pk__in=queued)
        next_due = waiting.order_by("due_at").values_list("due_at", flat=True).first()
        if next_due is None:
            return False
        self.pass_time(seconds=max((next_due - control_now()).total_seconds(), 0) + 0.01)
        return True
