"""What a cluster says of itself, as Proxmox 8.4 and 9.2 were recorded to say it, read over HTTPS.

Decides: that the survey understands the real answers. Not: what is judged of them (tests/clusters/check/).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from clusters.dataplane import errors
from clusters.dataplane.access import Access
from clusters.dataplane.certificate import certificate_of
from clusters.dataplane.grants import Grants
from clusters.dataplane.survey import Bridge, Survey
from tests.clusters.dataplane.endpoint import Answer, Endpoint
from tests.clusters.dataplane.recorded import RECORDINGS

Surveyed = Callable[[str, str], Survey]


@pytest.fixture
def surveyed(endpoint: Endpoint, access_to: Callable[..., Access]) -> Surveyed:
    """A survey of an endpoint that answers with one recorded line."""

    def make(version: str, key: str) -> Survey:
        answer = RECORDINGS[version][key].answer()
        endpoint.behave = lambda request: answer
        return Survey(access_to(endpoint))

    return make


@pytest.mark.parametrize(("version", "parts"), [("8.4", (8, 4, 21)), ("9.2", (9, 2, 11))])
def test_the_version_compares_by_its_numbers(version, parts, surveyed):
    assert surveyed(version, "version").version().parts == parts


@pytest.mark.parametrize("version", RECORDINGS)
def test_the_recorded_answers_are_understood(version, surveyed, endpoint):
    state = surveyed(version, "cluster status").state()
    assert (state.name, state.quorate) == ("", True)  # a node that is in no cluster
    assert [(member.name, member.online, member.address) for member in state.members] == [("pve1", True, "10.77.0.1")]
    assert surveyed(version, "datacentre firewall options").firewall() is False  # never switched on: no `enable`
    bridges = surveyed(version, "bridges of the node").bridges("pve1")
    assert bridges == [Bridge(name="vmbr0", active=True, cidr="10.77.0.1/24", gateway="")]
    assert endpoint.seen[-1].params == {"type": "any_bridge"}
    storages = {one.name: one for one in surveyed(version, "storage of the node").storages("pve1")}
    assert (storages["fast"].type, storages["fast"].content) == ("btrfs", {"rootdir", "images"})
    assert all(one.enabled and one.active and not one.shared for one in storages.values())
    guests = {one.vmid: one for one in surveyed(version, "while cloning: cluster resources, guests").guests()}
    assert (guests[900].lock, guests[900].kind) == ("disk", "lxc")
    assert surveyed(version, "containers of the node").templates("pve1") == [900]
    assert {guest.lock for vmid, guest in guests.items() if vmid not in (822, 900)} <= {"", "create"}


@pytest.mark.parametrize("version", RECORDINGS)
def test_the_recorded_token_lacks_what_it_was_recorded_to_lack(version, surveyed):
    grants = surveyed(version, "permissions of the token").grants()
    assert "VM.Clone" in grants.at("/vms/900")
    assert {"VM.Migrate", "Datastore.AllocateTemplate"}.isdisjoint(grants.anywhere())


@pytest.mark.parametrize("version", RECORDINGS)
def test_a_running_clone_is_among_the_running_tasks_under_its_source(version, surveyed):
    [task] = surveyed(version, "while cloning: tasks of the node, active").running_tasks("pve1")
    assert (task.kind, task.id) == ("vzclone", "900")


@pytest.mark.parametrize("version", RECORDINGS)
def test_a_container_that_is_not_there_is_none_and_one_that_may_not_be_read_is_denied(version, surveyed):
    missing = next(
        line for line in RECORDINGS[version].values() if line.path.endswith("/777/config") and line.method == "GET"
    )
    assert surveyed(version, missing.key).container("pve1", 777) is None
    with pytest.raises(errors.Denied, match=r"lacks the privilege VM.Audit on /vms/900"):
        surveyed(version, "token without privileges: config").container("pve1", 900)


@pytest.mark.parametrize("body", [b'{"data": 7}', b'{"data": [7]}', b'{"data": [{}]}'])
def test_an_answer_that_proxmox_never_gives_is_unexpected(body, endpoint, access_to):
    endpoint.behave = lambda request: Answer(200, "OK", body)
    survey = Survey(access_to(endpoint))
    for ask in (survey.version, survey.grants, survey.state, survey.firewall, survey.guests):
        with pytest.raises(errors.Unexpected, match="not one that Proxmox gives"):
            ask()


def test_a_privilege_counts_at_the_nearest_listed_path_and_below_it_only_if_it_is_passed_on():
    grants = Grants({"/": {"Sys.Audit": True, "Pool.Audit": False}, "/vms": {"VM.Clone": True}})
    assert grants.at("/") == {"Sys.Audit", "Pool.Audit"}
    assert grants.at("/nodes/pve") == {"Sys.Audit"}
    assert grants.at("/vms/100") == {"VM.Clone"}
    assert Grants({}).at("/vms") == frozenset()


def test_a_certificate_is_read_without_a_word_being_sent(endpoint, certificate):
    shown = certificate_of(endpoint.url)
    assert shown.fingerprint == certificate.fingerprint
    assert 28 <= (shown.ends - datetime.now(UTC)).days <= 30
    assert not endpoint.seen


def test_an_endpoint_without_tls_has_no_certificate(new_endpoint):
    with pytest.raises(errors.Unavailable, match="No certificate could be read"):
        certificate_of(new_endpoint(None).url.replace("http://", "https://"))
