"""What each page to read tells: of a tenant, a cluster, a node, a subnet, and who is offered what there."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from clusters.models import (
    ClusterObservation,
    Node,
)
from ipam.models import AddressRange, IPLease
from operations.freezing import freeze
from operations.models import Lane, Operation
from pods.models import CloudPod
from pods.services import suspend_tenant
from tenants.services import set_quota
from tests.desk import (
    desk,
    furnish,
    main_of,
    page,
    staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def pods(world, alice):
    return furnish(alice, world.cluster)


# A tenant's page


def test_a_tenant_is_shown_with_its_use_against_its_quota(pods, alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"pods": 4, "memory_mib": 8192})
    html = main_of(desk().get(page(alice.tenant)))
    for words in ("It holds 3 pods of 4.", ">3 of 4<", ">6 GiB of 8 GiB<", ">24 GiB of 10000 GiB<"):
        assert words in html, words


def test_a_tenant_is_shown_with_its_pods_people_tokens_and_open_operations(pods, alice):
    html = main_of(desk().get(page(alice.tenant)))
    for pod in pods:
        assert page(pod) in html
        assert page(Operation.objects.get(subject_id=pod.pk)) in html
    assert pods[0].interfaces.get().addresses.get().lease.address in html
    assert "user-" in html
    assert ">alice</a>" in html  # her token


def test_another_tenants_pods_and_people_are_not_on_it(pods, charlie):
    html = main_of(desk().get(page(charlie.tenant)))
    assert not [pod for pod in pods if page(pod) in html]
    assert "user-" not in html
    assert "It holds no pod of" in html


def test_a_suspended_tenants_page_says_since_when_by_whom_and_why(pods, alice, olga):
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid since May")
    html = main_of(desk().get(page(alice.tenant)))
    assert "is suspended" in html
    assert re.search(r"Suspended <time .*?</time> by olga: unpaid since May", html)


# A cluster's page


def test_a_clusters_page_shows_its_parts_with_what_was_seen_of_them(pods, world):
    html = main_of(desk().get(page(world.cluster)))
    assert "Cluster pve-a answers as of" in html
    for shown in (
        *world.cluster.endpoints,
        *map(page, world.nodes.values()),
        *map(page, world.tiers.values()),
        "vmbr0",
    ):
        assert shown in html, shown
    assert "2.0 of 8.0 GiB" in html
    assert "no quorum" in html  # an open finding


def test_a_clusters_page_counts_its_pods_by_phase_and_leads_to_them(pods, world):
    client = desk()
    CloudPod.objects.filter(pk=pods[0].pk).update(phase="active", observed_state="running")
    assert {(row.phase, row.state, row.count) for row in client.get(page(world.cluster)).context["pod_counts"]} == {
        ("active", "running", 1),
        ("creating", "unknown", 2),
    }
    for row in client.get(page(world.cluster)).context["pod_counts"]:
        assert client.get(row.url).context["cl"].result_count == row.count


def test_a_frozen_clusters_page_says_why_and_offers_to_thaw_it(pods, world, olga):
    row = freeze(by=olga.actor, reason="the storage is replaced", place=world.cluster.place, place_name="pve-a")
    thaw = reverse("admin:operations_freeze_thaw", args=[row.pk])
    html = main_of(desk().get(page(world.cluster)))
    assert thaw in html
    assert "by olga: the storage is replaced" in html
    assert reverse("admin:operations_freeze_new") not in html
    assert thaw not in main_of(desk(staff("clusters.view_cluster")).get(page(world.cluster)))


def test_a_cluster_that_does_not_answer_says_how_old_is_what_is_shown(pods, world):
    ClusterObservation.objects.update(unreachable_since=timezone.now())
    html = main_of(desk().get(page(world.cluster)))
    assert "has not answered since" in html
    assert "What is shown of it is as of" in html


# A node's page


def test_a_nodes_page_shows_its_pods_copies_tiers_and_lanes(pods, world):
    node = pods[0].node
    html = main_of(desk().get(page(node)))
    on_it = [pod for pod in pods if pod.node_id == node.pk]
    for pod in pods:
        assert (page(pod) in html) == (pod in on_it)
    assert page(world.copies[node.name]) in html
    assert page(world.tiers["clients-main"]) in html
    assert "moving whole disks" in html
    assert f"2 GiB are promised to {len(on_it)} pod" in html or f"4 GiB are promised to {len(on_it)} pods" in html


def test_a_nodes_page_says_what_gives_it_up_and_what_takes_that_back(pods, world):
    client, node = desk(), world.nodes["pve"]
    assert "manage.py node write-off pve-a/pve" in client.get(page(node)).text
    Node.objects.filter(pk=node.pk).update(written_off_at=timezone.now(), enabled=False)
    html = main_of(client.get(page(node)))
    assert "is written off since" in html
    assert "manage.py node declare-wiped pve-a/pve" in html


def test_a_lane_that_nobody_needed_yet_is_shown_as_it_will_be(pods, world):
    Lane.objects.create(name=world.nodes["pve"].io_lane, capacity=5)
    lanes = desk().get(page(world.nodes["pve"])).context["lanes"]
    assert [(lane.what, lane.inside, lane.capacity) for lane in lanes] == [
        ("moving whole disks", 0, 5),
        ("clones of CT 9000", 0, 1),
    ]


# A subnet's page


def test_a_subnets_page_says_how_full_it_is_and_who_holds_what(pods, world):
    html = main_of(desk().get(page(world.subnet)))
    assert "3 of 199 addresses of 10.1.10.0/24 are leased; 196 can still be given out." in html
    for lease in IPLease.objects.all():
        assert page(lease) in html
    assert "10.1.10.50-10.1.10.250" in html
    assert "Proxmox node pve" in html  # why an address is excluded
    assert "vmbr0" in html


def test_a_full_subnet_and_one_without_ranges_say_what_that_means(pods, world):
    client = desk()
    AddressRange.objects.filter(subnet=world.subnet, kind="allocatable").update(last="10.1.10.52")
    assert "3 of 3 addresses of 10.1.10.0/24 are leased: none is left" in client.get(page(world.subnet)).text
    AddressRange.objects.filter(subnet=world.subnet).delete()
    assert "No address of 10.1.10.0/24 may be given out" in client.get(page(world.subnet)).text


def test_a_subnets_links_list_its_own_leases_only(pods, world):
    client = desk()
    IPLease.objects.filter(address="10.1.10.50").update(released_at=timezone.now())
    context = client.get(page(world.subnet)).context
    assert client.get(context["leases_url"]).context["cl"].result_count == 3
    assert client.get(context["held_url"]).context["cl"].result_count == 2
