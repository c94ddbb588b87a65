"""Freezes and findings over the API: for the platform's token, and what everybody else is told meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.models import AuditEvent
from clusters.findings import open_finding
from clusters.models import Finding
from core.clock import control_now
from operations.models import Freeze

pytestmark = pytest.mark.django_db

WHY = "the storage is being replaced"


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_a_freeze_is_made_shown_and_ended(world, olga):
    made = olga.post("freezes", reason=WHY)
    assert made.status_code == 201
    body = made.json()
    assert (body["cluster"], body["reason"], body["frozen_by"], body["until"]) == ("", WHY, "olga", None)
    path = f"freezes/{body['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    assert olga.get(path).json() == body
    assert [row["id"] for row in olga.get("freezes", in_force="true").json()["results"]] == [body["id"]]
    assert code(olga.post("freezes", reason="again")) == (409, "refused")
    ended = olga.delete(f"{path}?reason=done")
    assert (ended.status_code, ended.json()["ended_by"]) == (200, "olga")
    assert olga.delete(path).json() == ended.json()  # twice is once
    assert olga.get("freezes", in_force="true").json()["results"] == []
    assert [row["id"] for row in olga.get("freezes", in_force="false").json()["results"]] == [body["id"]]
    assert [event.action for event in AuditEvent.objects.filter(resource_kind="freeze").order_by("id")] == [
        "platform.freeze",
        "platform.thaw",
    ]


def test_one_cluster_is_frozen_until_a_time_and_retry_after_says_how_long(world, alice, olga):
    until = control_now() + timedelta(minutes=10)
    made = olga.post("freezes", reason=WHY, cluster="pve-a", until=until.isoformat())
    assert (made.status_code, made.json()["cluster"]) == (201, "pve-a")
    refused = alice.post("pods", hostname="web")
    assert code(refused) == (503, "frozen")
    assert 590 <= int(refused.headers["Retry-After"]) <= 600
    assert f"No new work is taken on pve-a until {until:%Y-%m-%d %H:%M} UTC: {WHY}" in refused.json()["detail"]
    assert refused.json()["request_id"]
    olga.delete(f"freezes/{made.json()['id']}")
    assert alice.post("pods", hostname="web").status_code == 202


@pytest.mark.parametrize(
    "body",
    [{}, {"reason": " "}, {"reason": "x", "cluster": "none-such"}, {"reason": "x", "until": "2020-01-01T00:00Z"},
     {"reason": "x", "until": "soon"}, {"reason": "x", "place": "cluster/1"}],
)  # fmt: skip
def test_a_freeze_that_is_not_understood_is_refused(body, world, olga):
    assert code(olga.post("freezes", **body)) == (400, "invalid")
    assert not Freeze.objects.exists()


def test_to_a_tenant_all_of_it_is_refused_alike(world, alice, olga):
    made = olga.post("freezes", reason=WHY).json()
    open_finding(cluster=world.cluster, code="no_quorum", about="the cluster")
    finding = Finding.objects.get()
    for answer in (
        alice.get("freezes"),
        alice.post("freezes", reason="x"),
        alice.get(f"freezes/{made['id']}"),
        alice.delete(f"freezes/{made['id']}"),
        alice.get("findings"),
        alice.post(f"findings/{finding.pk}/close", reason="x"),
    ):
        assert code(answer) == (403, "staff_only")
        assert WHY not in answer.text
    assert Freeze.objects.get().ended_at is None


def test_findings_are_listed_and_closed_with_a_reason(world, olga):
    open_finding(cluster=world.cluster, code="no_quorum", about="the cluster", detail="2 of 4 are up")
    [row] = olga.get("findings").json()["results"]
    assert (row["code"], row["severity"], row["cluster"], row["detail"]) == (
        "no_quorum",
        "critical",
        "pve-a",
        "2 of 4 are up",
    )
    assert olga.get("findings", severity="warning").json()["results"] == []
    assert olga.get("findings", cluster="pve-b").json()["results"] == []
    path = f"findings/{row['id']}/close"
    assert code(olga.post(path)) == (400, "invalid")
    closed = olga.post(path, reason="they are up again").json()
    assert closed["closed_because"] == "olga: they are up again"
    assert code(olga.post(path, reason="again")) == (409, "finding_closed")
    assert olga.get("findings").json()["results"] == []
    assert len(olga.get("findings", open="true,false").json()["results"]) == 1
