"""What ipam's tests share: the spec's LAN without any cluster, small ones of their own, and a clock that jumps.

Decides: plans and the clock. Not: what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from ipam.models import AddressRange, Network, Subnet
from tests.factories import make_network


@pytest.fixture
def lan(db: None) -> Subnet:
    """The spec's subnet: 10.1.10.50 to .250, without .70 and .90."""
    return make_network()[1]


@pytest.fixture
def small(db: None) -> Subnet:
    """Three addresses to give out: 192.0.2.4 to .6."""
    return make_plan("small", "192.0.2.0/29", ("192.0.2.4", "192.0.2.6"))


@pytest.fixture
def pass_time(db: None) -> Callable[..., None]:
    """Let the clock of leases and rests jump; the test's rollback takes it back."""

    return jump


def jump(**how_long: float) -> None:
    seconds = timedelta(**how_long).total_seconds()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_clock SET shift = shift + make_interval(secs => %s)", [seconds])


def make_plan(name: str, cidr: str, *allocatable: tuple[str, str], gateway: str | None = None) -> Subnet:
    """A network with one subnet and its allocatable ranges."""
    subnet = Subnet.objects.create(network=Network.objects.create(name=name), cidr=cidr, gateway=gateway)
    for first, last in allocatable:
        AddressRange.objects.create(subnet=subnet, kind="allocatable", first=first, last=last)
    return Subnet.objects.get(pk=subnet.pk)
