"""Which pods are neither started, stopped nor rebooted, with the code and the words that say so, and a record of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit.models import AuditEvent
from core.errors import Invalid
from operations.models import Operation, OperationInProgress
from pods.models import CloudPod
from pods.refusals import PodGone, PodNeedsAttention, PodStopped
from pods.services import destroy_pod, purge_pod, reboot_pod, start_pod, stop_pod
from tests.pods.conftest import fresh, pod_of

pytestmark = pytest.mark.django_db

VERBS: dict[str, Callable[..., Operation]] = {"start": start_pod, "stop": stop_pod, "reboot": reboot_pod}


def refused(verb, pod, alice, error):
    with pytest.raises(error) as caught:
        VERBS[verb](by=alice.actor, pod=pod)
    event = AuditEvent.objects.get(action=f"pod.{verb}", outcome="refused")
    assert event.after["code"] == caught.value.code
    return caught.value.message


@pytest.mark.parametrize("verb", VERBS)
def test_a_pod_that_is_gone_is_neither_started_nor_stopped(verb, running_pod, alice, work):
    purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    work.until_idle()
    assert "gone already" in refused(verb, running_pod, alice, PodGone)


@pytest.mark.parametrize("verb", VERBS)
def test_a_pod_that_is_being_made_is_neither_started_nor_stopped(verb, create, alice):
    pod = pod_of(create())
    refused(verb, pod, alice, OperationInProgress)
    assert (fresh(pod).phase, fresh(pod).desired_state) == ("creating", "running")


@pytest.mark.parametrize("verb", VERBS)
def test_a_pod_that_is_being_destroyed_is_neither_started_nor_stopped(verb, running_pod, alice):
    destroy_pod(by=alice.actor, pod=running_pod)
    refused(verb, running_pod, alice, OperationInProgress)
    assert (fresh(running_pod).phase, fresh(running_pod).desired_state) == ("destroying", "running")


@pytest.mark.parametrize("verb", VERBS)
def test_a_pod_that_needs_a_person_is_left_to_that_person(verb, running_pod, alice):
    CloudPod.objects.filter(pk=running_pod.pk).update(phase="needs_attention")
    assert "can only be destroyed" in refused(verb, running_pod, alice, PodNeedsAttention)


def test_a_stopped_pod_is_not_rebooted_and_the_message_says_what_to_do(stopped_pod, alice):
    assert "start it instead" in refused("reboot", stopped_pod, alice, PodStopped)
    assert Operation.objects.filter(kind="reboot").count() == 0


@pytest.mark.parametrize("timeout_s", [-1, 601])
@pytest.mark.parametrize("verb", ["stop", "reboot"])
def test_a_shutdown_takes_no_longer_than_ten_minutes(verb, timeout_s, running_pod, alice):
    with pytest.raises(Invalid) as caught:
        VERBS[verb](by=alice.actor, pod=running_pod, timeout_s=timeout_s)
    assert (caught.value.field, "0 to 600" in caught.value.message) == ("timeout_s", True)
    assert fresh(running_pod).desired_state == "running"
