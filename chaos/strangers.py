"""Strangers: somebody has replaced a pod's container by hand, another is at its VMID, while the pod is worked on.

It may happen before the request or just before any call that follows. Proxmox's calls name a VMID and nothing else, so
each write comes right after a look, which tells a stranger by the mark. What is left is the gap between a look and its
write, which follow each other at once. A write to the configuration carries the digest of what was seen, and is refused
by Proxmox even then, as is the destruction of a container that runs. Of other writes Proxmox can be told nothing, so
these moments cannot be in the matrix: whoever replaces a container then must destroy the old one and make the new one
within the milliseconds between two calls, and the new one is locked against all writes of ours until it is made.

Decides: what is done meanwhile, and what the stranger must be afterwards. Not: which kinds (tests/chaos/matrices).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from chaos.checker import Violation
from chaos.saved import Saved
from chaos.stage import Stage
from operations.models import Operation

LOOK = "config_get"
SAFE = (LOOK, "config", "destroy")  # a look; or a write that Proxmox refuses, since the stranger is another and runs
ENDS = {"failed", "needs_attention"}
SAYS_WHY = {"not_ours", "vmid_taken"}
Ask = Callable[[Stage], object]


@dataclass(frozen=True)
class Case:
    """A kind of operation: how its world begins, and how it is asked for."""

    kind: str
    ask: Ask
    begin: Ask
    may_succeed: bool = False  # noticed late enough, the stranger is no reason to give up


class Moment(NamedTuple):
    """Just before the nth request of this name; before the request for the operation when there is none."""

    vmid: int
    call: str
    nth: int
    noticed: bool  # by a look or a digest, before anything is written

    def __str__(self) -> str:
        return f"CT {self.vmid}, before {self.call} {self.nth}" if self.call else f"CT {self.vmid}, before the request"


def moments(stage: Stage, kept: Saved, case: Case) -> tuple[list[Moment], list[Violation]]:
    """All of an undisturbed run but those in a gap; and every gap in which there is another call."""
    kept.bring_back()
    vmids = {stage.pod.vmid}
    operation = _play(stage, case)
    assert operation.state == "succeeded", f"{case.kind}: {operation.error_message}"
    if "vmid" in operation.params:  # of a container that it makes
        vmids.add(operation.params["vmid"])
    calls = stage.plane.record()
    found, wide, counts = [], [], Counter[str]()
    for index, call in enumerate(calls):
        counts[call["name"]] += 1
        if call["vmid"] not in vmids:
            continue
        rest = [later for later in calls[index:] if later["vmid"] == call["vmid"]]
        ahead = next((later for later in rest if later["name"] == LOOK or later["method"] != "GET"), None)
        if ahead is None or ahead["name"] in SAFE:
            found.append(Moment(call["vmid"], call["name"], counts[call["name"]], ahead is not None))
        elif call is not ahead:
            wide.append(Violation("wide_gap", f"{call['name']} is between a look and {ahead['name']}"))
    return [Moment(min(vmids), "", 0, True), *found], wide


def replace_at(stage: Stage, kept: Saved, case: Case, moment: Moment) -> list[Violation]:
    """Replace it then, let everything run on, and look at the stranger."""
    kept.bring_back()
    plane, vmid = stage.plane, moment.vmid
    if moment.call:
        plane.replace_before(moment.call, vmid, nth=moment.nth)
    else:
        plane.replace_ct(vmid)
    operation = _play(stage, case)
    found = list(_written_to(plane.record(), moment))
    if (there := plane.cts().get(vmid)) is not None:
        plane.replace_ct(vmid)  # by another that nobody has touched
        if there != plane.cts()[vmid]:
            found.append(Violation("stranger_touched", f"CT {vmid} is not as it was put there: {there}"))
    elif moment.noticed:
        found.append(Violation("stranger_touched", f"CT {vmid} is gone"))
    if moment.noticed:
        if operation.state == "succeeded" and case.may_succeed and moment.call:
            return found
        if operation.state not in ENDS:
            found.append(Violation("wrong_end", f"{case.kind} is {operation.state}"))
        elif not _says_why(operation):
            found.append(Violation("not_said", f"{operation.error_code}: {operation.error_message}"))
    return found


def _written_to(record: list[dict[str, Any]], moment: Moment) -> list[Violation]:
    """The requests that reached the stranger and changed something; those that Proxmox itself refused did not."""
    came, reached = 0 if moment.call else 1, []
    for call in record:
        came += call["name"] == moment.call
        since = came >= max(moment.nth, 1)
        well = (call["status"] or 0) < 400
        if since and call["vmid"] == moment.vmid and call["method"] != "GET" and well:
            reached.append(Violation("stranger_written_to", f"{call['name']} was answered {call['status']}"))
    return reached


def _says_why(operation: Operation) -> bool:
    """Where it turned round, or where it could not be undone."""
    attempts = operation.steps.values_list("attempts__error_code", flat=True)
    said = operation.error_code in SAYS_WHY and "left alone" in operation.error_message
    return said or bool(SAYS_WHY & set(attempts) and operation.error_message)


def _play(stage: Stage, case: Case) -> Operation:
    stage.plane.clear_record()
    case.ask(stage)
    stage.work.until_idle()
    operation: Operation = Operation.objects.latest("created_at")
    return operation
