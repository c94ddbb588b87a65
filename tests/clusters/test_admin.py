"""The data plane in the admin: only the switches move, each with a record, and no secret is on a page."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.models import Cluster, MarkKey, Node, TemplateCopy
from tests.desk import desk, page, rows, staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Cluster, Node, TemplateCopy])
def test_a_part_is_taken_out_of_use_with_a_record(model, world):
    row = model.objects.first()
    assert desk().post(page(row), {"_save": "Save"}).status_code == 302
    row.refresh_from_db()
    assert not row.enabled
    event = AuditEvent.objects.get(resource_id=row.pk)
    assert (event.actor, event.before, event.after) == ("ada", {"enabled": True}, {"enabled": False})
    assert event.tenant_reference == "TENANT-0"


def test_what_bootstrap_declared_is_not_changed_by_a_posted_field(world):
    cluster, before = Cluster.objects.get(), Cluster.objects.values().get()
    desk().post(page(cluster), {"enabled": "on", "name": "mine", "endpoints": "https://elsewhere", "token_env": "X"})
    assert Cluster.objects.values().get() == before
    assert not AuditEvent.objects.exists()


def test_somebody_who_may_only_look_cannot_switch(world):
    node = world.nodes["pve"]
    assert desk(staff("clusters.view_node")).post(page(node), {}).status_code == 403
    node.refresh_from_db()
    assert node.enabled


def test_no_page_or_list_shows_a_sealed_secret(world):
    client = desk()
    for row in (Cluster.objects.get(), MarkKey.objects.get()):
        secret = row.token_sealed if isinstance(row, Cluster) else row.sealed
        for url in (page(row), rows(type(row))):
            assert secret not in client.get(url).content.decode()
