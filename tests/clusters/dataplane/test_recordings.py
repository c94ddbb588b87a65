"""Every recorded answer of Proxmox 8.4 and 9.2, sent through the adapter over HTTPS, one case a line.

Decides: that what we believe of Proxmox is what Proxmox says. Not: what happens when no answer comes.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from clusters.dataplane.access import Access
from clusters.dataplane.proxmox import ProxmoxPlane
from tests.clusters.dataplane.conftest import KEY, SECRET, Certificate
from tests.clusters.dataplane.endpoint import Endpoint
from tests.clusters.dataplane.expected import EXPECTED
from tests.clusters.dataplane.recorded import RECORDINGS, Line, Replay, port_call

LINES = [line for recording in RECORDINGS.values() for line in recording.values()]


@pytest.fixture(scope="module")
def replay(certificate: Certificate) -> Iterator[Replay]:
    endpoint = Endpoint(certificate.context)
    access = Access(
        cluster_id=uuid4(),
        name="lab",
        endpoints=(endpoint.url,),
        token_id="ctl@pve!cp",
        token_secret=SECRET,
        mark_keys=(KEY,),
        fingerprint=certificate.fingerprint,
    )
    yield Replay(endpoint, ProxmoxPlane(access))
    endpoint.close()


@pytest.mark.parametrize("line", LINES, ids=[f"{line.version}: {line.key}" for line in LINES])
def test_a_recorded_answer_becomes_its_typed_value_or_error(line: Line, replay: Replay):
    EXPECTED[line.key].check(line, replay)


@pytest.mark.parametrize("version", RECORDINGS)
def test_the_table_names_every_recorded_line_and_no_other(version: str):
    assert set(EXPECTED) == set(RECORDINGS[version])
    assert len(EXPECTED) == 206


@pytest.mark.parametrize("version", RECORDINGS)
def test_the_port_makes_the_recorded_calls_that_it_has(version: str, replay: Replay):
    lines = RECORDINGS[version].values()
    looks = [line for line in lines if line.method == "GET" and line.path.endswith("/config")]
    driven = [line for line in lines if port_call(replay.plane, line) is not None]
    assert (len(looks), len(driven)) == (21, 103)
