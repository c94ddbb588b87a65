"""What scenarios are made of: how a world begins, what is asked for in it, what goes wrong.

Decides: who asks for what. Not: which of it belongs together (scenarios.py).
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from chaos.stage import Stage
from clusters.models import StorageTier
from demo.handle import FakeHandle
from operations.services import begin_operation
from pods import services
from pods.kinds.destroy_1 import DESTROY_1
from pods.kinds.destroy_1 import Params as ParamsAsBefore

KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEz11M9iIoZnLTGdYCuPcKR2mzEhZKRY3T54lUsxXYVB alice@laptop",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiv2H2jxKpqfsiVTyxBDBBm9k3kEDLYLLvwDHkEvO0 alice@desk",
)
SNAPSHOT = "before"
WHY = "to see whether it survives"
BROKEN = "made to fail by hand"


# How the world begins


def stopped(stage: Stage) -> None:
    """Alice's pod is stopped, as it should be."""
    stop(stage)
    stage.work.until_idle()


def deleted(stage: Stage) -> None:
    """Its grace period runs."""
    destroy(stage)
    stage.work.until_idle()


def suspended(stage: Stage) -> None:
    suspend(stage)
    stage.work.until_idle()


def whole(stage: Stage) -> None:
    """Its disk is no linked clone, which could not leave its node."""
    StorageTier.objects.update(clone_mode=StorageTier.CloneMode.FULL)
    rebuild(stage)
    stage.work.until_idle()


def with_a_snapshot(stage: Stage) -> None:
    take_snapshot(stage)
    stage.work.until_idle()


# What is asked for


def create(stage: Stage) -> object:
    """A second pod of alice's, larger than the template, with a key."""
    size = services.Size(cores=1, memory_mib=2048, disk_gib=9)
    alice = stage.alice
    return services.create_pod(by=alice.actor, tenant=alice.tenant, hostname="db", size=size, ssh_keys=KEYS[:1])


def destroy(stage: Stage) -> object:
    return services.destroy_pod(by=stage.alice.actor, pod=stage.pod)


def destroy_as_before(stage: Stage) -> object:
    """As a release asked for it that knew no grace period."""
    with transaction.atomic():
        pod = stage.pod
        params = ParamsAsBefore(phase=pod.phase, desired_state=pod.desired_state)
        operation = begin_operation(
            DESTROY_1,
            by=stage.alice.actor,
            tenant=pod.tenant,
            subject_id=pod.pk,
            subject_name=pod.hostname,
            params=params,
            place=pod.cluster.place,
        )
        pod.phase, pod.desired_state = pod.Phase.DESTROYING, pod.Desired.ABSENT
        pod.save(update_fields=["phase", "desired_state"])
        return operation


def purge(stage: Stage) -> object:
    return services.purge_pod(by=stage.olga.actor, pod=stage.pod, reason=WHY)


def restore(stage: Stage) -> object:
    return services.restore_pod(by=stage.alice.actor, pod=stage.pod)


def rebuild(stage: Stage) -> object:
    return services.rebuild_pod(by=stage.alice.actor, pod=stage.pod)


def suspend(stage: Stage) -> object:
    return services.suspend_pod(by=stage.olga.actor, pod=stage.pod, reason=WHY)


def resume(stage: Stage) -> object:
    return services.resume_pod(by=stage.olga.actor, pod=stage.pod)


def start(stage: Stage) -> object:
    return services.start_pod(by=stage.alice.actor, pod=stage.pod)


def stop(stage: Stage) -> object:
    return services.stop_pod(by=stage.alice.actor, pod=stage.pod)


def reboot(stage: Stage) -> object:
    return services.reboot_pod(by=stage.alice.actor, pod=stage.pod)


def set_keys(stage: Stage) -> object:
    return services.replace_ssh_keys(by=stage.alice.actor, pod=stage.pod, keys=KEYS)


def resize(stage: Stage) -> object:
    """Some of it counts at once, the disk's growth is a task."""
    size = services.Size(cores=3, memory_mib=3072, disk_gib=9)
    return services.resize_pod(by=stage.alice.actor, pod=stage.pod, size=size)


def rename(stage: Stage) -> object:
    return services.rename_pod(by=stage.alice.actor, pod=stage.pod, hostname="www")


def move(stage: Stage) -> object:
    return services.move_pod(by=stage.olga.actor, pod=stage.pod)


def take_snapshot(stage: Stage) -> object:
    return services.take_snapshot(by=stage.alice.actor, pod=stage.pod, name=SNAPSHOT)


def delete_snapshot(stage: Stage) -> object:
    return services.delete_snapshot(by=stage.alice.actor, pod=stage.pod, name=SNAPSHOT)


def roll_back(stage: Stage) -> object:
    return services.roll_back(by=stage.alice.actor, pod=stage.pod, name=SNAPSHOT)


# What goes wrong


def failing(*tasks: str) -> Callable[[FakeHandle], None]:
    """These tasks fail, as often as they are begun."""

    def spoil(plane: FakeHandle) -> None:
        for task in tasks:
            plane.fail_task(task, BROKEN, times=None)

    return spoil


def refused(call: str, times: int | None = None) -> Callable[[FakeHandle], None]:
    """This call is answered with an error that nothing can mend."""
    return lambda plane: plane.fail(call, 500, BROKEN, times=times)


def denied(call: str) -> Callable[[FakeHandle], None]:
    """Our token may not: surely nothing was done."""
    return lambda plane: plane.fail(call, 403, "Permission check failed (/vms/9100, VM.Snapshot)", times=None)
