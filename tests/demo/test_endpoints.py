"""The fake's several endpoints and its containers that move: what is armed happens, to that endpoint or call only.

Decides: what the tests of passed-over endpoints and moved containers lean on. Not: the other faults (test_control.py).
"""

from __future__ import annotations

import pytest
import requests

from demo.handle import FakeError, FakeHandle
from tests.demo.conftest import Api


def reached_by(api: Api, url: str, *, timeout: float = 10) -> int:
    return api.session.get(f"{url}/api2/json/version", timeout=timeout).status_code


def test_each_node_has_an_endpoint_and_all_speak_for_the_same_cluster(api: Api, fake: FakeHandle) -> None:
    assert len(set(fake.urls)) == len(fake.layout.nodes)
    assert fake.urls[0] == fake.url
    assert [reached_by(api, url) for url in fake.urls] == [200, 200]
    assert [entry["endpoint"] for entry in fake.record("version")] == fake.urls


@pytest.mark.parametrize("stopped", [0, 1])
def test_one_endpoint_is_stopped_and_the_other_goes_on(stopped: int, api: Api, fake: FakeHandle) -> None:
    fake.unreachable(endpoint=fake.urls[stopped])
    with pytest.raises(requests.ConnectionError):
        reached_by(api, fake.urls[stopped])
    assert reached_by(api, fake.urls[1 - stopped]) == 200
    fake.unreachable(False, endpoint=fake.urls[stopped])
    assert reached_by(api, fake.urls[stopped]) == 200


def test_the_connections_of_the_endpoint_that_goes_on_are_not_cut(api: Api, fake: FakeHandle) -> None:
    assert reached_by(api, fake.urls[1]) == 200
    fake.unreachable(endpoint=fake.urls[0])
    connections = api.session.get_adapter("https://").poolmanager.connection_from_url(fake.urls[1])  # type: ignore[attr-defined]
    assert reached_by(api, fake.urls[1]) == 200
    assert connections.num_connections <= 1


def test_an_endpoint_that_hangs_takes_a_connection_and_says_nothing(api: Api, fake: FakeHandle) -> None:
    fake.unreachable(endpoint=fake.urls[0], hang=True)
    with pytest.raises(requests.Timeout):
        reached_by(api, fake.urls[0], timeout=0.2)
    fake.reset()
    assert reached_by(api, fake.urls[0]) == 200


def test_an_endpoint_dies_once_the_request_was_carried_out(api: Api, fake: FakeHandle) -> None:
    fake.endpoint_dies("clone")
    with pytest.raises(requests.ConnectionError):
        api.clone(101)
    assert fake.vmids() == {101}
    assert [entry["lost"] for entry in fake.record("clone")] == [True]
    with pytest.raises(requests.ConnectionError):
        reached_by(api, fake.urls[0])
    assert reached_by(api, fake.urls[1]) == 200


def test_an_endpoint_that_is_none_is_refused(fake: FakeHandle) -> None:
    with pytest.raises(FakeError, match="there is no endpoint"):
        fake.unreachable(endpoint="https://127.0.0.1:1")


def test_a_container_is_moved_just_before_the_next_call_of_that_name(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    fake.move_before("config", 101, "pve-02")
    assert api.config(101)["hostname"] == "pod-101"
    status, words = api.refusal("PUT", "/nodes/pve/lxc/101/config", cores=4)
    assert (status, words.strip()) == (500, "Configuration file 'nodes/pve/lxc/101.conf' does not exist")
    assert api.ask("PUT", "/nodes/pve-02/lxc/101/config", cores=4).status_code == 200
    assert fake.cts()[101]["node"] == "pve-02"


def test_a_container_moves_to_a_node_that_has_joined_only(api: Api, fake: FakeHandle) -> None:
    api.clone(101)
    with pytest.raises(FakeError, match="there is no node 'pve-03'"):
        fake.move_before("config", 101, "pve-03")
    fake.add_node("pve-03")
    fake.move(101, "pve-03")
    assert api.config(101, "pve-03")["hostname"] == "pod-101"
