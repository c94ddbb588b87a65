"""The check on a cluster's admin page: the same words as the command's, and only when it is asked for."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from tests.desk import desk, page, staff


@pytest.fixture
def url(cluster):
    return reverse("admin:clusters_cluster_check", args=[cluster.pk])


def test_the_cluster_s_page_leads_to_its_check(cluster, url):
    assert url in desk().get(page(cluster)).content.decode()


def test_looking_at_the_page_asks_the_cluster_nothing(url, plane):
    shown = desk().get(url)
    assert shown.status_code == 200
    assert not plane.record()
    assert "<table" not in shown.content.decode()


def test_the_button_shows_what_is_lacking_with_its_remedy(url, plane):
    plane.revoke("VM.Clone")
    shown = desk().post(url).content.decode()
    assert "It lacks VM.Clone on /vms" in shown
    assert "pveum role modify MigraCloud --append 1 --privs VM.Clone" in shown
    assert "Something is not as declared" in shown
    assert plane.ready.token_secret not in shown


def test_a_cluster_that_is_as_declared_is_told_so(url):
    shown = desk().post(url).content.decode()
    assert "Nothing failed" in shown
    assert "CT 9000 on pve" in shown


def test_a_check_leaves_no_record(url):
    before = AuditEvent.objects.count()
    desk().post(url)
    assert AuditEvent.objects.count() == before


def test_who_may_only_look_cannot_ask_the_cluster(cluster, url, plane):
    reader = desk(staff("clusters.view_cluster"))
    assert url not in reader.get(page(cluster)).content.decode()
    assert (reader.get(url).status_code, reader.post(url).status_code) == (403, 403)
    assert not plane.record()


def test_who_may_change_clusters_may_ask_and_only_from_our_own_page(url, plane):
    keeper = staff("clusters.view_cluster", "clusters.change_cluster")
    assert desk(keeper).post(url).status_code == 200
    plane.clear_record()
    assert desk(keeper, enforce_csrf_checks=True).post(url).status_code == 403
    assert Client().post(url).status_code == 302
    assert not plane.record()
