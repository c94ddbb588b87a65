"""A pod's SSH keys are replaced later: they count from its next boot, whatever goes wrong on the way."""

from __future__ import annotations

import json

import pytest

from audit.models import AuditEvent
from clusters.models import Cluster
from core.clock import control_now
from operations.claims import claim
from operations.explain import explain
from operations.models import Attempt, Operation, OperationInProgress
from pods.models import CloudPod
from pods.refusals import BadSshKey, KeysNotDeliverable, PodGone, PodNeedsAttention
from pods.services import create_pod, purge_pod, reboot_pod, replace_ssh_keys, start_pod, stop_pod
from pods.ssh_keys import read_keys
from tests.pods.conftest import ended, pod_of
from tests.pods.keys import blob_of, ed25519_key, keys_for_next_boot, keys_of_first_process, private_key

pytestmark = pytest.mark.django_db

OLD = [ed25519_key("alice@old")]
NEW = [ed25519_key("alice@new"), ed25519_key("bob@new")]


@pytest.fixture
def pod(world, alice, work):
    """A pod of alice's that runs with her old key."""
    world.cluster.key_delivery = Cluster.KeyDelivery.ENV
    world.cluster.save()
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", ssh_keys=OLD)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    return pod_of(operation)


@pytest.fixture
def replace(pod, alice):
    def ask(keys=NEW):
        return replace_ssh_keys(by=alice.actor, pod=pod, keys=keys, reason="a laptop was stolen")

    return ask


def kept(pod):
    return CloudPod.objects.get(pk=pod.pk).ssh_keys


def test_replaced_keys_count_from_the_next_boot_of_a_running_pod(replace, pod, plane, alice, work):
    operation = replace()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert keys_of_first_process(plane, pod) == OLD
    assert keys_for_next_boot(plane, pod) == NEW == kept(pod)
    reboot_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert keys_of_first_process(plane, pod) == NEW


def test_the_keys_of_a_stopped_pod_are_replaced_too(replace, pod, plane, alice, work):
    stop_pod(by=alice.actor, pod=pod)
    work.until_idle()
    operation = replace()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.cts()[pod.vmid]["status"] == "stopped"
    start_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert keys_of_first_process(plane, pod) == NEW


def test_no_keys_take_all_away_and_leave_the_rest_of_the_environment(replace, pod, plane, alice, work):
    replace([])
    work.until_idle()
    reboot_pod(by=alice.actor, pod=pod)
    work.until_idle()
    assert plane.cts()[pod.vmid]["environment"] == {}
    plane.edit_ct(pod.vmid, env="LANG=C.UTF-8")
    replace()
    work.until_idle()
    reboot_pod(by=alice.actor, pod=pod)
    work.until_idle()
    environment = plane.cts()[pod.vmid]["environment"]
    assert environment == {"LANG": "C.UTF-8", "CLOUDPOD_SSH_KEY_1": NEW[0], "CLOUDPOD_SSH_KEY_2": NEW[1]}


def test_only_the_environment_is_written_once_with_the_digest_that_was_read(replace, plane, work):
    plane.clear_record()
    replace()
    work.until_idle()
    [write] = plane.record("config")
    assert set(write["params"]) == {"env", "digest"}


def test_keys_that_are_there_already_are_not_written_again(replace, plane, work):
    plane.clear_record()
    operation = replace(OLD)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.record("config") == []


@pytest.mark.parametrize("call", ["config_get", "config"])
def test_a_lost_answer_leaves_the_new_keys_written_once(call, replace, pod, plane, work):
    plane.clear_record()
    plane.lose_answer(call)
    operation = replace()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert keys_for_next_boot(plane, pod) == NEW
    assert len(plane.record("config")) == 1


def test_a_container_moved_by_hand_gets_them_where_it_is(replace, pod, plane, work):
    plane.move(pod.vmid, "pve-02" if pod.node.name == "pve" else "pve")
    operation = replace()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert keys_for_next_boot(plane, pod) == NEW


def test_a_locked_container_is_waited_for(replace, pod, plane, work):
    plane.set_lock(pod.vmid, "backup")
    operation = replace()
    work.drive_due()
    assert Operation.objects.get(pk=operation.pk).state == "waiting"
    plane.set_lock(pod.vmid, None)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED


def test_keys_that_could_not_be_written_leave_the_old_ones(replace, pod, plane, work):
    plane.fail("config", 403, "Permission check failed (/vms/9100, VM.Config.Options)")
    operation = replace()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == ("failed", "denied")
    assert keys_for_next_boot(plane, pod) == OLD == kept(pod)
    assert CloudPod.objects.get(pk=pod.pk).phase == "active"


def test_keys_that_were_written_without_an_answer_are_written_back_when_it_fails(replace, pod, plane, work):
    operation = replace()
    plane.lose_answer("config")
    work.drive_due()
    assert keys_for_next_boot(plane, pod) == NEW
    plane.fail("config_get", 403, "Permission check failed (/vms/9100, VM.Audit)")
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == ("failed", "denied")
    assert keys_for_next_boot(plane, pod) == OLD == kept(pod)


