"""Operations of every kind on their way: how each comes to wait for Proxmox, and its rows as JSON and back.

Decides: what of the rows is kept, without ids and times of the day. Not: what is tested with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from clusters.models import Cluster
from core.clock import control_now
from demo.handle import FakeHandle
from operations.models import Attempt, Operation, Step
from operations.services import begin_operation
from pods import services
from pods.kinds import destroy_1
from pods.models import CloudPod
from tests.cast import Person
from tests.factories import World
from tests.migracloud.portal_people import KEY
from tests.operations.explanations import GOLDEN
from tests.work import Work

FOLDER = GOLDEN.parent / "parked"
THE_TASK = "the key of its task"  # in the golden; the fake's own has a process id and a time
HERE = ("copy",)  # parameters that are ids of rows: in another database those are others
NO_QUORUM = "cluster not ready - no quorum?"
COLUMNS = (
    *("kind", "version", "subject_kind", "subject_name", "params", "before", "state", "direction"),
    *("actor_kind", "actor_name", "error_step", "error_code", "error_message", "waits_for"),
)
TIMES = ("created_at", "deadline_at")
A_MOMENT = "2026-11-23T09:30:00+00:00"  # in the place of those that parameters hold
OF_AN_ATTEMPT = ("direction", "number", "worker", "outcome", "result", "in_doubt", "error_code", "error_message")


class Stage:
    """A world with a pod of alice's, in which each kind can be asked for."""

    def __init__(self, world: World, plane: FakeHandle, work: Work, alice: Person) -> None:
        self.world, self.plane, self.work, self.alice = world, plane, work, alice
        Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
        tier = world.tiers["clients-main"]
        tier.clone_mode = "full"  # what shares its disk with the template cannot leave the node
        tier.save()

    @property
    def pod(self) -> CloudPod:
        found: CloudPod = CloudPod.objects.select_related("tenant").get()
        return found

    def _done(self, service: Callable[..., Operation], **asked: Any) -> None:
        service(by=self.alice.actor, pod=self.pod, **asked)
        self.work.until_idle()

    def parked(self, kind: str, version: int) -> Operation:
        """An operation of it that waits for a task, or, where it begins none, for the next try."""
        if kind != "create":
            services.create_pod(by=self.alice.actor, tenant=self.alice.tenant, hostname="web")
            self.work.until_idle()
        getattr(self, f"_before_{kind}", lambda: None)()
        if kind in ("rename", "set_keys"):
            self.plane.fail("config", status=500, message=NO_QUORUM)
        operation = self._ask(kind, version)
        self.work.drive(operation)
        operation.refresh_from_db()
        assert operation.state in (Operation.State.PARKED, Operation.State.WAITING), operation.state
        return operation

    def _before_start(self) -> None:
        self._done(services.stop_pod, timeout_s=0)

    def _before_restore(self) -> None:
        self._done(services.destroy_pod, timeout_s=0)

    def _before_resume(self) -> None:
        self._done(services.suspend_pod, reason="unpaid", timeout_s=0)

    def _before_delete_snapshot(self) -> None:
        self._done(services.take_snapshot, name="kept")

    _before_rollback = _before_delete_snapshot

    def _ask(self, kind: str, version: int) -> Operation:
        by = self.alice.actor
        if kind == "create":
            return services.create_pod(by=by, tenant=self.alice.tenant, hostname="web")
        if (kind, version) == ("destroy", 1):
            return self._destroy_1()
        asks: dict[str, Callable[..., Operation]] = {
            "destroy": services.destroy_pod,
            "purge": lambda **its: services.purge_pod(reason="asked for", **its),
            "restore": services.restore_pod,
            "rebuild": services.rebuild_pod,
            "resize": lambda **its: services.resize_pod(size=services.Size(memory_mib=4096, disk_gib=12), **its),
            "rename": lambda **its: services.rename_pod(hostname="shop", **its),
            "move": services.move_pod,
            "snapshot": lambda **its: services.take_snapshot(name="before-upgrade", **its),
            "delete_snapshot": lambda **its: services.delete_snapshot(name="kept", **its),
            "rollback": lambda **its: services.roll_back(name="kept", **its),
            "suspend": lambda **its: services.suspend_pod(reason="unpaid", **its),
            "resume": services.resume_pod,
            "start": services.start_pod,
            "stop": services.stop_pod,
            "reboot": services.reboot_pod,
            "set_keys": lambda **its: services.replace_ssh_keys(keys=[KEY], **its),
        }
        return asks[kind](by=by, pod=self.pod)

    def _destroy_1(self) -> Operation:
        """As the service of its day asked for it: no service does any more."""
        pod = self.pod
        params = destroy_1.Params(phase=pod.phase, desired_state=pod.desired_state)
        CloudPod.objects.filter(pk=pod.pk).update(phase="destroying", desired_state="absent")
        with transaction.atomic():
            return begin_operation(
                destroy_1.DESTROY_1,
                by=self.alice.actor,
                tenant=self.alice.tenant,
                subject_id=pod.pk,
                subject_name=pod.hostname,
                params=params,
            )


