"""Which VMID a new pod gets: of its cluster's range, never used before long released, never one that rests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from clusters.models import GoldenTemplate
from core.clock import control_now
from core.errors import Refused, refusing_violations
from ipam.models import IPLease, Network
from pods.models import CloudPod, VmidHold, VmidInUse
from pods.services import Size, create_pod
from pods.vmids import next_vmid
from tenants.services import set_quota
from tests.factories import make_world
from tests.together import together

pytestmark = pytest.mark.django_db

AT_ONCE = 8  # as many connections as a process' pool has


@pytest.fixture
def cluster(world):
    return of_vmids(world.cluster, 9100, 9103)


def of_vmids(cluster, first, last):
    cluster.pod_vmid_first, cluster.pod_vmid_last = first, last
    cluster.save()
    return cluster


@pytest.fixture
def pod_at(world, alice):
    """A pod's row with this VMID; gone so many minutes ago, or live."""

    def make(vmid, *, gone=None, of=world):
        copy = of.copies["pve"]
        pod = CloudPod.objects.create(
            tenant=alice.tenant,
            cluster=of.cluster,
            node=copy.node,
            tier=copy.tier,
            source=copy,
            vmid=vmid,
            hostname=f"pod-{CloudPod.objects.count()}",
            cores=2,
            memory_mib=2048,
            swap_mib=512,
            disk_gib=8,
            phase="active" if gone is None else "gone",
            gone_at=None if gone is None else control_now() - timedelta(minutes=gone),
        )
        VmidHold.objects.create(
            tenant=alice.tenant,
            cluster=of.cluster,
            vmid=vmid,
            pod=pod,
            taken_at=control_now() - timedelta(minutes=(gone or 0) + 1),
            released_at=pod.gone_at,
        )
        return pod

    return make


def test_vmids_are_given_from_the_first_of_the_range(cluster, pod_at):
    assert next_vmid(cluster) == 9100
    pod_at(9100)
    pod_at(9102)
    assert next_vmid(cluster) == 9101


def test_a_range_that_is_used_up_has_none(cluster, pod_at):
    for vmid in range(9100, 9104):
        pod_at(vmid)
    assert next_vmid(cluster) is None


def test_a_released_vmid_rests_for_an_hour(cluster, pod_at, work):
    of_vmids(cluster, 9100, 9100)
    pod_at(9100, gone=59)
    assert next_vmid(cluster) is None
    work.pass_time(minutes=1)
    assert next_vmid(cluster) == 9100


def test_never_used_comes_first_then_the_one_released_longest_ago(cluster, pod_at):
    pod_at(9100, gone=100)
    pod_at(9101, gone=300)
    pod_at(9102, gone=200)
    order = []
    for _ in range(4):
        order.append(next_vmid(cluster))
        pod_at(order[-1])
    assert order == [9103, 9101, 9102, 9100]


def test_only_the_last_release_of_a_vmid_counts(cluster, pod_at):
    of_vmids(cluster, 9100, 9101)
    pod_at(9100, gone=500)
    pod_at(9100, gone=70)
    pod_at(9101, gone=300)
    assert next_vmid(cluster) == 9101
    pod_at(9101, gone=10)
    assert next_vmid(cluster) == 9100


def test_a_live_pod_keeps_its_vmid_though_an_earlier_one_of_it_is_long_gone(cluster, pod_at):
    of_vmids(cluster, 9100, 9100)
    pod_at(9100, gone=500)
    pod_at(9100)
    assert next_vmid(cluster) is None


def test_another_cluster_s_pods_take_no_vmid_of_this_one(cluster, pod_at, plane):
    GoldenTemplate.objects.update(name="another")  # names that make_world gives again
    Network.objects.update(name="another")
    other = make_world(plane, name="pve-b")
    pod_at(9100, of=other)
    assert next_vmid(cluster) == 9100
    assert next_vmid(other.cluster) == 9101


@pytest.mark.parametrize(("first", "last"), [(9050, 9200), (8000, 9000), (9099, 9099), (8000, 9999), (9010, 9020)])
def test_a_range_for_pods_that_meets_the_templates_is_refused_by_the_database(cluster, first, last):
    with pytest.raises(Refused, match="must not overlap") as refused, refusing_violations(), transaction.atomic():
        of_vmids(cluster, first, last)
    assert isinstance(refused.value.__cause__, IntegrityError)


def test_a_vmid_that_a_template_copy_has_is_given_to_no_pod(world):
    world.copies["pve"].vmid = 9100
    world.copies["pve"].save()
    assert next_vmid(world.cluster) == 9101


def test_two_live_pods_of_a_vmid_are_refused_by_the_database(pod_at):
    pod_at(9100)
    with pytest.raises(VmidInUse), refusing_violations(), transaction.atomic():
        pod_at(9100)


@given(uses=st.lists(st.tuples(st.integers(9098, 9105), st.none() | st.integers(0, 200)), max_size=8))
def test_whatever_was_used_when_the_vmid_given_is_the_one_of_the_plain_rules(cluster, pod_at, uses):
    live = {vmid for vmid, gone in uses if gone is None}
    last_gone = {vmid: min(g for v, g in uses if v == vmid and g is not None) for vmid, g in uses if g is not None}
    free = [v for v in range(9100, 9104) if v not in live and last_gone.get(v, 60) >= 60]
    with transaction.atomic():
        for vmid in live:
            pod_at(vmid)
        for vmid, gone in uses:
            if gone is not None:
                pod_at(vmid, gone=gone)
        given_now = next_vmid(cluster)
        transaction.set_rollback(True)
    never = [v for v in free if v not in last_gone]
    if never or not free:
        assert given_now == (never[0] if never else None)
    else:
        assert last_gone[given_now] == max(last_gone[v] for v in free)


@pytest.mark.django_db(transaction=True)
def test_pods_asked_for_at_the_same_moment_get_vmids_and_addresses_of_their_own(world, alice, charlie):
    for tenant in (alice.tenant, charlie.tenant):
        set_quota(by=alice.actor, tenant=tenant, limits={"pods": AT_ONCE})

    def ask(number):
        whose = alice if number % 2 else charlie
        return create_pod(by=whose.actor, tenant=whose.tenant, hostname=f"web-{number}", size=Size())

    operations = together(AT_ONCE, ask)
    assert not [error for error in operations if isinstance(error, Exception)]
    assert sorted(CloudPod.objects.values_list("vmid", flat=True)) == list(range(9100, 9100 + AT_ONCE))
    addresses = IPLease.objects.filter(released_at=None).values_list("address", flat=True)
    assert sorted(addresses) == [f"10.1.10.{last}" for last in range(50, 50 + AT_ONCE)]
    nodes = CloudPod.objects.values_list("node__name", flat=True)
    assert sorted(nodes) == ["pve"] * (AT_ONCE // 2) + ["pve-02"] * (AT_ONCE // 2)


@pytest.mark.django_db(transaction=True)
def test_a_quota_holds_when_all_ask_at_the_same_moment(world, alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"pods": 3})
    results = together(
        AT_ONCE, lambda n: create_pod(by=alice.actor, tenant=alice.tenant, hostname=f"web-{n}", size=Size())
    )
    refused = [result.code for result in results if isinstance(result, Refused)]
    assert refused == ["quota_exceeded"] * (AT_ONCE - 3)
    assert CloudPod.objects.count() == IPLease.objects.count() == 3
