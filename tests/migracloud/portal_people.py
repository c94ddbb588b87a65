"""Who looks at the portal in tests, and the pods in every state that they find there.

Decides: who is whose and which pods there are. Not: what is tested.
"""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from operations.models import Operation
from pods.models import CloudPod
from tenants.models import Membership, Tenant, User
from tests.cast import Person
from tests.desk import make_pods

PASSWORD = "a-long-test-password"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice@laptop"


def member(name: str, *tenants: Tenant, password: str | None = None, **rights: bool) -> User:
    """Somebody who may look at these tenants. To hash a password takes a while: only who logs in by hand has one."""
    user = User.objects.create_user(name, f"{name}@example.net", password, **rights)
    for tenant in tenants:
        Membership.objects.create(tenant=tenant, user=user)
    return user


def portal(user: User) -> Client:
    """A browser of somebody who has logged in."""
    client = Client()
    client.force_login(user)
    return client


def settle(pod: CloudPod, **columns: object) -> CloudPod:
    """A pod at rest, with these columns; what was done with it has succeeded."""
    columns = {"phase": "active", "observed_state": "running", "observed_at": timezone.now()} | columns
    CloudPod.objects.filter(pk=pod.pk).update(**columns)
    done = Operation.objects.filter(subject_id=pod.pk)
    done.update(state="succeeded", started_at=timezone.now(), finished_at=timezone.now() + timedelta(seconds=9))
    for operation in done:
        operation.steps.update(state="done")
    pod.refresh_from_db()
    return pod


def pods_in_every_state(person: Person) -> dict[str, CloudPod]:
    """By the word that the portal has for it."""
    pods = make_pods(person, 10)
    now = timezone.now()
    ago = {"observed_at": now - timedelta(minutes=7), "last_seen_state": "running", "observed_state": "unknown"}
    gone = {"gone_at": now, "desired_state": "absent", "observed_state": "absent"}
    return {
        "running": settle(pods[9], up_since=now - timedelta(days=3), ssh_keys=[KEY]),
        "being made": pods[8],
        "stopped": settle(pods[7], observed_state="stopped", desired_state="stopped"),
        "not seen": settle(pods[6], **ago),
        "needs our staff": settle(pods[5], phase="needs_attention"),
        "not found": settle(pods[4], observed_state="absent"),
        "being destroyed": settle(pods[3], phase="destroying"),
        "not seen yet": settle(pods[2], observed_state="unknown", observed_at=None),
        "not made": settle(pods[1], phase="failed", **gone),
        "gone": settle(pods[0], phase="gone", **gone),
    }
