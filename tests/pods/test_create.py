"""Creating a pod, from the request to the running container."""

from __future__ import annotations

import pytest

from operations.models import Operation
from pods.models import CloudPod
from pods.services import Size, create_pod

pytestmark = pytest.mark.django_db


def test_a_created_pod_runs_with_its_size_network_tags_and_firewall(world, plane, alice, work):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size(cores=4, memory_mib=4096))
    work.until_idle()
    operation.refresh_from_db()
    from operations.models import Attempt
    for a in Attempt.objects.all(): print(vars(a))
    print(operation.waits_for, plane.record()[-5:], plane.running_tasks(), plane.task_ends())
    assert operation.state == Operation.State.SUCCEEDED, operation.error_message
    pod = CloudPod.objects.get()
    ct = plane.cts()[pod.vmid]
    print(ct)
    assert (pod.phase, pod.observed_state) == ("active", "running")
    assert ct["status"] == "running"
