"""Freezes and findings in the admin: asked for, ended, and on every page meanwhile; findings closed with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from clusters.findings import open_finding
from clusters.models import Cluster, Finding
from core.clock import control_now
from operations.freezing import freeze
from operations.models import Freeze, Operation
from pods.models import CloudPod
from tenants.models import Tenant
from tests.desk import desk, page, rows, staff

pytestmark = pytest.mark.django_db

NEW = "admin:operations_freeze_new"
WHY = "the storage is being replaced"


def thaw_url(row):
    return reverse("admin:operations_freeze_thaw", args=[row.pk])


def test_everything_is_frozen_from_the_overview_and_every_page_says_so(world, alice):
    client = desk()
    for url in (reverse("admin:index"), rows(Freeze)):
        assert reverse(NEW) in client.get(url).text
    assert client.get(reverse(NEW)).status_code == 200
    assert client.post(reverse(NEW), {"cluster": "", "minutes": "0"}).status_code == 400  # without a reason
    assert not Freeze.objects.exists()
    client.post(reverse(NEW), {"cluster": "", "minutes": "0", "reason": WHY})
    row = Freeze.objects.get()
    assert (row.place, row.reason, row.actor_name, row.until) == ("", WHY, "ada", None)
    for url in (
        *map(rows, (CloudPod, Operation, Finding, Freeze, Tenant)),
        *map(page, (row, alice.tenant, world.cluster)),
        reverse("admin:index"),
    ):
        html = client.get(url).text
        assert "Everything is frozen since" in html, url
        assert f"until somebody thaws it: {WHY}. Frozen by ada." in html, url


def test_one_cluster_is_frozen_from_its_page_until_a_time_and_thawed(world):
    client = desk()
    link = f"{reverse(NEW)}?cluster=pve-a"
    assert link in client.get(page(world.cluster)).text
    assert '<option value="pve-a" selected>' in client.get(link).text
    client.post(reverse(NEW), {"cluster": "pve-a", "minutes": "30", "reason": WHY})
    row = Freeze.objects.get()
    assert row.place == world.cluster.place
    assert row.until is not None
    assert timedelta(minutes=29) < row.until - control_now() <= timedelta(minutes=30)
    assert f"until {row.until:%Y-%m-%d %H:%M} UTC" in client.get(rows(Cluster)).text
    assert thaw_url(row) in client.get(page(row)).text
    assert client.get(thaw_url(row)).status_code == 200
    assert Freeze.objects.get().ended_at is None
    client.post(thaw_url(row), {"reason": "done"})
    assert Freeze.objects.get().ended_by == "ada"
    assert AuditEvent.objects.get(action="platform.thaw").reason == "done"
    assert "frozen since" not in client.get(rows(Cluster)).text
    assert thaw_url(row) not in client.get(page(row)).text


def test_who_may_not_freezes_and_thaws_nothing_but_is_told(world, olga):
    row = freeze(by=olga.actor, reason=WHY)
    client = desk(staff("operations.view_freeze", "clusters.view_cluster"))
    assert "Everything is frozen since" in client.get(page(row)).text
    for url in (page(world.cluster), rows(Freeze)):
        assert reverse(NEW) not in client.get(url).text
    for url in (reverse(NEW), thaw_url(row)):
        assert client.get(url).status_code == 403
        assert client.post(url, {"reason": "x"}).status_code == 403
    assert Freeze.objects.get().ended_at is None


def test_who_has_not_logged_in_is_told_nothing(world, olga, client):
    freeze(by=olga.actor, reason=WHY)
    assert WHY not in client.get(reverse("admin:login")).text


def test_open_findings_come_first_and_are_closed_with_a_reason(world):
    for about in ("node pve", "node pve-02"):
        open_finding(cluster=world.cluster, code="node_offline", about=about, node=about)
    client = desk()
    newer = Finding.objects.latest("id")
    url = reverse("admin:clusters_finding_close", args=[newer.pk])
    assert url in client.get(page(newer)).text
    assert client.get(url).status_code == 200
    assert client.post(url).status_code == 400
    assert Finding.objects.filter(closed_at=None).count() == 2
    client.post(url, {"reason": "it is back"})
    newer.refresh_from_db()
    assert newer.closed_because == "ada: it is back"
    listed = client.get(rows(Finding)).context["cl"].result_list
    assert [row.closed_at is None for row in listed] == [True, False]
    assert client.get(rows(Finding), {"open": "yes"}).context["cl"].result_count == 1
    looker = desk(staff("clusters.view_finding"))
    assert looker.get(url).status_code == looker.post(url, {"reason": "x"}).status_code == 403
