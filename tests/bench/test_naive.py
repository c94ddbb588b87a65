"""The naive baseline: what it asks of the cluster, and that it obeys Proxmox's own refusal and no other.

Decides: that it is the creates' own work, done without a queue. Not: its seconds.
"""

from __future__ import annotations

import pytest
import requests

from bench import naive
from demo.handle import FakeHandle

LANES = {("pve", 9000): [9100, 9102], ("pve-02", 9001): [9101]}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naive, "POLL", 0.01)


def test_each_is_cloned_configured_shielded_and_started_where_it_belongs(plane: FakeHandle) -> None:
    naive.seconds_to_create(plane.ready, LANES)
    cts = plane.cts()
    assert {vmid: (cts[vmid]["node"], cts[vmid]["status"]) for vmid in plane.vmids()} == {
        9100: ("pve", "running"),
        9102: ("pve", "running"),
        9101: ("pve-02", "running"),
    }
    assert all(cts[vmid]["firewall"]["enable"] for vmid in plane.vmids())
    writes = [entry["name"] for entry in plane.record() if entry["method"] != "GET" and entry["status"] == 200]
    assert sorted(writes) == sorted(["clone", "config", "firewall", "start"] * 3)


def test_it_asks_a_locked_template_again_until_it_is_free(plane: FakeHandle) -> None:
    plane.set_seconds(time_scale=1, clone=0.2)
    naive.seconds_to_create(plane.ready, {("pve", 9000): [9100, 9102]})
    assert plane.vmids() == {9100, 9102}
    assert {entry["name"] for entry in plane.locked_answers()} == {"clone"}


def test_any_other_refusal_is_no_measurement(plane: FakeHandle) -> None:
    plane.put_ct("pve", 9100)
    with pytest.raises(requests.HTTPError):
        naive.seconds_to_create(plane.ready, {("pve", 9000): [9100]})


def test_a_task_that_fails_is_no_measurement(plane: FakeHandle) -> None:
    plane.fail_task("start", "out of memory")
    with pytest.raises(RuntimeError, match="status/start: out of memory"):
        naive.seconds_to_create(plane.ready, {("pve", 9000): [9100]})
