"""Calls a create: which of them all operations share.

Decides: what is counted. Not: how many there are.
"""

from __future__ import annotations

from typing import Any

from bench.calls import own
from bench.two_hundred_creates import FULL, QUICK, lanes_of


def call(name: str, node: str = "n1", **params: Any) -> dict[str, Any]:
    return {"name": name, "path": f"/nodes/{node}/{name}", "params": params}


def test_the_list_from_the_oldest_awaited_task_on_is_shared_and_one_of_all_tasks_is_not() -> None:
    assert own([call("tasks", source="all", since="1760000000", limit="500")]) == {}
    assert own([call("tasks", source="all", since="0", limit="500"), call("tasks")]) == {"tasks": 2}


def test_a_look_at_the_cluster_is_shared_and_so_is_what_then_runs_on_each_node_once() -> None:
    def active(node: str) -> dict[str, Any]:
        return call("tasks", node, source="active")

    look = [call("resources"), active("n1"), active("n2")]
    assert own(look + look) == {}
    assert own([*look, active("n1"), active("n1")]) == {"tasks": 2}


def test_whatever_has_no_name_is_counted() -> None:
    calls = [call("GET /cluster/status"), call("task_log"), call("clone"), call("clone")]
    assert own(calls) == {"GET /cluster/status": 1, "task_log": 1, "clone": 2}


def test_the_floor_is_that_of_evenly_used_lanes() -> None:
    assert (FULL.pods, FULL.floor) == (200, 151.0)
    assert (QUICK.pods, QUICK.floor) == (40, 31.0)


def test_what_was_there_before_is_in_no_lane() -> None:
    cts = {
        9000: {"node": "n1", "template": True},
        9001: {"node": "n2", "template": True},
        10_000: {"node": "n1", "template": False},
        10_001: {"node": "n2", "template": False},
        10_002: {"node": "n1", "template": False},
    }
    assert lanes_of(cts, without={10_000}) == {("n2", 9001): [10_001], ("n1", 9000): [10_002]}
