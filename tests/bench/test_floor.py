"""The floor that clone lanes set: what is asked of the cluster for it, and in which order.

Decides: that the baseline is the creates' own work and no more, one clone at a time a template. Not: its seconds.
"""

from __future__ import annotations

import pytest
import requests

from bench.lanes_floor import seconds_to_make
from bench.twelve_creates import _lanes
from demo.handle import FakeHandle

LANES = {("pve", 9000): [9100, 9102], ("pve-02", 9001): [9101, 9103]}


def test_each_is_cloned_from_its_own_template_and_started_and_nothing_else_is_asked(plane: FakeHandle) -> None:
    assert seconds_to_make(plane.ready, LANES) > 0
    cts = plane.cts()
    assert {vmid: (cts[vmid]["node"], cts[vmid]["status"]) for vmid in plane.vmids()} == {
        9100: ("pve", "running"),
        9101: ("pve-02", "running"),
        9102: ("pve", "running"),
        9103: ("pve-02", "running"),
    }
    asked = [entry for entry in plane.record() if entry["method"] != "GET"]
    clones = [(entry["vmid"], int(entry["params"]["newid"])) for entry in asked if entry["name"] == "clone"]
    assert [new for source, new in clones if source == 9000] == [9100, 9102]
    assert [new for source, new in clones if source == 9001] == [9101, 9103]
    assert sorted(entry["vmid"] for entry in asked if entry["name"] == "start") == [9100, 9101, 9102, 9103]
    assert len(asked) == 8
    assert {entry["name"] for entry in plane.record() if entry["method"] == "GET"} == {"task_status"}


def test_no_template_is_cloned_twice_at_once_and_a_start_is_waited_for(plane: FakeHandle) -> None:
    plane.set_seconds(time_scale=1, clone=0.1, start=0.1)
    seconds_to_make(plane.ready, LANES)
    assert plane.locked_answers() == []
    assert not plane.running_tasks()
    ends = [(end["name"], end["exitstatus"]) for end in plane.task_ends()]
    assert sorted(ends) == [("clone", "OK")] * 4 + [("start", "OK")] * 4


def test_a_task_that_fails_is_no_measurement(plane: FakeHandle) -> None:
    plane.fail_task("clone", "no space left")
    with pytest.raises(RuntimeError, match="POST nodes/pve/lxc/9000/clone: no space left"):
        seconds_to_make(plane.ready, {("pve", 9000): [9100]})


def test_a_refused_request_is_no_measurement(plane: FakeHandle) -> None:
    plane.put_ct("pve", 9100)
    with pytest.raises(requests.HTTPError):
        seconds_to_make(plane.ready, {("pve", 9000): [9100]})


def test_the_floor_makes_what_the_control_plane_has_made_where_it_has_placed_it(plane: FakeHandle) -> None:
    plane.put_ct("pve", 9100)
    plane.put_ct("pve-02", 9101)
    plane.put_ct("pve", 9102)
    assert _lanes(plane.cts()) == {("pve", 9000): [9100, 9102], ("pve-02", 9001): [9101]}
