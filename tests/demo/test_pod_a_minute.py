"""mPanel's pod a minute while the demo is up: it comes and goes, and nothing that the site answers ends it.

Decides: what is asked for and said, in minutes that pass at once. Not: that a demo does it (run.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from demo.handle import FakeHandle
from demo.mpanel import MPanel
from demo.pod_a_minute import PodAMinute
from operations.models import Operation
from pods.models import CloudPod
from pods.services import create_pod
from tenants.models import Quota
from tests.bin.commands import free_port
from tests.cast import Person
from tests.work import Work

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Deed = Callable[[], object]


class Site:
    """The site as mPanel reaches it, which can be down, and the half minutes: in each of them something is done."""

    def __init__(self, url: str, token: str, work: Work) -> None:
        self.mpanel, self.work = MPanel(url, token), work
        self.said: list[str] = []
        self.pauses: list[float] = []
        self._up, self._down = self.mpanel.api, f"http://127.0.0.1:{free_port()}/api/v1"

    def down(self) -> None:
        self.mpanel.api = self._down

    def up(self) -> None:
        self.mpanel.api = self._up

    def go_on(self, *half_minutes: Deed) -> None:
        """It ends when so many half minutes are over."""
        left = list(half_minutes)

        def pause(seconds: float) -> bool:
            if seconds:
                self.pauses.append(seconds)
                left.pop(0)()
            return not left

        PodAMinute(self.mpanel, "TENANT-101", self.said.append, pause).go_on()

    def rest(self) -> None:
        self.work.until_idle()


@pytest.fixture
def site(live_server: Any, olga: Person, alice: Person, work: Work) -> Site:
    return Site(live_server.url, olga.token, work)


def kinds() -> list[tuple[str, str, str]]:
    rows = Operation.objects.order_by("pk").values_list("kind", "subject_name", "state")
    return [(str(kind), str(name), str(state)) for kind, name, state in rows]


def test_a_pod_is_made_each_minute_and_purged_half_a_minute_later(site: Site, plane: FakeHandle) -> None:
    there: list[int] = []

    def look() -> None:
        site.rest()
        there.append(len(plane.vmids()))

    site.go_on(look, look, look, look)
    assert there == [1, 0, 1, 0]
    assert site.pauses == [30, 30, 30, 30]
    assert kinds() == [(kind, name, "succeeded") for name in ("minute-1", "minute-2") for kind in ("create", "purge")]
    assert site.said == []


def test_other_pods_are_left_alone(site: Site, alice: Person, charlie: Person) -> None:
    others = []

    def order() -> None:
        """Another tenant's has the same name, and is the newer one."""
        for person, hostname in ((alice, "web"), (charlie, "minute-1")):
            others.append(create_pod(by=person.actor, tenant=person.tenant, hostname=hostname).subject_id)
        site.rest()

    site.go_on(order, site.rest)
    assert set(CloudPod.objects.live().values_list("pk", flat=True)) == set(others)


def test_a_site_that_is_down_is_told_of_once_and_so_is_its_return(site: Site) -> None:
    def comes_back() -> None:
        site.up()
        site.rest()

    site.go_on(site.down, site.rest, site.rest, site.rest, site.rest, comes_back, site.rest, site.rest, site.rest)
    assert site.said == [
        "mPanel could not have a pod purged: the site does not answer (ConnectionError). It tries again each minute.",
        "mPanel could not ask for a pod: the site does not answer (ConnectionError). It tries again each minute.",
        "mPanel can ask for a pod again.",
        "mPanel can have a pod purged again.",
    ]
    assert not CloudPod.objects.live().filter(hostname__in=["minute-1", "minute-4"]).exists()


def test_a_pod_whose_answer_got_lost_is_purged_too(site: Site, alice: Person) -> None:
    def was_made_all_the_same() -> None:
        site.up()
        create_pod(by=alice.actor, tenant=alice.tenant, hostname="minute-1")
        site.rest()

    site.down()
    site.go_on(was_made_all_the_same, site.rest)
    assert kinds() == [("create", "minute-1", "succeeded"), ("purge", "minute-1", "succeeded")]


def test_a_refusal_is_told_of_once_and_the_rest_goes_on(site: Site, alice: Person) -> None:
    def no_more_pods() -> None:
        Quota.objects.filter(tenant=alice.tenant).update(pods=0)
        site.rest()

    site.go_on(no_more_pods, *[site.rest] * 7)
    (sentence,) = site.said
    assert sentence.startswith("mPanel could not ask for a pod: TENANT-101 may have 0 pods")
    assert kinds() == [("create", "minute-1", "succeeded"), ("purge", "minute-1", "succeeded")]


def test_one_that_may_not_be_purged_keeps_no_other_from_it(site: Site) -> None:
    def protect() -> None:
        site.rest()
        CloudPod.objects.filter(hostname="minute-1").update(protected=True)

    def unprotect() -> None:
        CloudPod.objects.update(protected=False)
        site.rest()

    def look() -> None:
        site.rest()
        assert list(CloudPod.objects.live().values_list("hostname", flat=True)) == ["minute-1"]

    site.go_on(protect, site.rest, site.rest, look, unprotect, site.rest)
    assert len(site.said) == 2, site.said
    assert not CloudPod.objects.live().exists()


def test_it_ends_at_once_and_says_nothing_of_a_site_that_ends_with_it(site: Site) -> None:
    stop = threading.Event()
    stop.set()
    site.down()
    PodAMinute(site.mpanel, "TENANT-101", site.said.append, stop.wait).go_on()
    assert site.said == []
