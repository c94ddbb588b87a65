"""Creating a pod, from the request to the running container."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.dataplane.mark import MarkKey, read_mark
from core.clock import control_now
from operations.claims import claim
from operations.models import Attempt, Operation
from pods.models import CloudPod, Interface
from tests.pods.conftest import ended, nothing_is_left, pod_of

pytestmark = pytest.mark.django_db

# The polling that all operations share is not counted with any of them.
SHARED = {"tasks"}


def calls(plane):
    return [call["name"] for call in plane.record() if call["name"] not in SHARED]


def test_a_created_pod_runs_with_its_size_network_tags_and_firewall(create, plane, alice, work):
    operation = create(cores=4, memory_mib=4096, swap_mib=1024)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    pod = pod_of(operation)
    assert (pod.phase, pod.observed_state, pod.desired_state) == ("active", "running", "running")
    ct = plane.cts()[pod.vmid]
    assert (ct["node"], ct["status"]) == (pod.node.name, "running")
    config = ct["config"]
    assert (config["hostname"], int(config["cores"]), int(config["memory"]), int(config["swap"])) == (
        "web",
        4,
        4096,
        1024,
    )
    assert int(config["onboot"]) == 1
    assert config["tags"] == "cloudpod;tenant-101"
    assert ct["firewall"] == {"enable": 1, "ipfilter": 1, "macfilter": 1, "policy_in": "ACCEPT"}
    net0 = dict(part.split("=", 1) for part in config["net0"].split(","))
    lease = pod.interfaces.get().addresses.get().lease
    assert net0["ip"] == f"{lease.address}/24"
    assert (net0["gw"], net0["bridge"], net0["firewall"]) == ("10.1.10.1", "vmbr0", "1")
    assert net0["hwaddr"].upper() == Interface.objects.get().mac


def test_the_mark_travels_with_the_clone_and_names_pod_tenant_cluster_vmid_and_operation(create, plane, work, world):
    operation = create()
    work.until_idle()
    pod = pod_of(operation)
    first_clone = plane.record("clone")[0]
    key = MarkKey("k1", b"0123456789abcdef0123456789abcdef")
    mark = read_mark(first_clone["params"]["description"], [key])
    assert not isinstance(mark, str), mark
    assert (mark.pod, mark.tenant, mark.cluster, mark.vmid, mark.operation) == (
        pod.pk,
        "TENANT-101",
        world.cluster.pk,
        pod.vmid,
        operation.pk,
    )


def test_a_create_takes_six_calls_apart_from_the_shared_polling(create, plane, work):
    create()
    work.until_idle()
    assert calls(plane) == ["clone", "config_get", "config", "firewall", "config_get", "start"]


def test_a_create_with_a_larger_disk_takes_a_growth_and_a_look_more(create, plane, work):
    operation = create(disk_gib=20)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert len(calls(plane)) == 8
    assert "size=20G" in plane.cts()[pod_of(operation).vmid]["config"]["rootfs"]


def test_config_writes_carry_the_digest_that_was_read(create, plane, work):
    create()
    work.until_idle()
    assert all(call["params"].get("digest") for call in plane.record("config"))
    assert plane.record("config")


def test_a_configuration_changed_between_read_and_write_is_read_again(create, plane, work):
    plane.fail("config", status=500, message="detected modified configuration - file changed by other user? Try again.")
    operation = create()
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert len(plane.record("config")) == 2


def test_pods_spread_over_the_nodes_that_have_a_template_copy(create, plane, work):
    for number in range(4):
        create(f"web-{number}")
    work.until_idle()
    nodes = [ct["node"] for vmid, ct in plane.cts().items() if vmid in plane.vmids()]
    assert sorted(nodes) == ["pve", "pve", "pve-02", "pve-02"]


def test_an_end_is_audited_with_its_operation_and_tenant(create, work, alice):
    operation = create()
    work.until_idle()
    events = AuditEvent.objects.filter(operation_id=operation.pk).order_by("id")
    assert [(event.action, event.outcome, event.tenant_reference) for event in events] == [
        ("pod.create", "done", "TENANT-101"),
        ("pod.create.ended", "done", "TENANT-101"),
    ]
    assert events[0].actor == alice.actor.name
    assert events[0].after["hostname"] == "web"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["clone", "config", "firewall", "resize", "start", "config_get"])
def test_a_lost_answer_leaves_one_container_and_a_running_pod(name, create, plane, work):
    plane.lose_answer(name)
    operation = create(disk_gib=9)
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert plane.vmids() == {pod_of(operation).vmid}
    assert len({call["params"]["newid"] for call in plane.record("clone")}) == 1
    assert sum(end["exitstatus"] == "OK" for end in plane.task_ends() if end["name"] == "clone") == 1


@pytest.mark.parametrize("task", ["clone", "resize", "start"])
def test_a_task_that_fails_is_undone_and_leaves_nothing(task, create, plane, work):
    plane.fail_task(task, "out of luck", times=None)
    operation = create(disk_gib=9)
    work.until_idle()
    operation = ended(operation)
    assert operation.state == Operation.State.FAILED
    assert operation.error_code == "task_failed"
    assert "out of luck" in operation.error_message
    assert pod_of(operation).phase == CloudPod.Phase.FAILED
    assert nothing_is_left(plane)


def test_a_failed_task_leaves_proxmox_own_words_with_the_attempt(create, plane, work):
    plane.fail_task("start", "lxc-start failed: no such bridge")
    operation = create()
    work.until_idle()
    failed = operation.steps.get(name="start").attempts.get(result="failed")
    assert "no such bridge" in failed.detail


def test_a_disk_that_did_not_grow_though_its_task_ended_well_is_not_started(create, plane, work):
    operation = create(disk_gib=20)
    plane.hold_tasks()
    work.drive_due()
    plane.release_tasks()
    plane.wait_idle()
    work.tick()
    plane.hold_tasks()
    work.drive_due()  # configured, the growth is parked
    plane.release_tasks()
    plane.wait_idle()
    plane.edit_ct(pod_of(operation).vmid, rootfs="clients-main:subvol-9100-disk-0,size=8G")
    work.until_idle()
    assert ended(operation).error_step == "start"
    assert "8 GiB where 20" in operation.error_message
    assert plane.record("start") == []
    assert nothing_is_left(plane)


def test_an_operation_past_its_deadline_undoes_and_leaves_nothing(create, plane, work):
    plane.hold_tasks()
    operation = create()
    work.drive_due()
    work.pass_time(minutes=21)
    work.drive_due()
    assert Operation.objects.get().direction == "undo"
    plane.release_tasks()
    plane.wait_idle()
    work.pass_time(minutes=2)
    work.until_idle()
    assert ended(operation).error_code == "deadline_passed"
    assert nothing_is_left(plane)


def test_a_request_that_got_no_answer_is_given_time_to_arrive_before_its_vmid_is_let_go(create, plane, work):
    """Its worker died around the clone's request, and the deadline passed: the request may still be on its way."""
    operation = create()
    claim(operation.pk, worker="dead")
    clone = operation.steps.get(name="clone")
    clone.state = "begun"
    clone.save()
    Attempt.objects.create(step=clone, direction="do", number=1, worker="dead", begun_at=control_now())
    now = control_now()
    Operation.objects.filter(pk=operation.pk).update(lease_until=now, deadline_at=now)
    assert work.drive(operation) == "waiting"
    assert "may still arrive" in Operation.objects.get().waits_for
    work.pass_time(seconds=70)
    assert work.drive(operation) == "failed"
    assert nothing_is_left(plane)


def test_undoing_leaves_a_stranger_alone_that_took_the_containers_place(create, plane, work):
    plane.lose_answer("clone")
    operation = create()
    work.drive(operation)
    pod = pod_of(operation)
    plane.remove_ct(pod.vmid)
    plane.put_ct("pve", pod.vmid, status="running", hostname="stranger")
    before = plane.cts()[pod.vmid]
    now = control_now()
    Operation.objects.filter(pk=operation.pk).update(deadline_at=now, due_at=now)
    work.until_idle()
    assert ended(operation).state == Operation.State.FAILED
    assert plane.cts()[pod.vmid] == before


def test_a_container_moved_by_hand_is_followed_and_the_move_is_recorded(create, plane, work):
    operation = create()
    plane.hold_tasks()
    work.drive_due()
    plane.release_tasks()
    plane.wait_idle()
    pod = pod_of(operation)
    plane.move(pod.vmid, "pve-02")
    work.until_idle()
    assert ended(operation).state == Operation.State.SUCCEEDED
    assert pod_of(operation).node.name == "pve-02"
    assert AuditEvent.objects.get(action="pod.moved").after == {"node": "pve-02"}
