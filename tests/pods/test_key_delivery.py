"""A pod is created with SSH keys: its first process has them as they were given, or the request is refused with why."""

from __future__ import annotations

import json
import logging

import pytest

from audit.models import AuditEvent
from clusters.models import Cluster
from operations.models import Operation
from pods.models import CloudPod
from pods.refusals import BadSshKey, KeysNotDeliverable
from pods.services import Wish, create_pod
from pods.ssh_keys import read_keys
from tests.desk import desk, page
from tests.factories import World
from tests.pods.conftest import ended, nothing_is_left, pod_of
from tests.pods.keys import (
    blob_of,
    ed25519_key,
    keys_for_next_boot,
    keys_of_first_process,
    private_key,
    rsa_key,
)

pytestmark = pytest.mark.django_db

Delivery = Cluster.KeyDelivery
KEYS = [ed25519_key("alice@laptop"), rsa_key(3072, "alice at work, 'second' = \"spare\" $HOME; #1")]


def declare(world: World, delivery: str) -> None:
    """How keys reach the cluster's pods."""
    world.cluster.key_delivery = delivery
    world.cluster.save()


@pytest.fixture
def ask(world, alice):
    """Ask for a pod of alice's with these keys, where keys reach pods by the option `env`."""
    declare(world, Delivery.ENV)

    def create(keys=KEYS, hostname="web", wish=Wish()):  # noqa: B008 (frozen)
        return create_pod(by=alice.actor, tenant=alice.tenant, hostname=hostname, wish=wish, ssh_keys=keys)

    return create


def test_a_pods_first_process_has_the_keys_as_they_were_given_with_their_comments(ask, plane, work):
    operation = ask()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = pod_of(operation)
    assert plane.cts()[pod.vmid]["environment"] == {"CLOUDPOD_SSH_KEY_1": KEYS[0], "CLOUDPOD_SSH_KEY_2": KEYS[1]}
    assert pod.ssh_keys == KEYS


def test_a_create_with_keys_takes_no_call_more(ask, plane, work):
    ask()
    work.until_idle()
    names = [call["name"] for call in plane.record() if call["name"] != "tasks"]
    assert names == ["clone", "config_get", "config", "firewall", "config_get", "start"]


def test_as_many_and_as_long_keys_as_a_pod_takes_arrive(ask, plane, work):
    keys = [ed25519_key(str(number) + "x" * 3_000) for number in range(20)]
    operation = ask(keys)
    work.until_idle()
    assert keys_of_first_process(plane, pod_of(operation)) == keys


def test_what_the_template_has_in_its_environment_stays_and_its_keys_do_not(ask, plane, work):
    for vmid in plane.templates():
        plane.edit_ct(vmid, env="LANG=C.UTF-8\0CLOUDPOD_SSH_KEY_1=stale\0CLOUDPOD_SSH_KEY_7=stale")
    operation = ask(KEYS[:1])
    work.until_idle()
    environment = plane.cts()[pod_of(operation).vmid]["environment"]
    assert environment == {"LANG": "C.UTF-8", "CLOUDPOD_SSH_KEY_1": KEYS[0]}


@pytest.mark.parametrize("env", ["CLOUDPOD_SSH_KEY_1=stale", "LANG=C.UTF-8\0CLOUDPOD_SSH_KEY_1=stale"])
def test_without_keys_those_that_the_template_has_are_taken_out_all_the_same(env, ask, plane, work):
    for vmid in plane.templates():
        plane.edit_ct(vmid, env=env)
    operation = ask([])
    work.until_idle()
    assert keys_of_first_process(plane, pod_of(operation)) == []


@pytest.mark.parametrize("delivery", Delivery.values)
def test_without_keys_no_environment_is_written(delivery, ask, world, plane, work):
    declare(world, delivery)
    operation = ask([])
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert not [call for call in plane.record("config") if {"env", "delete"} & set(call["params"])]


@pytest.mark.parametrize("call", ["clone", "config", "firewall", "start"])
def test_the_keys_arrive_though_an_answer_is_lost(call, ask, plane, work):
    plane.lose_answer(call)
    operation = ask()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert keys_of_first_process(plane, pod_of(operation)) == KEYS


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        (Delivery.SCRIPT, "by scripts on its nodes, which this release does not have yet"),
        (Delivery.NONE, "it declares no way for them"),
    ],
)
@pytest.mark.parametrize("named", [None, "pve-a"])
def test_keys_that_cannot_reach_a_pod_are_refused_with_why(named, delivery, words, ask, world, plane):
    declare(world, delivery)
    with pytest.raises(KeysNotDeliverable) as refused:
        ask(wish=Wish(cluster=named))
    assert (refused.value.field, refused.value.status) == ("ssh_keys", 409)
    assert refused.value.message.startswith("SSH keys cannot reach the pods of cluster pve-a: ")
    assert words in refused.value.message
    assert refused.value.message.endswith("Ask for a pod without keys, or on another cluster.")
    assert nothing_is_left(plane)
    event = AuditEvent.objects.get(action="pod.create")
    assert (event.outcome, event.after["code"]) == ("refused", "keys_not_deliverable")


