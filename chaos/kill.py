"""The kill matrix: a process is killed by SIGKILL at a point, and everything runs on to its end.

Decides: what is done at the point and after it. Not: which points there are (points.py), what is right (plan.py).
"""

from __future__ import annotations

from chaos.checker import Violation
from chaos.child import STRUCK, die, play
from chaos.plan import Plan, run
from chaos.points import Point
from chaos.stage import Stage

UNREACHED = "unreached"


def kill(plan: Plan, point: Point) -> list[Violation]:
    """Kill there, let everything run on, and judge."""
    plan.begin()
    if not killed_at(plan, point):
        return [Violation(UNREACHED, str(point))]
    plan.run_on()
    return plan.judge(ends=plan.scenario.ends, budget=plan.budget, may_lack=may_lack(point))


def killed_at(plan: Plan, point: Point) -> bool:
    """Whether the process came there, and so to its end. A task that shall still run is held from its request on."""
    stage = plan.stage

    def strike(reached: Point) -> None:
        if reached == point:
            die()

    def holding(reached: Point) -> None:
        if reached == point._replace(when="before"):
            type(stage.plane)(stage.plane.ready).hold_tasks()
        strike(reached)

    code, _ = play(lambda: run(stage, plan.scenario, holding if point.when == "running" else strike))
    if point.when == "running":
        take_over(stage)
    return code == STRUCK


def take_over(stage: Stage) -> None:
    """The tasks that are held still run when others go on; then they end."""
    stage.work.pass_time(seconds=100)
    stage.work.drive_due()
    stage.plane.release_tasks()


def may_lack(point: Point) -> bool:
    """Whether nobody knows of the request when its process dies there."""
    return point.step == "request" and (point.what != "commit" or point.nth == 1) and point.when != "after"
