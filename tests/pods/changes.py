"""What the tests of changes to a pod share: what was asked of its container, and how an operation is given up.

Decides: the words. Not: what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import AuditEvent
from clusters.models import Node
from core.errors import Refused
from demo.handle import FakeHandle
from operations.models import LanePlace, Operation
from pods.models import CloudPod, Snapshot
from tests.pods.conftest import ended, fresh
from tests.work import Work

LOST = "Connection timed out"


def writes(plane: FakeHandle) -> list[str]:
    """What was asked that changes something, whatever was answered."""
    return [call["name"] for call in plane.record() if call["method"] != "GET"]


def effects(plane: FakeHandle) -> list[str]:
    """The tasks that ended well."""
    return [end["name"] for end in plane.task_ends() if end["exitstatus"] == "OK"]


def config_of(plane: FakeHandle, pod: CloudPod) -> dict[str, Any]:
    config: dict[str, Any] = plane.cts()[pod.vmid]["config"]
    return config


def disk_of(plane: FakeHandle, pod: CloudPod) -> str:
    return str(config_of(plane, pod)["rootfs"]).rpartition("size=")[2]


def replace_by_stranger(plane: FakeHandle, pod: CloudPod) -> dict[str, Any]:
    """Somebody else's container is at the pod's VMID now; what it is."""
    plane.replace_ct(pod.vmid)
    ct: dict[str, Any] = plane.cts()[pod.vmid]
    return ct


def its_time_is_over(operation: Operation) -> None:
    past = "2020-01-01T00:00:00Z"
    Operation.objects.filter(pk=operation.pk).update(deadline_at=past, due_at=past)


def rounds(work: Work, plane: FakeHandle, count: int) -> None:
    """So many turns of everybody; retries do not wait."""
    for _ in range(count):
        work.drive_due()
        plane.wait_idle()
        work.tick()


def refused(verb: Callable[[], Any], error: type[Refused], *, action: str, field: str | None) -> str:
    """It is refused for this, with a field and a record; what it says."""
    with pytest.raises(error) as caught:
        verb()
    assert caught.value.field == field
    event = AuditEvent.objects.filter(action=action, outcome="refused").order_by("-id")[0]
    assert (event.after["code"], event.reason) == (caught.value.code, caught.value.message)
    assert caught.value.message.endswith(".")
    return caught.value.message


def is_settled(pod: CloudPod) -> bool:
    """Nothing of an operation is left."""
    assert not LanePlace.objects.all()
    assert not Operation.objects.filter(state__in=Operation.OPEN)
    assert fresh(pod).phase == CloudPod.Phase.ACTIVE
    return True


# Snapshots


def kept(plane: FakeHandle, pod: CloudPod) -> dict[str, str]:
    """Name and state of what Proxmox has."""
    return {name: snapshot["state"] for name, snapshot in plane.cts()[pod.vmid]["snapshots"].items()}


def rows() -> dict[str, str]:
    """Name and state of what we have."""
    return dict(Snapshot.objects.values_list("name", "state"))


def by_hand(
    take: Callable[..., Operation], pod: CloudPod, plane: FakeHandle, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes a snapshot of the pod's container without us."""
    with monkeypatch.context() as patch:
        patch.setattr("pods.kinds.snapshots.mark_of", lambda _: "my own")
        take()
        work.until_idle()
    Snapshot.objects.all().delete()
    assert kept(plane, pod) == {"before": ""}


# Moves


def is_on(node: Node, pod: CloudPod, plane: FakeHandle, *, status: str) -> bool:
    """Container and row agree."""
    ct, row = plane.cts()[pod.vmid], fresh(pod)
    assert (ct["node"], ct["status"], ct["lock"]) == (node.name, status, None)
    assert (row.node_id, row.last_seen_state) == (node.pk, status)
    assert is_settled(pod)
    return True


def came_back(operation: Operation, pod: CloudPod, plane: FakeHandle, *, status: str = "running") -> bool:
    """It failed, and the pod is where it was."""
    assert ended(operation).state == Operation.State.FAILED
    return is_on(pod.node, pod, plane, status=status)
