"""Each kind's table as a page for people: its steps, what undoes them, and from where there is no way back.

Decides: what of a table is told. Not: what a kind does.
"""

from __future__ import annotations

from typing import Any

from operations.kind import Kind, Step, known_kinds, no_lanes, recorded_by_service

HEAD = """# Kinds of operation

Made from the code by `bin/goldens`. Steps are done in this order and undone in reverse. *Request*: in the request's own
transaction, unless the operation stands behind another one. *Rows*: it only writes rows. *Pivot*: once it has begun,
is no way back. *Lane*: it takes its turn. *May fail*: its task may; the next step looks at what came of it.
"""


def page(kinds: list[Kind[Any]] | None = None) -> str:
    """All kinds, in the order of their names; of one name, the oldest version first."""
    told = known_kinds() if kinds is None else kinds
    return "\n".join([HEAD, *(_kind(kind) for kind in sorted(told, key=lambda kind: (kind.name, kind.version)))])


def _kind(kind: Kind[Any]) -> str:
    minutes = round(kind.deadline.total_seconds() / 60)
    lines = [
        f"## {kind.name}, version {kind.version}",
        "",
        f"Deadline {minutes} minutes. {_turn(kind)}",
        "",
        "| step | undone by | |",
        "|---|---|---|",
        *(f"| {step.name} | {_undo(step)} | {_traits(step)} |" for step in kind.steps),
        "",
    ]
    return "\n".join(lines)


def _turn(kind: Kind[Any]) -> str:
    said = ["Stands behind others." if kind.queues else "Refused while another operation goes on."]
    if kind.joins is not None:
        same = f" with the same {' and '.join(kind.joins)}" if kind.joins else ""
        said.append(f"A second one{same} is the first.")
    if kind.overtakes:
        said.append(f"Cancels: {', '.join(sorted(kind.overtakes))}.")
    return " ".join(said)


def _undo(step: Step[Any]) -> str:
    """By the name that the kind's file gives it."""
    if step.undo is None:
        return ""
    name = getattr(step.undo, "__name__", "<lambda>")
    return "it is undone" if name == "<lambda>" else name.replace("_", " ")


def _traits(step: Step[Any]) -> str:
    traits = {
        "request": step.by_request or step.do is recorded_by_service,
        "rows": step.atomic,
        "lane": step.lanes is not no_lanes,
        "may fail": step.task_may_fail,
        "pivot": step.pivot,
    }
    return ", ".join(name for name, has in traits.items() if has)