def test_a_write_that_may_still_arrive_is_waited_for_before_the_old_keys_are_believed(replace, pod, work):
    """Its worker died around the request, and the deadline passed."""
    operation = replace()
    claim(operation.pk, worker="dead")
    write = operation.steps.get(name="write")
    write.state = "begun"
    write.save()
    Attempt.objects.create(step=write, direction="do", number=1, worker="dead", begun_at=control_now())
    now = control_now()
    Operation.objects.filter(pk=operation.pk).update(lease_until=now, deadline_at=now)
    assert work.drive(operation) == "waiting"
    assert "may still arrive" in Operation.objects.get(pk=operation.pk).waits_for
    work.pass_time(seconds=70)
    assert work.drive(operation) == "failed"
    assert kept(pod) == OLD


def test_a_stranger_in_the_pods_place_is_left_alone(replace, pod, plane, work):
    plane.remove_ct(pod.vmid)
    plane.put_ct(pod.node.name, pod.vmid, status="running", hostname="stranger", env="A=1")
    before = plane.cts()[pod.vmid]
    operation = replace()
    work.until_idle()
    assert (ended(operation).state, operation.error_code) == ("failed", "not_ours")
    assert plane.cts()[pod.vmid] == before
    assert kept(pod) == OLD


def test_what_cannot_be_undone_asks_for_a_person_and_leaves_the_pod_to_be_asked_again(replace, pod, plane, work):
    operation = replace()
    plane.lose_answer("config")
    work.drive_due()
    plane.fail("config_get", 403, "Permission check failed (/vms/9100, VM.Audit)", times=2)
    work.until_idle()
    assert ended(operation).state == Operation.State.NEEDS_ATTENTION
    again = replace()
    work.until_idle()
    assert ended(again).state == Operation.State.SUCCEEDED
    assert keys_for_next_boot(plane, pod) == NEW == kept(pod)


@pytest.mark.parametrize("delivery", [Cluster.KeyDelivery.SCRIPT, Cluster.KeyDelivery.NONE])
def test_keys_that_cannot_reach_the_pod_are_refused(delivery, replace, pod, world):
    world.cluster.key_delivery = delivery
    world.cluster.save()
    with pytest.raises(KeysNotDeliverable, match="Its keys stay as they are") as refused:
        replace()
    assert refused.value.field == "ssh_keys"
    assert kept(pod) == OLD


def test_a_private_key_is_refused_and_kept_nowhere(replace, pod):
    secret = private_key()
    with pytest.raises(BadSshKey):
        replace([secret])
    event = AuditEvent.objects.get(action="pod.set_keys")
    assert (event.outcome, event.after["field"]) == ("refused", "ssh_keys")
    assert secret.splitlines()[1] not in json.dumps([event.reason, event.before, event.after])
    assert kept(pod) == OLD


def test_a_pod_to_which_something_else_happens_keeps_its_keys_meanwhile(replace, pod, alice):
    purge_pod(by=alice.actor, pod=pod, reason="no longer needed")
    with pytest.raises(OperationInProgress):
        replace()
    assert kept(pod) == OLD


def test_a_pod_that_is_gone_or_needs_a_person_is_refused(replace, pod, alice, work):
    CloudPod.objects.filter(pk=pod.pk).update(phase="needs_attention")
    with pytest.raises(PodNeedsAttention):
        replace()
    purge_pod(by=alice.actor, pod=pod, reason="no longer needed")
    work.until_idle()
    with pytest.raises(PodGone):
        replace()


def test_the_audit_trail_tells_which_keys_came_and_went(replace, work, alice):
    operation = replace()
    work.until_idle()
    asked, end = AuditEvent.objects.filter(operation_id=operation.pk).order_by("id")
    assert (asked.action, asked.actor, asked.reason) == ("pod.set_keys", alice.actor.name, "a laptop was stolen")
    assert asked.before == {"ssh_keys": [str(key) for key in read_keys(OLD)]}
    assert asked.after == {"ssh_keys": [str(key) for key in read_keys(NEW)]}
    assert blob_of(NEW[0]) not in json.dumps(asked.after)
    assert (end.action, end.outcome) == ("pod.set_keys.ended", "done")


def test_it_is_told_in_words(replace):
    assert explain(replace()).asked == "alice asked to replace the SSH keys of pod web."


# By the API


def test_the_api_answers_202_with_the_operation_and_says_when_the_keys_count(pod, alice, plane, work):
    answer = alice.put(f"pods/{pod.pk}/ssh-keys", ssh_keys=NEW, reason="a laptop was stolen")
    body = answer.json()
    assert (answer.status_code, body["kind"], body["state"]) == (202, "set_keys", "queued")
    assert body["note"] == "They count from the pod's next boot."
    assert answer.headers["Location"] == f"/api/v1/operations/{body['id']}"
    work.until_idle()
    assert keys_for_next_boot(plane, pod) == NEW == alice.get(f"pods/{pod.pk}").json()["ssh_keys"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid", "ssh_keys"),
        ({"ssh_keys": ["no key"]}, "bad_ssh_key", "ssh_keys"),
        ({"ssh_keys": NEW, "password": "x"}, "invalid", "password"),
    ],
)
def test_the_api_refuses_another_body(body, code, field, pod, alice):
    answer = alice.put(f"pods/{pod.pk}/ssh-keys", **body)
    told = answer.json()
    assert (answer.status_code, told["code"], told["errors"][0]["field"]) == (400, code, field)
    assert kept(pod) == OLD


def test_another_tenants_pod_is_not_there(pod, charlie, olga):
    answer = charlie.put(f"pods/{pod.pk}/ssh-keys", ssh_keys=NEW)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert kept(pod) == OLD
    assert olga.put(f"pods/{pod.pk}/ssh-keys", ssh_keys=NEW).status_code == 202
