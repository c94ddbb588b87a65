"""A cluster's list with odd or hostile rows in it: each is read as far as it goes, and hides no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.dataplane import errors
from clusters.dataplane.port import Guest, Plane, Resources
from clusters.dataplane.proxmox import ProxmoxPlane
from clusters.dataplane.resources import resources_of
from tests.clusters.dataplane.endpoint import Answer, Endpoint, data

NODE = {"type": "node", "node": "pve", "status": "online", "maxcpu": 4, "cpu": 0.5, "maxmem": 2**33, "mem": 2**30}
WEB = {"type": "lxc", "vmid": 960, "node": "pve", "name": "web", "status": "running", "maxmem": 2**30, "uptime": 60}


@pytest.fixture
def plane(endpoint: Endpoint, access_to) -> Plane:
    return ProxmoxPlane(access_to(endpoint))


def read(*rows: Any) -> Resources:
    return resources_of([NODE, *rows])


def web(**odd: Any) -> Guest:
    [guest] = read(WEB | odd).guests
    return guest


def test_everything_is_read_in_one_call_without_a_type(plane: Plane, endpoint: Endpoint):
    endpoint.behave = lambda request: data([NODE, WEB])
    found = plane.resources()
    assert [guest.vmid for guest in found.guests] == [960]
    assert [(seen.method, seen.path, seen.params) for seen in endpoint.seen] == [("GET", "/cluster/resources", {})]


def test_figures_come_in_our_units():
    guest = web(maxcpu=1.5, maxdisk=2**33, mem=2**29)
    assert (guest.cores, guest.memory_mib, guest.memory_used_mib, guest.disk_gib) == (1.5, 1024, 512, 8.0)
    assert guest.up_seconds == 60


@pytest.mark.parametrize(
    "odd", ["many", "", None, True, [], {}, -1, float("nan"), float("inf"), 10**400, "9" * 400, 2**80]
)
@pytest.mark.parametrize("field", ["maxcpu", "maxmem", "mem", "maxdisk", "uptime"])
def test_a_figure_that_is_none_is_not_known_and_the_rest_is(field: str, odd: Any):
    guest = web(**{field: odd})
    assert (guest.vmid, guest.status) == (960, "running")
    ours = {"maxcpu": "cores", "maxmem": "memory_mib", "mem": "memory_used_mib", "maxdisk": "disk_gib"}
    assert getattr(guest, ours.get(field, "up_seconds")) is None


@pytest.mark.parametrize("odd", [{"name": 7}, {"tags": 7}, {"lock": []}, {"template": "x"}, {"node": None}])
def test_an_odd_word_is_left_out(odd: dict[str, Any]):
    assert web(**odd).vmid == 960


@pytest.mark.parametrize("status", [None, 7, ""])
def test_a_guest_without_a_status_is_unknown(status: Any):
    assert web(status=status).status == "unknown"


def test_words_are_cut_and_cleaned_of_what_cannot_be_stored():
    guest = web(name="a\0b\ud800" + "c" * 300)
    assert guest.name.startswith("a\N{REPLACEMENT CHARACTER}b?cc")
    assert len(guest.name) == 255


@pytest.mark.parametrize("row", [None, 7, "lxc", [], {}, {"type": 7}, {"type": "lxc"}, WEB | {"vmid": "x"}])
def test_a_row_that_may_have_been_a_guest_is_counted_and_hides_no_other(row: Any):
    found = read(row, WEB)
    assert (found.unread, [guest.vmid for guest in found.guests]) == (1, [960])


def test_kinds_that_are_new_to_us_are_passed_over():
    assert read({"type": "sdn", "sdn": "localnetwork"}, WEB).unread == 0


@pytest.mark.parametrize("rows", [[], [WEB], [None]])
def test_a_list_without_a_node_is_none_that_proxmox_gives(rows: list[Any], plane: Plane, endpoint: Endpoint):
    endpoint.behave = lambda request: data(rows)
    with pytest.raises(errors.Unexpected, match="could not list its resources"):
        plane.resources()


def test_numbers_that_json_does_not_have_hide_nothing(plane: Plane, endpoint: Endpoint):
    """Python reads NaN and Infinity, which no other JSON has."""
    rows = [NODE, WEB | {"maxmem": float("nan"), "maxdisk": float("inf")}]
    endpoint.behave = lambda request: Answer(200, "OK", json.dumps({"data": rows}).encode())
    [guest] = plane.resources().guests
    assert (guest.memory_mib, guest.disk_gib) == (None, None)
