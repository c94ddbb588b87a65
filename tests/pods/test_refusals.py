"""What is asked for wrongly is refused with a message that names the field or the cause, and nothing is left behind."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from audit.services import SYSTEM
from clusters.models import Attachment, Cluster
from ipam.models import AddressRange
from operations.models import Operation
from pods.models import CloudPod
from tenants.services import set_quota, set_state
from tests.factories import make_network
from tests.pods.conftest import ended, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db


def refused(answer, status, code, field):
    """The answer is a problem of this kind; the message is a sentence that a person can act on."""
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, body["code"]) == (status, code), body
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["detail"].endswith(".")
    return body["detail"]


@pytest.fixture
def ask(world, alice):
    def post(**wanted):
        return alice.post("pods", **{"hostname": "web", **wanted})

    return post


@pytest.mark.parametrize(
    ("wanted", "code", "field", "words"),
    [
        ({"hostname": "web_1"}, "bad_hostname", "hostname", "web_1"),
        ({"hostname": "-web"}, "bad_hostname", "hostname", "DNS label"),
        ({"hostname": "Web"}, "bad_hostname", "hostname", "a-z"),
        ({"hostname": "web\n"}, "bad_hostname", "hostname", "DNS label"),
        ({"hostname": "w" * 64}, "bad_hostname", "hostname", "63"),
        ({"cores": 0}, "too_small", "cores", "at least 1 core."),
        ({"cores": 9000}, "too_large", "cores", "at most 8192"),
        ({"memory_mib": 2047}, "too_small", "memory_mib", "2048 MiB"),
        ({"disk_gib": 7}, "too_small", "disk_gib", "8 GiB"),
        ({"swap_mib": -1}, "too_small", "swap_mib", "at least 0"),
        ({"tier": "clients-best"}, "unknown_choice", "tier", "clients-best"),
        ({"tier": "vzdump-backups"}, "tier_not_primary", "tier", "vzdump-backups is for backup"),
        ({"tier": "clients-backup"}, "tier_not_primary", "tier", "not for live pods"),
        ({"tier": "t7-backup"}, "tier_not_primary", "tier", "archive"),
        ({"tier": "iso-store"}, "tier_not_primary", "tier", "template"),
        ({"cluster": "pve-z"}, "unknown_choice", "cluster", "pve-z"),
        ({"template": "windows"}, "unknown_choice", "template", "windows"),
        ({"cores": "many"}, "invalid", "cores", "integer"),
        ({"color": "red"}, "invalid", "color", "no such field"),
        ({"address": "somewhere"}, "invalid", "address", "somewhere"),
        ({"address": "10.9.9.9"}, "invalid", "address", "not in the subnet"),
    ],
)
def test_an_input_that_can_never_be_right_is_refused_with_its_field(ask, plane, wanted, code, field, words):
    assert words in refused(ask(**wanted), 400, code, field)
    assert nothing_is_left(plane)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.1.10.70", "Proxmox node pve"),
        ("10.1.10.90", "template"),
        ("10.1.10.1", "gateway"),
        ("10.1.10.0", "network"),
        ("10.1.10.255", "broadcast"),
        ("10.1.10.49", "no allocatable range"),
        ("10.1.10.251", "no allocatable range"),
    ],
)
def test_a_reserved_address_is_refused_with_its_reason(ask, plane, address, words):
    assert words in refused(ask(address=address), 409, "address_reserved", "address")
    assert nothing_is_left(plane)


def test_of_several_subnets_the_one_that_an_address_belongs_to_tells_why_it_is_refused(ask, world):
    for name, cidr, first, last in (
        ("lan-b", "10.1.11.0/24", "10.1.11.50", "10.1.11.60"),
        ("dmz", "10.2.0.0/24", "10.2.0.50", "10.2.0.60"),
    ):
        network, _ = make_network(name, cidr, first, last)
        Attachment.objects.create(cluster=world.cluster, network=network, bridge="vmbr1")
    assert "Proxmox node pve" in refused(ask(address="10.1.10.70"), 409, "address_reserved", "address")
    assert ask(address="10.1.11.55").status_code == 202
    taken = refused(ask(hostname="other", address="10.1.11.55"), 409, "address_taken", "address")
    assert "10.1.11.55" in taken


def test_an_unknown_tenant_is_refused(world, olga, plane):
    detail = refused(olga.post("pods", tenant="TENANT-999", hostname="web"), 404, "not_found", "tenant")
    assert "TENANT-999" in detail
    assert nothing_is_left(plane)


def test_the_platform_has_to_name_the_tenant(world, olga):
    refused(olga.post("pods", hostname="web"), 400, "invalid", "tenant")


def test_a_tenant_cannot_create_for_another_nor_learn_that_it_exists(ask, plane):
    other = refused(ask(tenant="TENANT-102"), 404, "not_found", "tenant")
    none = refused(ask(tenant="TENANT-103"), 404, "not_found", "tenant")
    assert other.replace("102", "103") == none
    assert nothing_is_left(plane)


def test_a_suspended_tenant_gets_nothing_new(ask, alice, plane):
    set_state(by=SYSTEM, tenant=alice.tenant, state="suspended", reason="unpaid")
    assert "TENANT-101 is suspended" in refused(ask(), 409, "tenant_suspended", "tenant")
    assert nothing_is_left(plane)


def test_a_hostname_is_taken_once_a_tenant_and_free_again_when_its_pod_is_gone(ask, alice, charlie, olga, work):
    assert ask().status_code == 202
    refused(ask(), 409, "hostname_taken", "hostname")
    assert charlie.post("pods", hostname="web").status_code == 202
    work.until_idle()
    pod = alice.get("pods").json()["results"][0]
    assert alice.delete(f"pods/{pod['id']}").status_code == 202
    work.until_idle()
    refused(ask(), 409, "hostname_taken", "hostname")
    assert olga.post(f"pods/{pod['id']}/purge", reason="at once").status_code == 202
    work.until_idle()
    assert ask().status_code == 202


@pytest.mark.parametrize(
    ("limit", "field", "words"),
    [
        ({"pods": 0}, "tenant", "may have 0 pods"),
        ({"cores": 1}, "cores", "1 cores"),
        ({"memory_mib": 2047}, "memory_mib", "2047 MiB of memory"),
        ({"disk_gib": 7}, "disk_gib", "7 GiB of disk"),
    ],
)
def test_a_request_over_quota_is_refused_with_the_limit(ask, alice, plane, limit, field, words):
    set_quota(by=SYSTEM, tenant=alice.tenant, limits=limit)
    assert words in refused(ask(), 409, "quota_exceeded", field)
    assert nothing_is_left(plane)


def test_no_free_address_is_refused(ask, world, plane):
    AddressRange.objects.filter(kind="allocatable").update(last="10.1.10.50")
    assert ask(hostname="first").status_code == 202
    refused(ask(), 409, "no_free_address", "address")
    assert CloudPod.objects.count() == 1


def test_no_free_vmid_is_refused(ask, world, plane):
    Cluster.objects.update(pod_vmid_first=9100, pod_vmid_last=9100)
    assert ask(hostname="first").status_code == 202
    assert "9100-9100" in refused(ask(), 409, "no_free_vmid", "cluster")
    assert CloudPod.objects.count() == 1


def test_no_node_with_room_is_refused(ask, world, plane):
    for node in world.nodes.values():
        node.memory_mib = 2000
        node.save()
    refused(ask(), 409, "no_capacity", "memory_mib")
    assert nothing_is_left(plane)


def test_no_template_copy_on_an_enabled_node_is_refused(ask, world, plane):
    for node in world.nodes.values():
        node.enabled = False
        node.save()
    refused(ask(), 409, "no_capacity", "template")
    assert nothing_is_left(plane)


def test_a_refusal_is_kept_in_the_audit_trail(ask, alice):
    ask(cores=0)
    event = AuditEvent.objects.get(outcome="refused")
    assert (event.action, event.actor, event.tenant_reference) == ("pod.create", alice.actor.name, "TENANT-101")
    assert event.after == {"hostname": "web", "code": "too_small", "field": "cores"}
    assert (event.resource_kind, event.resource_name) == ("tenant", "TENANT-101")


# The data plane's side: the request is granted, the operation fails, and says why.


def failed_with_nothing_left(operation, plane):
    operation = ended(operation)
    assert operation.state == Operation.State.FAILED
    assert pod_of(operation).phase == CloudPod.Phase.FAILED
    assert nothing_is_left(plane)
    return operation


def test_an_unreachable_proxmox_fails_the_create_at_its_deadline(create, plane, work):
    plane.unreachable()
    operation = create()
    work.until_idle()
    plane.unreachable(False)
    failed = failed_with_nothing_left(operation, plane)
    assert failed.error_code == "deadline_passed"
    assert "pve-a" in failed.error_message
    tries = failed.steps.get(name="clone").attempts.filter(result="retry")
    assert 30 < tries.count() < 50  # backing off, never longer than half a minute


def test_a_proxmox_that_comes_back_in_time_gets_the_pod_made(create, plane, work):
    plane.unreachable()
    operation = create()
    work.drive_due()
    plane.unreachable(False)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_a_token_that_is_not_in_the_environment_is_named(create, plane, work, world):
    world.cluster.token_sealed, world.cluster.token_env = "", "PVE_TOKEN_THAT_NOBODY_SET"
    world.cluster.save()
    operation = create()
    work.until_idle()
    assert "PVE_TOKEN_THAT_NOBODY_SET" in failed_with_nothing_left(operation, plane).error_message


def test_a_vmid_that_a_stranger_has_fails_the_create_and_leaves_the_stranger_alone(create, plane, work):
    plane.put_ct("pve-02", 9100, status="running", hostname="stranger")
    before = plane.cts()[9100]
    operation = create()
    work.until_idle()
    failed = ended(operation)
    assert (failed.state, failed.error_code) == ("failed", "vmid_taken")
    assert plane.cts()[9100] == before
    assert pod_of(operation).gone_at is not None


def test_a_missing_privilege_is_named(create, plane, work):
    plane.fail("clone", status=403, message="Permission check failed (/vms/9000, VM.Clone)", times=None)
    operation = create()
    work.until_idle()
    failed = failed_with_nothing_left(operation, plane)
    assert failed.error_code == "denied"
    assert "VM.Clone" in failed.error_message
