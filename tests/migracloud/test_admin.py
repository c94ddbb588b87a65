"""The admin as a whole: every model has its list and page, at a constant price, and nothing can be deleted."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clusters.models import Node, StorageTier
from ipam.models import AddressRange, Network, Subnet
from tenants.models import ApiToken, Membership, Tenant, User
from tenants.services import create_tenant, create_token
from tests.desk import (
    a_row,
    desk,
    make_everything,
    make_observations,
    make_people,
    make_pods,
    our_models,
    page,
    rows,
    staff,
    superuser,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MODELS = our_models()
HISTORY = ("AuditEvent", "Operation", "Step", "Attempt", "IPLease", "LanePlace", "CloudPod", "Interface")


def named(model):
    return model._meta.label


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.fixture
def full(world, alice, charlie):
    """At least one row of every model."""
    return make_everything(alice, world.cluster, pods=3, seen=("worker",))


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_model_is_in_the_admin_with_list_and_search(model):
    model_admin = admin.site.get_model_admin(model)
    assert model_admin.list_display != ("__str__",)
    assert model_admin.search_fields


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_nothing_can_be_deleted_but_a_membership(model):
    request = RequestFactory().get("/")
    request.user = superuser()
    model_admin = admin.site.get_model_admin(model)
    assert model_admin.has_delete_permission(request) == (model is Membership)
    assert "delete_selected" not in model_admin.get_actions(request)


def test_a_delete_that_is_posted_all_the_same_is_refused(full):
    client = desk()
    for model in MODELS:
        row = a_row(model)
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_delete", args=[row.pk])
        if model is not Membership:
            assert client.post(url, {"post": "yes"}).status_code == 403, model
            assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [model for model in MODELS if model.__name__ in HISTORY], ids=named)
def test_history_can_be_neither_added_nor_changed(model, full):
    client, row = desk(), a_row(model)
    assert client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")).status_code == 403
    before = model._default_manager.filter(pk=row.pk).values().get()
    assert client.post(page(row), {"_save": "Save"}).status_code in (403, 405)
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_every_list_is_searched(full):
    client = desk()
    for model in MODELS:
        for words in ("10.1", "web"):
            assert client.get(rows(model), {"q": words}).status_code == 200, (model, words)


def test_admin_pages_are_served_with_a_policy_without_unsafe_inline(db):
    policy = desk().get(reverse("admin:index")).headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "unsafe-inline" not in policy


def more_of_everything(world, alice):
    make_pods(alice, 27, first=3)
    make_people(alice, 27)
    for number in range(27):
        tenant = create_tenant(by=alice.actor, reference=f"TENANT-{500 + number}", name=f"Tenant {number}")
        create_token(by=alice.actor, tenant=tenant, name=f"token {number}")
        node = Node.objects.create(cluster=world.cluster, name=f"node-{number}")
        tier = StorageTier.objects.create(
            cluster=world.cluster, name=f"tier-{number}", role="backup", storage_type="dir"
        )
        tier.nodes.add(node)
        network = Network.objects.create(name=f"lan-{number}")
        subnet = Subnet.objects.create(network=network, cidr=f"10.2.{number}.0/24")
        AddressRange.objects.create(
            subnet=subnet, kind="allocatable", first=f"10.2.{number}.10", last=f"10.2.{number}.20"
        )
    make_observations(world.cluster)


def test_a_list_and_the_overview_ask_no_more_of_the_database_with_thirty_rows_than_with_three(full, world, alice):
    client = desk()
    urls = [reverse("admin:index"), *(rows(model) for model in MODELS)]
    for url in urls:
        client.get(url)  # content types and the like are read once a process
    few = {url: queries_of(client, url) for url in urls}
    more_of_everything(world, alice)
    many = {url: queries_of(client, url) for url in urls}
    # A filter of a foreign key appears with its second choice: a query or two a filter, whatever the number of rows.
    assert {url: (few[url], many[url]) for url in urls if many[url] > few[url] + 4} == {}
    assert {url: queries_of(client, url) for url in urls} == many


def test_the_sidebar_shows_only_what_the_person_may_see(db):
    client = desk(staff("tenants.view_tenant"))
    html = client.get(reverse("admin:index")).content.decode()
    assert rows(Tenant) in html
    assert rows(ApiToken) not in html
    assert rows(User) not in html
    assert "nothing that you may see" not in html


def test_somebody_without_permissions_is_told_so_and_sees_no_figure(db):
    html = desk(staff()).get(reverse("admin:index")).content.decode()
    assert "nothing that you may see" in html
    assert "mc-figure" not in html


def test_the_command_search_finds_a_pod_by_its_address(full):
    address = full[0].interfaces.get().addresses.get().lease.address
    html = desk().get(reverse("admin:search"), {"s": address, "extended": "1"}).content.decode()
    assert page(full[0]) in html


def test_every_page_has_a_main_landmark_and_a_way_to_skip_to_it(db):
    html = desk().get(reverse("admin:index")).content.decode()
    assert 'href="#main-content"' in html
    assert '<main id="main-content"' in html