def test_a_pod_with_keys_is_put_where_they_can_be_delivered(ask, world, work):
    """The other cluster comes first by name, and is passed over; without keys it is taken."""
    other = Cluster.objects.get(pk=world.cluster.pk)
    other.pk, other.name, other.key_delivery = None, "a-cluster", Delivery.NONE
    other.id = Cluster._meta.pk.get_default()
    other.save(force_insert=True)
    copy = world.copies["pve"]
    node, tier = copy.node, copy.tier
    for row in (node, tier, copy):
        row.pk, row.cluster = type(row)._meta.pk.get_default(), other
    node.save(force_insert=True)
    tier.save(force_insert=True)
    copy.node, copy.tier = node, tier
    copy.save(force_insert=True)
    assert pod_of(ask()).cluster == world.cluster
    with pytest.raises(KeysNotDeliverable, match="a-cluster"):
        ask(hostname="other", wish=Wish(cluster="a-cluster"))


def test_a_private_key_is_refused_and_stands_in_no_log_audit_or_answer(ask, alice, plane, caplog):
    caplog.set_level(logging.DEBUG)
    secret = private_key()
    answer = alice.post("pods", hostname="web", ssh_keys=[KEYS[0], secret])
    body = answer.json()
    assert (answer.status_code, body["code"], body["errors"][0]["field"]) == (400, "bad_ssh_key", "ssh_keys")
    assert "ssh_keys[1], line 1: this is a private key" in body["detail"]
    recorded = json.dumps(list(AuditEvent.objects.values("reason", "before", "after")))
    for line in secret.splitlines()[1:-1]:
        assert line not in answer.content.decode() + recorded + caplog.text
    assert nothing_is_left(plane)


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ([f"{KEYS[0]}\n"], "ssh_keys"),
        ([f'{KEYS[0]}\ncommand="/bin/sh" {KEYS[1]}'], "ssh_keys"),
        ([f'command="/bin/sh" {KEYS[0]}'], "ssh_keys"),
        ([f"{KEYS[0]}\0"], "ssh_keys.0"),
        ([""], "ssh_keys"),
        ([None], "ssh_keys.0"),
        ([["nested"]], "ssh_keys.0"),
        (KEYS[0], "ssh_keys"),
        ({"key": KEYS[0]}, "ssh_keys"),
        (None, "ssh_keys"),
    ],
)
def test_the_api_refuses_what_is_no_list_of_keys_and_names_the_field(keys, field, ask, alice, plane):
    answer = alice.post("pods", hostname="web", ssh_keys=keys)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert blob_of(KEYS[0]) not in answer.content.decode()
    assert nothing_is_left(plane)


@pytest.mark.parametrize(
    ("trick", "words"),
    [
        (f"{KEYS[1]}\n{private_key()}", "ssh_keys[1], line 2: this is a private key"),
        (f"{KEYS[1]}\n", "ssh_keys[1], line 1: a line break ends it"),
        (f'{KEYS[1]}\ncommand="/bin/sh" {KEYS[0]}', "ssh_keys[1], line 1: a line break ends it"),
        (f'command="/bin/sh" {KEYS[1]}', "ssh_keys[1], line 1: something stands before the key, such as command="),
    ],
    ids=["private key", "newline", "command after a newline", "command"],
)
def test_the_api_refuses_a_trick_with_its_place_at_create_and_at_replacement(trick, words, ask, alice, plane, work):
    created = alice.post("pods", hostname="web", ssh_keys=[KEYS[0], trick])
    assert (created.status_code, created.json()["code"]) == (400, "bad_ssh_key")
    assert words in created.json()["detail"]
    assert nothing_is_left(plane)
    pod = pod_of(ask())
    work.until_idle()
    replaced = alice.put(f"pods/{pod.pk}/ssh-keys", ssh_keys=[KEYS[0], trick])
    assert (replaced.status_code, replaced.json()["detail"]) == (400, created.json()["detail"])
    assert keys_of_first_process(plane, pod) == keys_for_next_boot(plane, pod) == KEYS


def test_a_pod_is_shown_with_its_keys_as_they_were_given(ask, alice):
    created = alice.post("pods", hostname="web", ssh_keys=KEYS)
    assert created.status_code == 202
    assert alice.get(f"pods/{created.json()['subject']['id']}").json()["ssh_keys"] == KEYS


def test_the_audit_trail_names_keys_by_fingerprint_and_comment(ask):
    ask()
    event = AuditEvent.objects.get(action="pod.create")
    assert event.after["ssh_keys"] == [str(key) for key in read_keys(KEYS)]
    assert blob_of(KEYS[0]) not in json.dumps(event.after)


def test_a_pods_page_names_its_keys_by_type_fingerprint_and_comment(ask):
    pod = pod_of(ask([KEYS[0], ed25519_key("<script>alert(1)</script>")]))
    html = desk().get(page(pod)).content.decode()
    [key] = read_keys(KEYS[:1])
    assert key.fingerprint.replace("+", "&#x2B;") in html.replace("+", "&#x2B;")
    assert key.comment in html
    assert "<script>alert" not in html
    assert "It was given none." in desk().get(page(pod_of(ask([], "other")))).content.decode()


def test_no_pod_is_given_a_password(ask, alice, plane, work):
    """None is set by a create, so that a pod shares one with no other; and none can be asked for."""
    ask()
    work.until_idle()
    assert not [call for call in plane.record() if "password" in call["params"]]
    answer = alice.post("pods", hostname="other", password="secret-of-alice")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "password")
    assert "secret-of-alice" not in answer.content.decode()
    assert CloudPod.objects.count() == 1


def test_keys_are_checked_before_anything_else_is_looked_at(ask, world):
    declare(world, Delivery.NONE)
    with pytest.raises(BadSshKey):
        ask(["no key"])
