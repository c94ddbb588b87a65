"""A pod that is seen otherwise than it should be: wherever it is told of, both stand there, with the time of the look.

Decides: that no list and no page leaves one of them out. Not: how each words it (test_portal.py, pods/test_admin.py).
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from pods.models import CloudPod
from tests.desk import desk, make_observations, make_pods, page, rows
from tests.migracloud.portal_people import member, portal, settle

pytestmark = pytest.mark.django_db
LOOKED = timedelta(seconds=40)


@pytest.fixture
def pod(world, alice):
    """It should run, and was seen stopped."""
    [made] = make_pods(alice, 1)
    make_observations(world.cluster)
    return settle(made, observed_state="stopped", last_seen_state="stopped", observed_at=timezone.now() - LOOKED)


def test_the_admins_list_and_page(pod):
    for url, words, as_of in (
        (rows(CloudPod), "; should be running", "as of <time"),
        (page(pod), "web-0 is stopped on pve, though it should run.", "As of <time"),
    ):
        text = desk().get(url).text
        assert words in text, url
        assert "stopped</span>" in text, url
        assert as_of in text, url
        assert f'datetime="{pod.observed_at:%Y-%m-%dT%H:%M:%S}' in text, url


def test_the_apis_list_and_detail(pod, alice):
    [listed] = alice.get("pods").json()["results"]
    for body in (listed, alice.get(f"pods/{pod.pk}").json()):
        assert (body["desired_state"], body["observed"]["state"]) == ("running", "stopped")
        assert body["observed"]["as_of"] == body["observed_at"] == pod.observed_at.isoformat().replace("+00:00", "Z")


def test_the_portals_list_and_page(pod, alice):
    browser = portal(member("alice", alice.tenant))
    for name, parts in (("portal:pods", []), ("portal:pod", [pod.pk])):
        text = browser.get(reverse(name, args=[alice.tenant.reference, *parts])).text
        assert "web-0 is stopped, though it should run." in text, name
        assert ">stopped</span>" in text, name
        shown = re.sub(r"<[^>]*>", "", text)  # what a reader sees: no attribute
        assert "should run" in shown, name
        assert "As of <time" in text, name
        assert f'datetime="{pod.observed_at:%Y-%m-%dT%H:%M:%S}' in text, name
