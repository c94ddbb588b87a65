"""Pods as their cluster lists them: with their time, never older than our last change, unknown but not gone."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clusters.dataplane.errors import Unavailable
from clusters.dataplane.port import Guest, Machine, Resources
from clusters.looks import Look
from core.clock import control_now
from migracloud.observing import record
from operations.models import Operation
from pods.models import CloudPod
from pods.services import create_pod, purge_pod, reboot_pod, stop_pod
from tests.desk import make_pods
from tests.factories import make_cluster

pytestmark = pytest.mark.django_db

NODES = tuple(Machine(name, "online", 4, 0.1, 1, 1, 60) for name in ("pve", "pve-02"))


@pytest.fixture
def observe(work):
    return work.observe


@pytest.fixture
def pod(world, alice):
    """A pod that nobody is at work on, and that nobody has looked at yet."""
    (made,) = make_pods(alice, 1)
    Operation.objects.update(state="succeeded", finished_at=control_now() - timedelta(minutes=5))
    CloudPod.objects.update(phase="active")
    return fresh(made)


def fresh(pod):
    return CloudPod.objects.select_related("cluster__observation", "node", "tenant").get(pk=pod.pk)


def listed(pod, **changes):
    plain = {"node": pod.node.name, "name": pod.hostname, "kind": "lxc", "status": "running", "template": False}
    return Guest(vmid=pod.vmid, **(plain | changes))


def told(cluster, *guests, began=None, nodes=NODES, unread=0):
    look = Look(cluster, began=began or control_now())
    look.found = Resources(guests, nodes, (), unread)
    record(look)
    return look


def silence(cluster, began=None):
    look = Look(cluster, began=began or control_now())
    look.found = Unavailable("no connection")
    record(look)


# What is seen


def test_a_pod_is_seen_as_its_cluster_lists_it_in_the_one_call(running_pod, plane, observe):
    plane.clear_record()
    observe()
    assert [call["name"] for call in plane.record()] == ["resources"]
    seen = fresh(running_pod)
    assert (seen.observed_state, seen.last_seen_state, seen.observed_node) == ("running", "running", "pve")
    assert (seen.observed_hostname, seen.observed_cores, seen.observed_memory_mib) == ("web", 2, 2048)
    assert seen.observed_disk_gib == 8
    assert running_pod.observed_at < seen.observed_at <= control_now()


def test_a_pod_that_was_stopped_by_hand_is_seen_stopped_and_still_wanted_running(running_pod, plane, observe):
    plane.edit_ct(running_pod.vmid, status="stopped")
    observe()
    seen = fresh(running_pod)
    assert (seen.observed_state, seen.desired_state) == ("stopped", "running")
    assert (seen.up_since, seen.memory_used_mib) == (None, None)


def test_a_pod_that_was_moved_by_hand_is_seen_where_it_is_and_its_row_stays(running_pod, plane, observe):
    """The list proves no mark: only a look at the container itself moves the row."""
    plane.move(running_pod.vmid, "pve-02")
    observe()
    seen = fresh(running_pod)
    assert (seen.observed_node, seen.node.name, seen.observed_state) == ("pve-02", "pve", "running")


def test_a_pod_that_was_removed_by_hand_is_absent_and_still_holds_what_it_holds(running_pod, plane, observe):
    plane.remove_ct(running_pod.vmid)
    observe()
    seen = fresh(running_pod)
    assert (seen.observed_state, seen.phase, seen.gone_at, seen.observed_node) == ("absent", "active", None, "")


def test_nothing_is_changed_on_the_cluster_or_in_what_is_wanted(running_pod, plane, observe):
    plane.edit_ct(running_pod.vmid, status="stopped", hostname="theirs", cores=7)
    before, wanted = plane.cts(), {field: getattr(running_pod, field) for field in ("hostname", "cores", "phase")}
    observe()
    assert plane.cts() == before
    assert {field: getattr(fresh(running_pod), field) for field in wanted} == wanted
    assert fresh(running_pod).observed_hostname == "theirs"


def test_strangers_and_templates_are_no_pods(running_pod, plane, observe):
    plane.put_ct("pve", 9500, status="running", hostname="theirs")
    observe()
    assert CloudPod.objects.count() == 1


def test_a_virtual_machine_at_the_vmid_is_not_the_pod(pod):
    told(pod.cluster, listed(pod, kind="qemu"))
    assert fresh(pod).observed_state == "absent"


def test_the_same_vmid_on_another_cluster_is_another_container(pod, plane):
    other = make_cluster(plane, name="pve-z")
    told(other, listed(pod, status="stopped"))
    assert fresh(pod).observed_state == "unknown"
    told(pod.cluster, listed(pod))
    assert fresh(pod).observed_state == "running"


def test_since_when_it_is_up_does_not_wander_with_the_lists_seconds(pod):
    began = control_now()
    told(pod.cluster, listed(pod, up_seconds=100), began=began)
    first = fresh(pod).up_since
    assert first == began - timedelta(seconds=100)
    told(pod.cluster, listed(pod, up_seconds=152), began=began + timedelta(seconds=60))
    assert fresh(pod).up_since == first
    told(pod.cluster, listed(pod, up_seconds=5), began=began + timedelta(seconds=120))
    assert fresh(pod).up_since == began + timedelta(seconds=115)


@pytest.mark.parametrize("verb", [stop_pod, reboot_pod, partial(purge_pod, reason="no longer needed")])
def test_since_when_it_was_up_and_what_it_used_do_not_outlive_our_own_stop(verb, running_pod, alice, work):
    CloudPod.objects.update(up_since=control_now() - timedelta(days=1), memory_used_mib=700)
    verb(by=alice.actor, pod=running_pod)
    work.until_idle()
    assert (fresh(running_pod).up_since, fresh(running_pod).memory_used_mib) == (None, None)


def test_odd_values_are_kept_out_and_break_nothing(pod):
    told(pod.cluster, listed(pod, name="x" * 255, up_seconds=2**31 - 1, memory_mib=2**31 - 1, cores=0.5))
    assert (fresh(pod).observed_state, fresh(pod).observed_cores) == ("running", 0.5)


# What is not known


@pytest.mark.parametrize("status", ["unknown", "", "paused"])
def test_a_status_that_says_nothing_is_unknown_and_what_was_seen_stays(status, pod):
    told(pod.cluster, listed(pod), began=control_now() - timedelta(minutes=1))
    before = fresh(pod)
    told(pod.cluster, listed(pod, status=status))
    after = fresh(pod)
    assert (after.observed_state, after.last_seen_state) == ("unknown", "running")
    assert (after.observed_at, after.observed_node) == (before.observed_at, "pve")


@pytest.mark.parametrize("state", ["offline", "unknown"])
def test_pods_of_a_node_that_is_off_are_unknown_whatever_the_list_says(state, pod):
    off = Machine("pve", state, None, None, None, None, None)
    told(pod.cluster, listed(pod), nodes=(off, NODES[1]))
    assert fresh(pod).observed_state == "unknown"


def test_a_list_with_a_row_that_cannot_be_read_proves_nobodys_absence(pod):
    told(pod.cluster, unread=1)
    assert fresh(pod).observed_state == "unknown"
    told(pod.cluster)
    assert fresh(pod).observed_state == "absent"


def test_a_cluster_that_does_not_answer_makes_its_pods_unknown_not_gone_and_they_come_back(running_pod, plane, observe):
    observe()
    before = fresh(running_pod)
    plane.unreachable()
    for _ in range(2):
        observe()
    silent = fresh(running_pod)
    assert (silent.observed_state, silent.last_seen_state) == ("unknown", "running")
    assert (silent.observed_at, silent.observed_node, silent.gone_at) == (before.observed_at, "pve", None)
    plane.unreachable(False)
    observe()
    assert fresh(running_pod).observed_state == "running"
    assert fresh(running_pod).observed_at > before.observed_at


def test_a_token_that_may_see_no_guest_makes_no_pod_absent(running_pod, plane, observe):
    for vmid in plane.cts():
        plane.remove_ct(vmid)
    observe()
    assert fresh(running_pod).observed_state == "unknown"


def test_one_cluster_that_does_not_answer_says_nothing_about_the_pods_of_another(pod, plane):
    told(pod.cluster, listed(pod))
    silence(make_cluster(plane, name="pve-z"))
    assert fresh(pod).observed_state == "running"


def test_a_pod_that_is_gone_is_not_looked_for(pod):
    CloudPod.objects.update(phase="gone", gone_at=control_now(), observed_state="absent")
    silence(pod.cluster)
    told(pod.cluster, listed(pod), began=control_now() + timedelta(minutes=1))
    assert fresh(pod).observed_state == "absent"


# What a late list says nothing about


def test_a_pod_that_is_just_being_made_is_passed_over(world, plane, alice, work, observe):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    observe()
    assert CloudPod.objects.get(pk=operation.subject_id).observed_at is None


def test_a_list_from_just_after_our_own_change_says_nothing_about_the_pod(pod):
    ended = control_now() - timedelta(seconds=20)
    Operation.objects.update(finished_at=ended)
    told(pod.cluster, began=ended + timedelta(seconds=14))
    assert fresh(pod).observed_at is None
    told(pod.cluster, listed(pod, status="stopped"), began=ended + timedelta(seconds=16))
    assert fresh(pod).observed_state == "stopped"


def test_what_an_operation_saw_is_not_overwritten_by_a_list_as_old(running_pod):
    operation_saw = running_pod.observed_at
    Operation.objects.update(finished_at=operation_saw - timedelta(hours=1))
    told(running_pod.cluster, began=operation_saw + timedelta(seconds=14))
    assert fresh(running_pod).observed_state == "running"
    told(running_pod.cluster, began=operation_saw + timedelta(seconds=16))
    assert fresh(running_pod).observed_state == "absent"


def test_a_destroy_that_goes_on_is_not_told_by_the_list(running_pod, alice, plane, observe):
    purge_pod(by=alice.actor, pod=running_pod, reason="no longer needed")
    plane.remove_ct(running_pod.vmid)
    observe()
    assert fresh(running_pod).observed_state == "running"


def test_a_silence_from_before_an_operation_saw_the_pod_says_nothing(running_pod):
    silence(running_pod.cluster, began=running_pod.observed_at - timedelta(seconds=1))
    assert fresh(running_pod).observed_state == "running"


@contextmanager
def being_written(pod):
    """Somebody else's transaction holds the pod's row."""
    written, seen = Event(), Event()

    def write():
        with transaction.atomic():
            CloudPod.objects.select_for_update().get(pk=pod.pk)
            written.set()
            seen.wait(30)
        connection.close()

    writer = Thread(target=write)
    writer.start()
    assert written.wait(30)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        yield
    finally:
        seen.set()
        writer.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


@pytest.mark.django_db(transaction=True)
def test_a_pod_whose_row_is_just_being_written_is_passed_over_and_not_waited_for(pod):
    with being_written(pod):
        told(pod.cluster, listed(pod))
        assert fresh(pod).observed_state == "unknown"
    told(pod.cluster, listed(pod))
    assert fresh(pod).observed_state == "running"


@pytest.mark.django_db(transaction=True)
def test_nor_is_it_waited_for_when_the_cluster_does_not_answer(pod):
    told(pod.cluster, listed(pod), began=control_now() - timedelta(minutes=1))
    with being_written(pod):
        silence(pod.cluster)
        assert fresh(pod).observed_state == "running"
    silence(pod.cluster)
    assert fresh(pod).observed_state == "unknown"


# Its price


def test_a_look_asks_no_more_of_the_database_with_thirty_pods_than_with_three(world, alice):
    def queries(pods):
        Operation.objects.update(state="succeeded", finished_at=control_now() - timedelta(hours=1))
        CloudPod.objects.update(observed_at=None)
        guests = [listed(pod, status="paused" if number % 3 else "running") for number, pod in enumerate(pods)]
        with CaptureQueriesContext(connection) as captured:
            told(world.cluster, *guests)
        assert CloudPod.objects.exclude(observed_at=None).count() == (len(pods) + 2) // 3
        return len(captured)

    few = make_pods(alice, 3)
    queries(few)
    assert queries(few) == queries(few + make_pods(alice, 27, first=3))