def file_of(kind: str, version: int) -> Path:
    return FOLDER / f"{kind}-{version}.json"


def rows_of(operation: Operation) -> dict[str, Any]:
    """What the next release finds of it. Times are seconds from its beginning."""

    def since(moment: datetime | None) -> int | None:
        return None if moment is None else round((moment - operation.created_at).total_seconds())

    kept: dict[str, Any] = {name: getattr(operation, name) for name in COLUMNS}
    kept |= {name: since(getattr(operation, name)) for name in TIMES}
    kept["place"] = "of its cluster" if operation.place else ""
    for of in ("params", "before"):
        kept[of] = {name: _the_same_everywhere(name, value) for name, value in kept[of].items()}
    kept["steps"] = [
        {
            "name": step.name,
            "state": step.state,
            "attempts": [
                {name: getattr(one, name) for name in OF_AN_ATTEMPT}
                | {"worker": "a worker", "wait_key": one.wait_key and THE_TASK, "ended": one.ended_at is not None}
                for one in step.attempts.order_by("id")
            ],
        }
        for step in operation.steps.order_by("position")
    ]
    return kept


def _the_same_everywhere(name: str, value: Any) -> Any:
    if name in HERE:
        return f"the id of a {name}"
    return A_MOMENT if name.endswith("_at") and value else value


def as_text(rows: dict[str, Any]) -> str:
    return json.dumps(rows, indent=2, ensure_ascii=False, default=str) + "\n"


def put_back(rows: dict[str, Any], operation: Operation) -> Operation:
    """Put the kept rows in the place of those of an operation that stands at the same point with the same pod."""
    key = Attempt.objects.filter(step__operation=operation, wait_key__isnull=False, ended_at=None).values_list(
        "wait_key", flat=True
    )
    task = key.first()
    assert [step["name"] for step in rows["steps"]] == list(
        operation.steps.order_by("position").values_list("name", flat=True)
    ), "the steps of a version never change: give the kind another version"
    now = control_now()
    for name in COLUMNS:
        setattr(operation, name, rows[name])
    for of in ("params", "before"):
        now_here = Operation.objects.values_list(of, flat=True).get(pk=operation.pk)
        setattr(operation, of, {name: now_here[name] if name in HERE else value for name, value in rows[of].items()})
    for name in TIMES:
        setattr(operation, name, None if rows[name] is None else now + timedelta(seconds=rows[name]))
    if not rows["place"]:
        operation.place = ""
    operation.save()
    for step, kept in zip(operation.steps.order_by("position"), rows["steps"], strict=True):
        step.attempts.all().delete()
        step.state = kept["state"]
        step.save()
        for one in kept["attempts"]:
            _put_attempt(step, one, task, now)
    return operation


def _put_attempt(step: Step, kept: dict[str, Any], task: str | None, now: datetime) -> None:
    Attempt.objects.create(
        step=step,
        begun_at=now,
        ended_at=now if kept["ended"] else None,
        wait_key=task if kept["wait_key"] else None,
        **{name: kept[name] for name in OF_AN_ATTEMPT},
    )


def params_of(kind: Any, rows: dict[str, Any]) -> dict[str, Any]:
    """As its table reads them."""
    read: dict[str, Any] = asdict(kind.params(**rows["params"]))
    return read
