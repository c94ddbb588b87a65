"""Every deed of the admin's: its question changes nothing, POST begins what it says, by those who may."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from core.clock import control_now
from operations.models import Operation
from pods.admin_deeds import DEEDS
from pods.models import CloudPod, Snapshot
from tests.desk import desk, page, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAMES = [deed.name for deed in DEEDS]
# What is typed besides the reason, and what the pod has to be.
TYPED = {
    "resize": {"cores": "3", "memory_mib": "2048", "swap_mib": "512", "disk_gib": "8"},
    "rename": {"hostname": "shop"},
    "snapshot": {"name": "before-upgrade", "description": ""},
    "delete_snapshot": {"name": "kept"},
    "rollback": {"name": "kept", "timeout_s": "0"},
    "move": {"node": "pve-02", "timeout_s": "0"},
}
FIRST: dict[str, dict[str, object]] = {
    "resume": {"suspended_at": "2026-11-23T09:00Z", "suspended_reason": "unpaid"},
    "restore": {"phase": "deleted", "deleted_at": "2026-11-23T09:00Z", "purge_at": "2026-11-26T09:00Z"},
    "unprotect": {"protected": True},
}


@pytest.fixture
def pod(running_pod, world):
    """A pod of which everything can be asked; its tier is shared, so that it can be moved."""
    world.tiers["clients-main"].shared = True
    world.tiers["clients-main"].save()
    kept = {"name": "kept", "state": Snapshot.State.READY, "created_at": control_now()}
    Snapshot.objects.create(tenant=running_pod.tenant, pod=running_pod, **kept)
    return running_pod


def url(name, pod):
    return reverse(f"admin:pods_cloudpod_{name}", args=[pod.pk])


def prepared(name, pod):
    CloudPod.objects.filter(pk=pod.pk).update(**FIRST.get(name, {}))
    return CloudPod.objects.get(pk=pod.pk)


def after(pod):
    return Operation.objects.filter(subject_id=pod.pk).exclude(kind="create")


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", NAMES)
def test_its_question_changes_nothing_and_its_post_does_it_with_its_reason(name, pod):
    pod = prepared(name, pod)
    client, before = desk(), CloudPod.objects.values().get()
    assert client.get(url(name, pod)).status_code == 200
    assert not after(pod).exists()
    assert CloudPod.objects.values().get() == before
    answer = client.post(url(name, pod), {"reason": "asked by phone", "typed": pod.hostname, **TYPED.get(name, {})})
    assert answer.status_code == 302, answer.text
    if "protect" in name:
        assert CloudPod.objects.get().protected == (name == "protect")
    else:
        assert after(pod).get().kind == name
    action = "pod.protect" if "protect" in name else f"pod.{name}"
    event = AuditEvent.objects.get(action=action)
    assert (event.actor, event.reason) == ("ada", "asked by phone")


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", NAMES)
def test_who_may_only_look_does_none_of_it(name, pod):
    client = desk(staff("pods.view_cloudpod"))
    assert client.get(url(name, pod)).status_code == 403
    assert client.post(url(name, pod), {"reason": "x"}).status_code == 403
    assert url(name, pod) not in client.get(page(pod)).text


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("purge", {}, "Say why"),
        ("suspend", {"timeout_s": "60"}, "Say why"),
        ("rename", {"hostname": ""}, "Say: new host name"),
        ("resize", {"cores": "many"}, "is no whole number"),
        ("move", {"node": "nowhere"}, "is none of the choices"),
        ("rollback", {"name": "another"}, "is none of the choices"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_done(name, typed, told, pod):
    answer = desk().post(url(name, pod), {"typed": pod.hostname, **typed})
    assert answer.status_code == 400
    assert told in answer.text
    assert not after(pod).exists()


def test_what_was_not_changed_in_the_form_of_a_size_is_left_as_it_is(pod):
    desk().post(url("resize", pod), TYPED["resize"])
    assert AuditEvent.objects.get(action="pod.resize").before == {"cores": 2}


def test_a_deleted_pod_can_be_restored_or_purged_and_says_until_when(pod):
    pod = prepared("restore", pod)
    html = desk().get(page(pod)).text
    for name in ("restore", "purge"):
        assert f'href="{url(name, pod)}"' in html
    for name in ("start", "destroy", "rebuild", "snapshot"):
        assert f'href="{url(name, pod)}"' not in html
    assert "was destroyed. It is kept, stopped, until its purge." in html


def test_a_suspended_pod_says_why_and_cannot_be_started(pod):
    pod = prepared("resume", pod)
    html = desk().get(page(pod)).text
    assert "unpaid" in html
    assert f'href="{url("resume", pod)}"' in html
    assert f'href="{url("start", pod)}"' not in html


def test_each_snapshot_has_its_buttons_with_its_name(pod):
    html = desk().get(page(pod)).text
    assert f"{url('rollback', pod)}?name=kept" in html
    chosen = desk().get(url("rollback", pod), {"name": "kept"}).text
    assert '<option value="kept" selected>' in chosen
