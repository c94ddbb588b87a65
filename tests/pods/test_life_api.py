"""Destroy, purge, restore, rebuild, suspend, resume and protection over the API: who may, and what is answered."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from clusters.models import Cluster, StorageTier
from operations.models import Operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(running_pod):
    return f"pods/{running_pod.pk}"


def code(answer):
    return answer.status_code, answer.json()["code"]


def ended_well(answer, who, work):
    """It was granted, and it came to its end."""
    assert answer.status_code == 202, answer.content
    work.until_idle()
    operation = who.get(f"operations/{answer.json()['id']}").json()
    assert operation["state"] == "succeeded", operation
    return operation


def test_a_destroyed_pod_is_kept_is_restored_and_runs_again(path, alice, work):
    ended_well(alice.delete(f"{path}?reason=moved+away&timeout_s=5"), alice, work)
    assert AuditEvent.objects.get(action="pod.destroy").reason == "moved away"
    deleted = alice.get(path).json()
    assert (deleted["phase"], deleted["observed_state"]) == ("deleted", "stopped")
    assert deleted["purge_at"] > deleted["deleted_at"]
    assert [pod["id"] for pod in alice.get("pods", phase="deleted").json()["results"]] == [deleted["id"]]
    assert code(alice.delete(path)) == (409, "pod_deleted")
    ended_well(alice.post(f"{path}/restore"), alice, work)
    restored = alice.get(path).json()
    assert (restored["phase"], restored["observed_state"], restored["purge_at"]) == ("active", "running", None)
    assert code(alice.post(f"{path}/restore")) == (409, "pod_not_deleted")


@pytest.mark.parametrize("query", ["timeout_s=601", "timeout_s=soon", "force=1", f"reason={'x' * 501}"])
def test_a_destroy_that_is_not_understood_is_refused(query, path, alice):
    assert code(alice.delete(f"{path}?{query}")) == (400, "invalid")
    assert not Operation.objects.filter(kind="destroy")


def test_only_the_platform_purges_and_says_why(path, alice, olga, work):
    assert code(alice.post(f"{path}/purge", reason="now")) == (403, "staff_only")
    assert code(olga.post(f"{path}/purge")) == (400, "invalid")
    assert code(olga.post(f"{path}/purge", reason=" ")) == (400, "invalid")
    ended_well(olga.post(f"{path}/purge", reason="asked for in writing"), olga, work)
    assert alice.get(path).json()["phase"] == "gone"


def test_protection_is_put_on_and_taken_off_and_refuses_meanwhile(path, alice, olga):
    assert alice.put(f"{path}/protection", protected=True).json()["protected"] is True
    assert code(alice.delete(path)) == (409, "pod_protected")
    assert code(alice.post(f"{path}/rebuild")) == (409, "pod_protected")
    assert code(olga.post(f"{path}/purge", reason="x")) == (409, "pod_protected")
    assert [pod["hostname"] for pod in alice.get("pods", protected="true").json()["results"]] == ["web"]
    assert alice.put(f"{path}/protection", protected=False, reason="to go").json()["protected"] is False
    assert alice.get("pods", protected="true").json()["results"] == []
    assert alice.delete(path).status_code == 202
    for body in ({}, {"protected": "perhaps"}, {"protected": None}, {"protected": True, "by": "me"}):
        assert code(alice.put(f"{path}/protection", **body)) == (400, "invalid")


def test_a_rebuilt_pod_keeps_its_id_and_address(path, running_pod, alice, work):
    before = alice.get(path).json()
    ended_well(alice.post(f"{path}/rebuild", timeout_s=0), alice, work)
    after = alice.get(path).json()
    assert after["vmid"] != before["vmid"]
    assert {key: after[key] for key in ("id", "address", "hostname")} == {
        key: before[key] for key in ("id", "address", "hostname")
    }
    assert code(alice.post(f"{path}/rebuild", template="none-such")) == (400, "unknown_choice")


def test_a_suspended_pod_says_why_and_cannot_be_started(path, alice, olga, work):
    assert code(alice.post(f"{path}/suspend", reason="x")) == (403, "staff_only")
    assert code(olga.post(f"{path}/suspend")) == (400, "invalid")
    ended_well(olga.post(f"{path}/suspend", reason="unpaid", timeout_s=0), olga, work)
    pod = alice.get(path).json()
    assert (pod["suspended"], pod["suspended_reason"], pod["tenant_suspended"]) == (True, "unpaid", False)
    assert (pod["desired_state"], pod["observed_state"]) == ("running", "stopped")
    assert code(alice.post(f"{path}/start")) == (409, "pod_suspended")
    assert [row["hostname"] for row in alice.get("pods", suspended="true").json()["results"]] == ["web"]
    assert alice.get("pods", suspended="false").json()["results"] == []
    assert code(alice.post(f"{path}/resume")) == (403, "staff_only")
    ended_well(olga.post(f"{path}/resume", reason="paid"), olga, work)
    assert alice.get(path).json()["observed_state"] == "running"
    assert code(olga.post(f"{path}/resume")) == (409, "pod_not_suspended")


def test_a_tenant_is_suspended_with_its_pods_by_one_request(path, running_pod, alice, olga, work):
    assert code(alice.post("tenants/TENANT-101/suspend", reason="x")) == (403, "staff_only")
    assert olga.post("tenants/TENANT-404/suspend", reason="x").status_code == 404
    assert code(olga.post("tenants/TENANT-101/suspend")) == (400, "invalid")
    answer = olga.post("tenants/TENANT-101/suspend", reason="unpaid")
    assert answer.status_code == 202
    body = answer.json()
    assert [operation["subject"]["id"] for operation in body["operations"]] == [str(running_pod.pk)]
    assert body["request_id"] == answer.headers["X-Request-ID"] == body["operations"][0]["request_id"]
    listed = olga.get("operations", request_id=body["request_id"]).json()["results"]
    assert [row["id"] for row in listed] == [row["id"] for row in body["operations"]]
    assert answer.headers["Location"].endswith(f"?request_id={body['request_id']}")
    work.until_idle()
    tenant, pod = alice.get("tenants/TENANT-101").json(), alice.get(path).json()
    assert (tenant["state"], tenant["suspended_reason"]) == ("suspended", "unpaid")
    assert (pod["suspended"], pod["tenant_suspended"], pod["suspended_reason"]) == (True, True, "")
    assert olga.post("tenants/TENANT-101/resume").status_code == 202
    work.until_idle()
    assert alice.get(path).json()["observed_state"] == "running"


def test_while_frozen_each_begin_is_answered_503_and_when_to_ask_again(path, alice, olga, work):
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    StorageTier.objects.update(clone_mode=StorageTier.CloneMode.FULL)  # a linked clone cannot be moved anyhow
    olga.post("freezes", reason="the storage is being replaced")
    begins = [
        lambda: alice.post("pods", hostname="one-more"),
        lambda: alice.delete(path),
        *(lambda verb=verb: alice.post(f"{path}/{verb}") for verb in ("start", "stop", "reboot", "rebuild")),
        lambda: alice.post(f"{path}/resize", memory_mib=4096),
        lambda: alice.post(f"{path}/rename", hostname="other"),
        lambda: alice.post(f"{path}/snapshots", name="before"),
        lambda: alice.put(f"{path}/ssh-keys", ssh_keys=[]),
        lambda: olga.post(f"{path}/purge", reason="x"),
        lambda: olga.post(f"{path}/suspend", reason="x"),
        lambda: olga.post(f"{path}/move"),
        lambda: olga.post("tenants/TENANT-101/suspend", reason="x"),
    ]
    before = Operation.objects.count()
    for begin in begins:
        answer = begin()
        assert code(answer) == (503, "frozen"), answer.content
        assert "the storage is being replaced" in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) >= 1
    assert Operation.objects.count() == before
