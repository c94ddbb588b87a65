"""Ctrl+K: each kind of term leads to the right page, only for those who may see it, at a price that does not grow."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from audit.places import list_url
from clusters.dataplane.port import Upid
from clusters.models import Cluster, Node, TemplateCopy
from clusters.waits import AwaitedTask
from core.clock import control_now
from core.rows import new_id
from ipam.models import IPLease, Subnet
from operations.models import Attempt, Operation
from pods.models import CloudPod, Interface, VmidHold
from tenants.models import Tenant
from tests.desk import a_row, desk, make_pods, page, rows, staff
from tests.migracloud.test_search_terms import UPID

pytestmark = pytest.mark.django_db


def found(typed, client=None):
    return (client or desk()).get(reverse("admin:search"), {"s": typed}).context["found"]


def urls(typed, client=None):
    return [line.url for line in found(typed, client)]


def lease_of(pod):
    return pod.interfaces.get().addresses.get().lease


def leave(pod):
    """As a purge leaves it."""
    now = control_now()
    CloudPod.objects.filter(pk=pod.pk).update(phase="gone", gone_at=now)
    VmidHold.objects.filter(pod=pod).update(released_at=now)
    IPLease.objects.filter(pk=lease_of(pod).pk).update(released_at=now)


@pytest.fixture
def pod(world, alice):
    (pod,) = make_pods(alice, 1)
    CloudPod.objects.filter(pk=pod.pk).update(phase="active", observed_state="running")
    return pod


@pytest.fixture
def operation(pod):
    request = str(new_id())
    Operation.objects.filter(subject_id=pod.pk).update(request_id=request, state="succeeded")
    return Operation.objects.get(subject_id=pod.pk)


def test_a_held_address_leads_to_its_pod_and_says_who_holds_it_since_when(pod):
    line, subnet = found(f"{lease_of(pod).address}/24")
    assert line.url == page(pod)
    assert line.words.startswith("Address held since ")
    assert line.words.endswith(" by CloudPod web-0, TENANT-101, running")
    assert subnet.url == page(lease_of(pod).subnet)


def test_a_released_address_leads_to_its_lease_and_who_holds_it_now_comes_first(pod, alice):
    leave(pod)
    old = lease_of(pod)
    assert urls(old.address)[0] == page(old)
    (next_one,) = make_pods(alice, 1, first=1)
    IPLease.objects.filter(pk=lease_of(next_one).pk).update(address=old.address)
    assert urls(old.address)[:2] == [page(next_one), page(old)]
    assert found(old.address)[1].words.startswith("Address held until ")


def test_an_address_that_no_pod_has_leads_to_its_node_or_its_subnet(world):
    node = Node.objects.create(cluster=world.cluster, name="pve-9", address="10.1.10.3")
    assert urls("10.1.10.3") == [page(node), page(Subnet.objects.get())]
    assert urls("10.1.10.4") == [page(Subnet.objects.get())]
    assert urls("192.0.2.1") == urls("2001:db8::1") == []


@pytest.mark.parametrize(
    "notation", [str, str.lower, lambda mac: mac.replace(":", "-"), lambda mac: mac.replace(":", "")]
)
def test_a_mac_leads_to_its_pod(pod, notation):
    (line,) = found(notation(pod.interfaces.get().mac))
    assert (line.url, line.words) == (page(pod), "Card net0 of CloudPod web-0, TENANT-101, running")


def test_a_vmid_leads_to_the_pod_that_holds_it_now_and_then_to_those_that_are_gone(pod, alice):
    leave(pod)
    (next_one,) = make_pods(alice, 1, first=1)
    for row in (CloudPod.objects.filter(pk=next_one.pk), VmidHold.objects.filter(pod=next_one)):
        row.update(vmid=pod.vmid)
    now, before = found(str(pod.vmid))[:2]
    assert (now.url, before.url) == (page(next_one), page(pod))
    assert now.words.startswith("CloudPod web-1, TENANT-101, creating; VMID held since ")
    assert "gone; VMID held until " in before.words


def test_a_templates_vmid_leads_to_its_copy(world):
    copy = a_row(TemplateCopy)
    assert page(copy) in urls("9000") + urls("9001")


def test_a_pod_is_found_by_the_beginning_of_its_name_and_the_one_of_just_this_name_comes_first(pod, alice):
    others = make_pods(alice, 2, first=10)
    CloudPod.objects.filter(pk=others[0].pk).update(hostname="web")
    assert urls("WEB")[0] == page(others[0])
    assert set(urls("web-")) == {page(pod), page(others[1])}
    assert "eb-" not in str(urls("eb-"))


def test_a_gone_pod_is_found_by_its_whole_name(pod):
    leave(pod)
    assert urls("web-0") == [page(pod)]
    assert urls("web-") == []


def test_many_of_a_name_end_in_the_list_that_has_them_all(world, alice):
    make_pods(alice, 8)
    lines = found("web-")
    assert len(lines) == 7
    client = desk()
    assert client.get(lines[-1].url).context["cl"].result_count == 8


def test_a_tenants_reference_and_its_name_lead_to_it(pod, alice):
    tenant = alice.tenant
    assert urls("tenant-101") == [page(tenant), list_url(CloudPod, tenant="TENANT-101")]
    assert page(tenant) in urls("101")
    assert urls("alice's s") == [page(tenant)]


@pytest.mark.parametrize("typed", [UPID, UPID.rstrip(":")])
def test_a_task_leads_to_the_operation_that_waited_for_it(operation, world, typed):
    key = AwaitedTask(world.cluster.pk, Upid(UPID)).key
    Attempt.objects.filter(step__operation=operation).update(wait_key=key)
    (line,) = found(typed)
    assert line.url == page(operation)
    assert line.words.startswith("Operation, TENANT-101, succeeded, asked ")
    assert line.words.endswith("; its task of doing clone")


def test_a_requests_id_leads_to_its_operations_and_to_what_was_recorded(world, alice):
    answer = alice.post("pods", hostname="mail")
    lines = urls(answer.headers["X-Request-ID"])
    assert page(Operation.objects.get()) in lines
    recorded = AuditEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert recorded
    assert {page(event) for event in recorded} < set(lines)


def test_a_request_of_many_events_ends_in_their_list(pod, alice):
    request = str(new_id())
    events = AuditEvent.objects.bulk_create(
        AuditEvent(tenant_id=alice.tenant.pk, resource_id=pod.pk, action="pod.rest", request_id=request)
        for _ in range(8)
    )
    *_, last = found(request)
    assert desk().get(last.url).context["cl"].result_count == len(events)


def test_the_id_of_any_of_our_rows_leads_to_it(pod, operation, alice, world):
    for row in (pod, operation, alice.tenant, world.cluster, lease_of(pod), a_row(AuditEvent)):
        expected = page(pod) if isinstance(row, IPLease) else page(row)
        assert urls(str(row.pk)) == [expected], row
    assert found(operation.pk.hex)[0].words.startswith("Operation, TENANT-101, succeeded, asked ")


def test_a_node_and_a_cluster_are_found_by_name(world):
    node = world.nodes["pve-02"]
    assert page(node) in urls(node.name)
    assert page(world.cluster) in urls(world.cluster.name[:3].upper())


def test_a_page_of_the_menu_is_found_by_its_words(db):
    assert urls("tiers") == [reverse("admin:clusters_storagetier_changelist")]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("nobody", "Names are found by how they begin"),
        ("192.0.2.1", "No subnet of ours has this address"),
        ("2001:db8::1", "No subnet of ours is of IPv6"),
        (UPID, "No try of an operation waited for this task"),
        ("BC:24:11:0A:0B:0C", "No card of ours has this MAC"),
        ("01935f00-0000-7000-8000-00000000abcd", "Nothing that you may see has this id"),
        ("9" * 30, "Names are found by how they begin"),
        ("%_\\'\"<b>", "Names are found by how they begin"),
    ],
)
def test_what_finds_nothing_says_what_can_be_found(db, typed, words):
    answer = desk().get(reverse("admin:search"), {"s": typed})
    assert answer.context["found"] == []
    assert words in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize("typed", ["", " ", "\u200b"])
def test_nothing_typed_finds_nothing(db, typed):
    assert found(typed) == []


def every_term(pod, operation, world):
    Attempt.objects.filter(step__operation=operation).update(wait_key=AwaitedTask(world.cluster.pk, Upid(UPID)).key)
    return [
        *(lease_of(pod).address, pod.interfaces.get().mac, str(pod.vmid), pod.hostname, "TENANT-101", "alice's", UPID),
        *(operation.request_id, str(operation.pk), str(pod.pk), world.cluster.name, "pve", "audit"),
    ]


def test_who_may_see_no_model_finds_nothing_by_any_term(pod, operation, world):
    client = desk(staff())
    for typed in every_term(pod, operation, world):
        assert found(typed, client) == [], typed


@pytest.mark.parametrize("model", [CloudPod, Operation, IPLease, Tenant, Interface, VmidHold, AuditEvent, Cluster])
def test_who_may_see_one_model_finds_its_pages_only(pod, operation, world, model):
    client = desk(staff(f"{model._meta.app_label}.view_{model._meta.model_name}"))
    lines = [url for typed in every_term(pod, operation, world) for url in urls(typed, client)]
    assert lines
    assert all(url.startswith(rows(model)) for url in lines), lines


def test_who_may_not_see_pods_is_not_told_their_state(pod):
    client = desk(staff("pods.view_interface", "pods.view_vmidhold", "ipam.view_iplease"))
    for typed in (pod.interfaces.get().mac, str(pod.vmid), lease_of(pod).address):
        (line,) = found(typed, client)
        assert "running" not in line.words, typed


def test_who_is_not_of_the_staff_is_sent_to_log_in(client, db):
    assert client.get(reverse("admin:search"), {"s": "web"}).status_code == 302


def test_what_is_no_longer_allowed_is_not_found_any_more(pod):
    user = staff("pods.view_cloudpod")
    assert found("web-0", desk(user))
    user.user_permissions.clear()
    assert found("web-0", desk(user)) == []


def test_the_price_of_each_term_does_not_grow_with_what_is_found(pod, operation, world, alice):
    client, terms = desk(), every_term(pod, operation, world)

    def prices():
        price = {}
        for typed in terms:
            with CaptureQueriesContext(connection) as captured:
                found(typed, client)
            price[typed] = len(captured)
        return price

    prices()  # content types and the like are read once a process
    few = prices()
    more = make_pods(alice, 8, first=10)
    VmidHold.objects.filter(pod__in=more).update(vmid=pod.vmid, released_at=control_now())
    leases = [lease_of(one).pk for one in more]
    IPLease.objects.filter(pk__in=leases).update(address=lease_of(pod).address, released_at=control_now())
    Operation.objects.filter(subject_id__in=[one.pk for one in more]).update(request_id=operation.request_id)
    Attempt.objects.update(wait_key=AwaitedTask(world.cluster.pk, Upid(UPID)).key)
    for number in range(8):
        Node.objects.create(cluster=world.cluster, name=f"pve-{number}")
    assert prices() == few
    assert max(few.values()) < 25
