"""What tests of the check share: the spec's cluster as bootstrap declares it, reached at the fake.

Decides: which cluster is looked at, and how a finding is found. Not: what is tested.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clusters.bootstrap import bootstrap
from clusters.check import Finding, Report, State, check_cluster
from clusters.declaration import declaration_of
from clusters.models import Cluster
from demo.handle import FakeHandle
from tests.clusters.declared import declared_cluster


@pytest.fixture
def cluster(db: None, plane: FakeHandle, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The spec's cluster, with every endpoint of the fake."""
    monkeypatch.setenv("PVE_TOKEN", plane.ready.token_secret)
    return make_cluster(plane)


def make_cluster(plane: FakeHandle, **changes: object) -> Cluster:
    """As `bootstrap` leaves it. `changes` are keys of the cluster's table."""
    bootstrap(declaration_of(declared_cluster(plane, **changes), {}))
    return Cluster.objects.get()


@pytest.fixture
def report(cluster: Cluster) -> Callable[[], Report]:
    """The cluster's check, as its rows and the fake are now."""
    return lambda: check_cluster(Cluster.objects.get())


def only(report: Report) -> Finding:
    """The one thing that is not well."""
    wrong = [finding for finding in report.findings if finding.state is not State.OK]
    assert len(wrong) == 1, wrong
    return wrong[0]


def of(report: Report, about: str, name: str = "") -> Finding:
    """The worst finding about something."""
    found = [one for one in report.findings if one.about == about and name in one.name]
    assert found, (about, name)
    return max(found, key=lambda finding: list(State).index(finding.state))
