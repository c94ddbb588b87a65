"""How many calls to Proxmox a create takes, from the fake's record.

Decides: which calls are polling that all operations share. Not: which calls a step makes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Call = Mapping[str, Any]  # an entry of the fake's record


def is_shared(call: Call) -> bool:
    """The controller's list of a node's tasks, from the oldest one that is waited for, and its look at the cluster.

    A step that lists the tasks (whether a clone still goes on) asks for all of them: that call is its operation's own.
    """
    if call["name"] == "tasks":
        return int(call["params"].get("since", 0)) > 0
    return bool(call["name"] == "resources")


def own(calls: Iterable[Call]) -> Counter[str]:
    """The calls that are no shared polling, by name."""
    return Counter(call["name"] for call in calls if not is_shared(call))
