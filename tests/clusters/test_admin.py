"""The data plane in the admin: only the switches move, each with a record, and no secret is on a page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from clusters.models import Cluster, ClusterObservation, MarkKey, Node, StorageTier, TemplateCopy, TierObservation
from tests.desk import desk, form, make_observations, page, rows, staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("model", "where"), [(Cluster, form), (Node, form), (TemplateCopy, page)])
def test_a_part_is_taken_out_of_use_with_a_record(model, where, world):
    row = model.objects.first()
    assert desk().post(where(row), {"_save": "Save"}).status_code == 302
    row.refresh_from_db()
    assert not row.enabled
    event = AuditEvent.objects.get(resource_id=row.pk)
    assert (event.actor, event.before, event.after) == ("ada", {"enabled": True}, {"enabled": False})
    assert event.tenant_reference == "TENANT-0"


def test_what_bootstrap_declared_is_not_changed_by_a_posted_field(world):
    cluster, before = Cluster.objects.get(), Cluster.objects.values().get()
    desk().post(form(cluster), {"enabled": "on", "name": "mine", "endpoints": "https://elsewhere", "token_env": "X"})
    assert Cluster.objects.values().get() == before
    assert not AuditEvent.objects.exists()


def test_somebody_who_may_only_look_cannot_switch(world):
    node = world.nodes["pve"]
    assert desk(staff("clusters.view_node")).post(form(node), {}).status_code == 403
    node.refresh_from_db()
    assert node.enabled


def test_no_page_or_list_shows_a_sealed_secret(world):
    client = desk()
    for row in (Cluster.objects.get(), MarkKey.objects.get()):
        secret = row.token_sealed if isinstance(row, Cluster) else row.sealed
        for url in (page(row), rows(type(row))):
            assert secret not in client.get(url).content.decode()


# What was seen


@pytest.fixture
def seen(world):
    make_observations(world.cluster)
    return world


def test_a_clusters_list_and_page_say_whether_it_answers_and_why_not(seen):
    client, cluster = desk(), seen.cluster
    for url in (rows(Cluster), page(cluster)):
        assert '<span class="mc-badge mc-good">answers</span> <span class="mc-subtle">as of ' in client.get(url).text
    ClusterObservation.objects.update(unreachable_since=timezone.now(), error_message="no connection to the endpoint")
    for url in (rows(Cluster), page(cluster)):
        words = '<span class="mc-badge mc-bad">does not answer</span> <span class="mc-subtle">since '
        assert words in client.get(url).text
    assert "no connection to the endpoint" in client.get(page(cluster)).text


def test_a_cluster_that_nobody_looks_at_is_not_said_to_answer(seen):
    ClusterObservation.objects.update(tried_at=timezone.now() - timedelta(minutes=7))
    client = desk()
    assert "last looked at" in client.get(rows(Cluster)).text
    assert "does the controller run?" in client.get(page(seen.cluster)).text


def test_a_cluster_that_nobody_has_looked_at_yet_is_told_so(world):
    assert "not looked at yet" in desk().get(rows(Cluster)).text


def test_a_node_is_shown_with_its_load_its_memory_and_their_time(seen):
    client = desk()
    for url in (rows(Node), page(seen.nodes["pve"])):
        html = client.get(url).text
        for shown in ('<span class="mc-badge mc-good">online</span>', "25% of 4 cores", "2.0 of 8.0 GiB", "as of"):
            assert shown in html, (shown, url)


def test_a_tier_is_shown_as_each_node_sees_it_and_in_the_list_where_it_is_worst(seen):
    tier = seen.cluster.tiers.get(name="clients-main")
    TierObservation.objects.filter(tier=tier, node__name="pve-02").update(used_gib=95)
    client = desk()
    assert "95.0 of 100 GiB on pve-02" in client.get(rows(StorageTier)).text
    html = client.get(page(tier)).text
    assert "25.0 of 100 GiB on pve<" in html
    assert "95.0 of 100 GiB on pve-02" in html
    TierObservation.objects.filter(tier=tier, node__name="pve").update(available=False)
    assert "not available</span> on pve" in client.get(rows(StorageTier)).text
