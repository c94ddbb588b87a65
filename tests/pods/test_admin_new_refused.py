"""What is refused in the form of a new pod: told at its field, by Check, by the preview and by the button alike."""

from __future__ import annotations

import pytest

from clusters.models import Attachment, Cluster
from ipam.models import AddressRange
from operations.freezing import freeze
from pods.models import CloudPod
from pods.services import create_pod, suspend_tenant
from tenants.services import set_quota
from tests.desk import desk
from tests.pods.forms import NEW, PREVIEW, TYPED, everything, post, problem_at
from tests.pods.keys import ed25519_key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
KEY = ed25519_key()


def suspended(world, alice):
    suspend_tenant(by=alice.actor, tenant=alice.tenant, reason="unpaid")


def no_pods(world, alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"pods": 0})


def few_cores(world, alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"cores": 1})


def taken(world, alice):
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")


def full_nodes(world, alice):
    world.cluster.nodes.update(memory_mib=1024)


def no_copies(world, alice):
    world.cluster.template_copies.update(enabled=False)


def no_vmid(world, alice):
    taken(world, alice)
    Cluster.objects.update(pod_vmid_first=9100, pod_vmid_last=9100)


def no_address(world, alice):
    AddressRange.objects.filter(kind="allocatable").delete()


def no_subnet(world, alice):
    Attachment.objects.all().delete()


def frozen(world, alice):
    freeze(by=alice.actor, reason="the storage is being replaced")


def nothing(world, alice):
    return None


REFUSALS = [
    (nothing, {"tenant": "TENANT-404"}, "tenant", "There is no tenant TENANT-404"),
    (nothing, {"tenant": ""}, "tenant", "Say for which tenant"),
    (suspended, {}, "tenant", "is suspended"),
    (no_pods, {}, "tenant", "may have 0 pods"),
    (nothing, {"hostname": "Not_a_name"}, "hostname", "is no host name"),
    (nothing, {"hostname": ""}, "hostname", "Say how it is called"),
    (taken, {}, "hostname", "has a pod with this host name already"),
    (few_cores, {}, "plan", "may have 1 cores"),
    (few_cores, {"plan": "own", "cores": "2"}, "cores", "may have 1 cores"),
    (full_nodes, {}, "plan", "No node has 4096 MiB"),
    (full_nodes, {"plan": "own", "memory_mib": "4096"}, "memory_mib", "No node has 4096 MiB"),
    (nothing, {"plan": "own", "memory_mib": "1"}, "memory_mib", "at least 2048 MiB"),
    (nothing, {"plan": "own", "swap_mib": "-1"}, "swap_mib", "at least 0 MiB"),
    (nothing, {"plan": "own", "disk_gib": "99999999"}, "disk_gib", "at most"),
    (nothing, {"plan": "own", "cores": "many"}, "cores", "is no whole number"),
    (nothing, {"plan": "enormous"}, "plan", "not one of the available choices"),
    (nothing, {"ssh_keys": "ssh-ed25519 nonsense!"}, "ssh_keys", "is not the base64 of a key"),
    (nothing, {"ssh_keys": KEY}, "ssh_keys", "cannot reach the pods of cluster"),
    (no_copies, {}, "", "No enabled node has a copy"),
    (no_vmid, {"hostname": "other"}, "", "has no free VMID"),
    (no_address, {}, "", "No address is free"),
    (no_subnet, {}, "", "is attached to no subnet"),
    (frozen, {}, "", "the storage is being replaced"),
]


@pytest.mark.sampled(9)
@pytest.mark.parametrize(("first", "typed", "field", "told"), REFUSALS)
def test_what_is_refused_is_told_at_its_field_with_all_that_was_typed_by_create_check_and_preview_alike(
    first, typed, field, told, world, alice
):
    first(world, alice)
    client, before = desk(), everything()
    for answer in (post(NEW, client, **typed, check="yes"), post(PREVIEW, client, **typed)):
        assert answer.status_code == 200
        assert told in answer.text or "Still needed" in answer.text
    assert everything() == before
    checked = post(NEW, client, **typed, check="yes").text
    refused = post(NEW, client, **typed)
    assert refused.status_code >= 400
    for html in (checked, refused.text):
        if field:
            assert told in problem_at(html, field)
            assert 'aria-invalid="true"' in html
        for value in {**TYPED, **typed}.values():
            assert value in html
    assert told in refused.text
    assert CloudPod.objects.count() == len(before["pods.CloudPod"])


def test_what_was_not_typed_yet_is_no_problem_while_somebody_types(world, alice):
    html = post(PREVIEW, tenant="", hostname="").text
    assert "Still needed: tenant, host name." in html
    assert "data-of" not in html
