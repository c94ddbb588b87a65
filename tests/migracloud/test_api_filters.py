"""Filters of the API's lists: each narrows, shows nothing of another tenant's, and refuses what it cannot be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations.models import Operation
from pods.models import CloudPod
from tenants.services import set_state
from tests.described import document_read
from tests.desk import make_pods
from tests.tenants.problems import problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(world, alice, charlie):
    """Alice has a pod at rest and one that is gone; charlie has one that is being made."""
    resting, gone = make_pods(alice, 2)
    [other] = make_pods(charlie, 1, first=7)
    set_to(resting, "succeeded", phase="active", desired_state="stopped", observed_state="stopped")
    set_to(gone, "failed", phase="gone", gone_at=datetime.now(UTC), desired_state="absent")
    return resting, gone, other


def set_to(pod, state, **row):
    CloudPod.objects.filter(pk=pod.pk).update(**row)
    Operation.objects.filter(subject_id=pod.pk).update(state=state)


def names(answer):
    assert answer.status_code == 200, answer.content
    return {row.get("hostname") or row.get("reference") or row["subject"]["name"] for row in answer.json()["results"]}


@pytest.mark.parametrize(
    ("path", "query", "platform_sees", "alice_sees"),
    [
        ("pods", {}, {"web-0", "web-7"}, {"web-0"}),
        ("pods", {"tenant": "TENANT-101"}, {"web-0"}, {"web-0"}),
        ("pods", {"tenant": "TENANT-102"}, {"web-7"}, set()),
        ("pods", {"tenant": "TENANT-404"}, set(), set()),
        ("pods", {"cluster": "pve-a"}, {"web-0", "web-7"}, {"web-0"}),
        ("pods", {"cluster": "pve-b"}, set(), set()),
        ("pods", {"phase": "gone"}, {"web-1"}, {"web-1"}),
        ("pods", {"phase": "active,gone"}, {"web-0", "web-1"}, {"web-0", "web-1"}),
        ("pods", {"phase": "creating"}, {"web-7"}, set()),
        ("pods", {"hostname": "web-0"}, {"web-0"}, {"web-0"}),
        ("pods", {"hostname": "web"}, set(), set()),
        ("pods", {"hostname": "web-7", "phase": "creating"}, {"web-7"}, set()),
        ("pods", {"desired_state": "stopped"}, {"web-0"}, {"web-0"}),
        ("pods", {"observed_state": "unknown,stopped"}, {"web-0", "web-7"}, {"web-0"}),
        ("operations", {}, {"web-0", "web-1", "web-7"}, {"web-0", "web-1"}),
        ("operations", {"tenant": "TENANT-102"}, {"web-7"}, set()),
        ("operations", {"kind": "create"}, {"web-0", "web-1", "web-7"}, {"web-0", "web-1"}),
        ("operations", {"kind": "destroy,start"}, set(), set()),
        ("operations", {"state": "failed"}, {"web-1"}, {"web-1"}),
        ("operations", {"state": "failed,needs_attention,queued"}, {"web-1", "web-7"}, {"web-1"}),
        ("tenants", {}, {"TENANT-0", "TENANT-101", "TENANT-102"}, {"TENANT-101"}),
        ("tenants", {"state": "suspended"}, {"TENANT-102"}, set()),
        ("tenants", {"state": "active,suspended"}, {"TENANT-0", "TENANT-101", "TENANT-102"}, {"TENANT-101"}),
    ],
)
def test_a_filter_narrows_what_the_token_may_see(path, query, platform_sees, alice_sees, three, olga, alice, charlie):
    set_state(by=olga.actor, tenant=charlie.tenant, state="suspended", reason="unpaid")
    assert names(olga.get(path, **query)) == platform_sees
    assert names(alice.get(path, **query)) == alice_sees


def test_operations_of_one_pod_are_its_own(three, olga, alice):
    resting, _, other = three
    assert names(alice.get("operations", subject=str(resting.pk))) == {"web-0"}
    assert names(olga.get("operations", subject=str(other.pk))) == {"web-7"}
    assert names(alice.get("operations", subject=str(other.pk))) == set()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pods?phase=asleep", "phase"),
        ("pods?phase=active,asleep", "phase"),
        ("pods?phase=active,", "phase"),
        ("pods?phase=", "phase"),
        ("pods?hostname=", "hostname"),
        ("pods?tenant=", "tenant"),
        ("pods?tenant=101", "tenant"),
        ("pods?tenant=TENANT-101&tenant=TENANT-102", "tenant"),
        ("pods?state=active", "state"),
        ("pods?desired_state=gone", "desired_state"),
        ("pods?observed_state=gone", "observed_state"),
        ("operations?kind=explode", "kind"),
        ("operations?state=gone", "state"),
        ("operations?subject=web", "subject"),
        ("operations?phase=gone", "phase"),
        ("tenants?state=gone", "state"),
        ("tenants?tenant=TENANT-101", "tenant"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused_by_its_name(query, field, olga):
    assert field in problem_of(olga.get(query), 400, "invalid", field)


@pytest.mark.parametrize("path", ["pods", "operations", "tenants"])
def test_the_document_names_the_filters_that_there_are(path, olga):
    """What is not known is answered with those that are."""
    told = problem_of(olga.get(path, colour="red"), 400, "invalid", "colour").partition("it has ")[2].rstrip(".")
    parameters = document_read()["paths"][f"/api/v1/{path}"]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == [*told.split(", "), "page_size", "cursor"]
