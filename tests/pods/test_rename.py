"""Renaming a pod: which names it has in its row, on its container and in its leases, and who may have one meanwhile."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.errors import AnswerLost, Denied
from clusters.dataplane.proxmox import ProxmoxPlane
from ipam.models import IPLease
from operations.cancelling import cancel
from operations.models import Operation
from pods.models import CloudPod, HostnameTaken
from pods.refusals import BadHostname, NothingToChange
from pods.services import create_pod, rename_pod
from tests.pods.changes import (
    config_of,
    is_settled,
    its_time_is_over,
    refused,
    replace_by_stranger,
    writes,
)
from tests.pods.conftest import ended, fresh, is_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def rename(running_pod, plane, alice):
    """Ask for another name of the running pod, which is called web."""
    plane.clear_record()

    def ask(hostname="shop", **options):
        return rename_pod(by=alice.actor, pod=running_pod, hostname=hostname, **options)

    return ask


def is_called(hostname, pod, plane):
    assert fresh(pod).hostname == hostname
    assert config_of(plane, pod)["hostname"] == hostname
    assert IPLease.objects.get().purpose == f"pod {hostname} ({pod.pk}), net0"
    assert is_settled(pod)
    return True


@pytest.mark.parametrize("which", ["running_pod", "stopped_pod"])
def test_a_renamed_pod_is_called_so_everywhere(which, request, plane, alice, work):
    pod = request.getfixturevalue(which)
    before = is_at(plane, pod)
    plane.clear_record()
    operation = rename_pod(by=alice.actor, pod=pod, hostname="shop", reason="a new owner")
    assert fresh(pod).hostname == "shop"
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_called("shop", pod, plane)
    assert operation.subject_name == "web"  # as it was asked
    assert writes(plane) == ["config"]
    assert is_at(plane, pod) == before
    event = AuditEvent.objects.get(action="pod.rename")
    assert (event.before, event.after, event.reason) == ({"hostname": "web"}, {"hostname": "shop"}, "a new owner")


def test_what_waits_for_a_boot_is_said(rename, running_pod, work, monkeypatch):
    monkeypatch.setattr(ProxmoxPlane, "pending", lambda *_: frozenset({"hostname"}))
    rename()
    work.until_idle()
    assert fresh(running_pod).pending == ["hostname"]


def test_a_second_request_for_the_same_name_is_the_first(rename, work):
    first = rename()
    assert rename().pk == first.pk
    work.until_idle()
    assert ended(first).state == Operation.State.SUCCEEDED


# Names


@pytest.mark.parametrize("hostname", ["", "Shop", "shop_1", "-shop", "s" * 64, "shop\n"])
def test_what_is_no_host_name_is_refused(hostname, rename, running_pod):
    refused(lambda: rename(hostname), BadHostname, action="pod.rename", field="hostname")
    assert fresh(running_pod).hostname == "web"


def test_its_own_name_is_nothing_to_change(rename):
    refused(lambda: rename("web"), NothingToChange, action="pod.rename", field="hostname")


def test_the_name_of_another_pod_of_the_tenant_is_taken(rename, running_pod, alice):
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="shop")
    refused(rename, HostnameTaken, action="pod.rename", field="hostname")
    assert fresh(running_pod).hostname == "web"
    assert not Operation.objects.filter(kind="rename")


def test_another_tenants_pod_may_have_the_same_name(rename, charlie, work):
    create_pod(by=charlie.actor, tenant=charlie.tenant, hostname="shop")
    operation = rename()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_the_old_name_is_kept_until_it_is_known_that_it_is_free(rename, running_pod, alice, work):
    """It would have to be given back if the renaming failed."""
    rename()
    with pytest.raises(HostnameTaken) as caught:
        create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    assert caught.value.field == "hostname"
    with pytest.raises(HostnameTaken):
        create_pod(by=alice.actor, tenant=alice.tenant, hostname="shop")
    work.until_idle()
    assert create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")


def test_nor_is_it_given_to_a_pod_that_is_renamed(rename, alice, work):
    other = CloudPod.objects.get(pk=create_pod(by=alice.actor, tenant=alice.tenant, hostname="other").subject_id)
    work.until_idle()
    rename()
    with pytest.raises(HostnameTaken):
        rename_pod(by=alice.actor, pod=other, hostname="web")


# What goes wrong


def test_a_name_that_proxmox_refuses_leaves_the_old_one(rename, running_pod, plane, work):
    plane.fail("config", status=400, message="Parameter verification failed.")
    operation = rename()
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.FAILED, "write")
    assert is_called("web", running_pod, plane)


def test_what_was_written_is_written_back(rename, running_pod, plane, work):
    plane.fail("pending", status=403, message="Permission check failed (/vms/9100, VM.Audit)")
    operation = rename()
    work.until_idle()
    assert (ended(operation).state, operation.error_step) == (Operation.State.FAILED, "see")
    assert is_called("web", running_pod, plane)
    assert writes(plane) == ["config", "config"]


def test_one_that_is_cancelled_has_its_old_name(rename, running_pod, plane, alice, work):
    operation = rename()
    cancel(by=alice.actor, operation=operation)
    work.until_idle()
    assert ended(operation).state == Operation.State.CANCELLED
    assert is_called("web", running_pod, plane)


@pytest.mark.parametrize("call", ["config_get", "config", "pending"])
def test_a_lost_answer_does_not_keep_a_pod_from_its_name(call, rename, running_pod, plane, work):
    plane.lose_answer(call)
    operation = rename()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert is_called("shop", running_pod, plane)
    assert writes(plane) == ["config"]


def test_a_write_that_comes_late_does_not_outlive_the_undo(rename, running_pod, plane, work, monkeypatch):
    under_way = []
    real = ProxmoxPlane.change

    def lost(*call):
        under_way.append(call)
        raise AnswerLost("no answer came in time")

    operation = rename()
    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "change", lost)
        work.drive_due()
    its_time_is_over(operation)
    work.pass_time(seconds=3)
    work.drive_due()
    asked, *what = under_way[0]
    real(ProxmoxPlane(asked.access), *what)
    assert config_of(plane, running_pod)["hostname"] == "shop"
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert is_called("web", running_pod, plane)


def test_a_strangers_container_keeps_its_name(rename, running_pod, plane, work):
    stranger = replace_by_stranger(plane, running_pod)
    operation = rename()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == (Operation.State.FAILED, "not_ours")
    assert plane.cts()[running_pod.vmid] == stranger
    assert fresh(running_pod).hostname == "web"


def test_what_could_be_neither_done_nor_undone_keeps_both_names_and_can_be_asked_for_again(
    rename, running_pod, plane, alice, work, monkeypatch
):
    def denied(*_):
        plane.fail("config", status=403, message="Permission check failed (/vms/9100, VM.Config.Options)")
        raise Denied("the token lacks a privilege for it")

    with monkeypatch.context() as patch:
        patch.setattr(ProxmoxPlane, "pending", denied)
        operation = rename()
        work.until_idle()
    ended(operation)
    assert operation.state == Operation.State.NEEDS_ATTENTION
    with pytest.raises(HostnameTaken):
        create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    again = rename()
    work.until_idle()
    assert ended(again).state == Operation.State.SUCCEEDED
    assert is_called("shop", running_pod, plane)
