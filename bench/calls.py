"""How many calls to Proxmox a create takes, from the fake's record.

Decides: which calls are polling that all operations share. Not: which calls a step makes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Call = Mapping[str, Any]  # an entry of the fake's record


def own(calls: Iterable[Call]) -> Counter[str]:
    """The calls that are no shared polling, by name.

    Shared are the controller's list of a node's tasks, from the oldest one that is waited for, and its look at the
    cluster, with what then runs on each node that has a locked container. A step that lists all tasks of a node, or
    lists what runs once more, asks for its own operation.
    """
    counted: Counter[str] = Counter()
    looked_at: set[str] = set()  # nodes, since the last look at the cluster
    for call in calls:
        if call["name"] == "resources":
            looked_at.clear()
        elif call["name"] == "tasks" and call["params"].get("source") == "active" and call["path"] not in looked_at:
            looked_at.add(call["path"])
        elif call["name"] != "tasks" or int(call["params"].get("since", 0)) == 0:
            counted[call["name"]] += 1
    return counted
