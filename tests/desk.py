"""The admin's desk in tests: who sits at it, and rows of every model to look at.

Decides: which rows there are. Not: what is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.test import Client
from django.urls import reverse

from clusters.findings import open_finding
from clusters.models import Cluster, ClusterObservation, NodeObservation, TierObservation
from core.clock import control_now
from operations.freezing import freeze, thaw
from operations.heartbeats import beat
from operations.models import Attempt, Cancellation, Lane, LanePlace, LaneTurn, Operation
from pods.models import CloudPod, Snapshot
from pods.services import create_pod
from tenants.models import Membership, User
from tenants.services import set_quota
from tests.cast import Person

OURS = ("audit", "tenants", "ipam", "operations", "clusters", "pods")


def our_models() -> list[type[models.Model]]:
    return [model for label in OURS for model in apps.get_app_config(label).get_models()]


def superuser() -> User:
    found = User.objects.filter(username="ada").first()
    return found or User.objects.create_superuser("ada", "ada@example.net", "a-long-test-password")


def desk(user: User | None = None, **options: Any) -> Client:
    """A browser of somebody who is logged in."""
    client = Client(**options)
    client.force_login(user or superuser())
    return client


def staff(*permissions: str) -> User:
    """Somebody who may do just this; each as `app.codename`."""
    user = User.objects.create_user("sam", "sam@example.net", "a-long-test-password", is_staff=True)
    for name in permissions:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def make_pods(person: Person, count: int, *, first: int = 0) -> list[CloudPod]:
    """Pods as a request leaves them: everything reserved, nothing done; each with a try at its clone."""
    set_quota(
        by=person.actor,
        tenant=person.tenant,
        limits={"pods": 100, "cores": 1000, "memory_mib": 1_000_000, "disk_gib": 10_000},
    )
    lane, _ = Lane.objects.get_or_create(name="clone")
    pods = []
    for number in range(first, first + count):
        operation = create_pod(by=person.actor, tenant=person.tenant, hostname=f"web-{number}")
        try_clone(operation)
        LanePlace.objects.create(lane=lane, operation=operation, step="clone", asked_at=operation.created_at)
        pods.append(CloudPod.objects.get(pk=operation.subject_id))
    return pods


def make_everything(person: Person, cluster: Cluster, *, pods: int, seen: Sequence[str]) -> list[CloudPod]:
    """A row of every model, so many pods among them; `seen`: the kinds of processes that have just been seen."""
    make_people(person)
    make_observations(cluster)
    for kind in seen:
        beat(kind)
    made = make_pods(person, pods)
    make_troubles(person, cluster)
    return made


def try_clone(operation: Operation) -> Attempt:
    return Attempt.objects.create(
        step=operation.steps.get(name="clone"),
        direction="do",
        number=1,
        worker="worker-1",
        begun_at=control_now(),
        ended_at=control_now(),
        result="retry",
        error_code="unreachable",
        error_message="Node pve did not answer.",
        detail="TASK ERROR: the node's own words",
    )


def make_troubles(person: Person, cluster: Cluster) -> None:
    """What there is when things do not go well: a freeze that is over, findings, a cancellation, a turn, a snapshot."""
    now = control_now()
    row = freeze(by=person.actor, reason="upgrade", place=cluster.place, place_name=cluster.name)
    thaw(by=person.actor, freeze=row)
    open_finding(cluster=cluster, code="no_quorum", about="the cluster", detail="2 of 4 nodes are up")
    operation = Operation.objects.order_by("id").first()
    assert operation
    asked = {"actor_kind": "token", "actor_name": "alice", "reason": "a mistake", "asked_at": now}
    Cancellation.objects.get_or_create(operation=operation, defaults=asked)
    lane = Lane.objects.order_by("id").first()
    assert lane
    LaneTurn.objects.get_or_create(lane=lane, tenant=person.tenant, defaults={"entered_at": now})
    for pod in CloudPod.objects.filter(snapshots=None):
        kept = {"name": "kept", "state": Snapshot.State.READY, "created_at": now}
        Snapshot.objects.create(tenant=pod.tenant, pod=pod, **kept)


def make_people(person: Person, count: int = 1) -> None:
    for number in range(User.objects.count(), User.objects.count() + count):
        user = User.objects.create_user(f"user-{number}", password="a-long-test-password")
        Membership.objects.create(tenant=person.tenant, user=user)
        Group.objects.create(name=f"group {number}")


def make_observations(cluster: Cluster) -> None:
    """What the controller's look leaves of a cluster, its nodes and its tiers."""
    now = control_now()
    ClusterObservation.objects.update_or_create(cluster=cluster, defaults={"tried_at": now, "observed_at": now})
    for node in cluster.nodes.all():
        seen = {"observed_at": now, "state": "online", "cores": 4, "load": 0.25, "memory_mib": 8192}
        NodeObservation.objects.update_or_create(node=node, defaults={**seen, "memory_used_mib": 2048})
        for tier in cluster.tiers.all()[:3]:
            space = {"observed_at": now, "available": True, "total_gib": 100, "used_gib": 25}
            TierObservation.objects.update_or_create(tier=tier, node=node, defaults=space)


def furnish(person: Person, cluster: Cluster) -> list[CloudPod]:
    """Something of everything that pages show; the pods are returned."""
    make_people(person)
    make_observations(cluster)
    pods = make_pods(person, 3)
    make_troubles(person, cluster)
    return pods


def a_row(model: type[models.Model]) -> models.Model:
    row: models.Model | None = model._default_manager.first()
    assert row is not None, f"no {model.__name__} to look at"
    return row


def page(row: models.Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def rows(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def form(row: models.Model) -> str:
    """Where a row is edited that has a page to read."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_edit", args=[row.pk])


def main_of(response: Any) -> str:
    """What the page itself says: the frame around it has fields of its own."""
    text: str = response.text
    return text.split("<main", 1)[1].split("</main>", 1)[0]
