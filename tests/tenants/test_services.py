"""Tenants, their quotas and states: what is accepted, what is refused with which field, and what is recorded."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit.models import AuditEvent
from audit.services import SYSTEM, Actor
from core.errors import Invalid, NotFound, Refused, refusing_violations
from tenants.models import PLATFORM_REFERENCE, Membership, Quota, ReferenceTaken, Tenant, User
from tenants.services import create_tenant, platform_tenant, set_quota, set_state, tenant_by_reference
from tests.together import together

pytestmark = pytest.mark.django_db

OLGA = Actor("user", "olga")
LIMITS = {"pods": 1, "cores": 2, "memory_mib": 3, "disk_gib": 4}


@pytest.fixture
def tenant(db):
    return create_tenant(by=SYSTEM, reference="TENANT-7", name="Seven")


def held_by_quota(tenant):
    return {name: getattr(Quota.objects.get(tenant=tenant), name) for name in LIMITS}


@pytest.mark.parametrize("reference", ["TENANT-1", "TENANT-123", "TENANT-999999999"])
def test_a_tenant_has_its_reference_name_and_quota(db, reference):
    tenant = create_tenant(by=OLGA, reference=reference, name="  Shop ", quota=LIMITS)
    assert (tenant.reference, tenant.name, tenant.state, tenant.is_platform) == (reference, "Shop", "active", False)
    assert tenant.tag == reference.lower()
    assert held_by_quota(tenant) == LIMITS


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "TENANT-",
        "TENANT-01",
        "TENANT-1234567890",
        "tenant-1",
        "TENANT-1 ",
        "TENANT-1\n",
        "TENANT-x",
        "X-1",
        "TENANT--1",
        "TENANT-٣",
    ],
)
def test_a_reference_of_another_form_is_refused(db, reference):
    with pytest.raises(Invalid, match="TENANT-123") as refused:
        create_tenant(by=OLGA, reference=reference, name="Shop")
    assert refused.value.field == "reference"
    assert not Tenant.objects.exists()


@pytest.mark.parametrize("reference", ["TENANT-01", "tenant-1", "TENANT-1\n"])
def test_a_reference_of_another_form_is_refused_by_the_database_too(db, reference):
    with pytest.raises(ReferenceTaken) as refused, refusing_violations(), transaction.atomic():
        Tenant.objects.create(reference=reference, name="Shop")
    assert refused.value.field == "reference"


def test_a_reference_is_used_once(tenant):
    with pytest.raises(ReferenceTaken) as refused:
        create_tenant(by=OLGA, reference=tenant.reference, name="Shop")
    assert (refused.value.code, refused.value.status, refused.value.field) == (
        "tenant_reference_taken",
        409,
        "reference",
    )
    assert Tenant.objects.count() == Quota.objects.count() == 1


def test_the_platform_s_reference_is_no_customer_s(db):
    with pytest.raises(Invalid, match="platform"):
        create_tenant(by=OLGA, reference=PLATFORM_REFERENCE, name="Shop")


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_a_tenant_without_a_name_is_refused(db, name):
    with pytest.raises(Invalid) as refused:
        create_tenant(by=OLGA, reference="TENANT-1", name=name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"pods": -1}, "quota.pods"),
        ({"cores": 1_000_000_001}, "quota.cores"),
        ({"memory_mib": True}, "quota.memory_mib"),
        ({"disk_gib": "4"}, "quota.disk_gib"),
        ({"disk_gib": 1.5}, "quota.disk_gib"),
        ({"disk": 4}, "A quota has no disk; it has pods, cores, memory_mib, disk_gib"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_and_nothing_changes(tenant, limits, words):
    before = held_by_quota(tenant)
    for act in (
        lambda: create_tenant(by=OLGA, reference="TENANT-8", name="Eight", quota=limits),
        lambda: set_quota(by=OLGA, tenant=tenant, limits={"pods": 5, **limits}),
    ):
        with pytest.raises(Invalid) as refused:
            act()
        assert words in refused.value.message
        assert refused.value.field == "quota"
    assert held_by_quota(tenant) == before
    assert Tenant.objects.count() == 1


@pytest.mark.parametrize("limit", [0, 1_000_000_000])
def test_the_least_and_the_most_limit_fit_into_the_database(tenant, limit):
    set_quota(by=OLGA, tenant=tenant, limits=dict.fromkeys(LIMITS, limit))
    assert held_by_quota(tenant) == dict.fromkeys(LIMITS, limit)


def test_a_changed_limit_leaves_the_others_and_is_recorded_with_before_and_after(tenant):
    before = held_by_quota(tenant)
    set_quota(by=OLGA, tenant=tenant, limits={"pods": 77})
    assert held_by_quota(tenant) == {**before, "pods": 77}
    event = AuditEvent.objects.get(action="tenant.quota")
    assert (event.actor, event.before, event.after) == ("olga", {"pods": before["pods"]}, {"pods": 77})


def test_suspending_and_reactivating_are_recorded_with_their_reason(tenant):
    set_state(by=OLGA, tenant=tenant, state="suspended", reason="unpaid")
    assert Tenant.objects.get(pk=tenant.pk).state == "suspended"
    set_state(by=OLGA, tenant=tenant, state="active", reason="paid")
    events = AuditEvent.objects.filter(action="tenant.state").order_by("id")
    assert [(event.reason, event.before["state"], event.after["state"]) for event in events] == [
        ("unpaid", "active", "suspended"),
        ("paid", "suspended", "active"),
    ]


def test_an_unknown_state_is_refused(tenant):
    with pytest.raises(Invalid, match="active, suspended") as refused:
        set_state(by=OLGA, tenant=tenant, state="closed", reason="")
    assert refused.value.field == "state"


def test_the_platform_s_tenant_cannot_be_suspended(db):
    with pytest.raises(Invalid, match="platform"):
        set_state(by=OLGA, tenant=platform_tenant(), state="suspended", reason="a mistake")
    assert platform_tenant().state == "active"


def test_a_tenant_that_does_not_exist_is_named_with_the_field(db):
    with pytest.raises(NotFound, match="TENANT-404") as refused:
        tenant_by_reference("TENANT-404", field="owner")
    assert refused.value.field == "owner"


def test_a_user_belongs_to_a_tenant_once(tenant):
    user = User.objects.create_user("bob", password=None)
    Membership.objects.create(tenant=tenant, user=user)
    with pytest.raises(Refused, match="belongs to this tenant already"), refusing_violations(), transaction.atomic():
        Membership.objects.create(tenant=tenant, user=user, role="owner")


def test_there_is_one_platform_tenant_with_a_quota(db):
    assert platform_tenant() == platform_tenant()
    assert platform_tenant().is_platform
    assert Quota.objects.get().tenant == platform_tenant()
    assert AuditEvent.objects.filter(action="tenant.create").count() == 1
    with pytest.raises(ReferenceTaken), refusing_violations(), transaction.atomic():
        Tenant.objects.create(reference="TENANT-99", name="Another", kind="platform")


@pytest.mark.django_db(transaction=True)
def test_a_platform_tenant_is_not_left_half_made(monkeypatch):
    monkeypatch.setattr("tenants.services.record", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        platform_tenant()
    assert not Tenant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_race_for_the_platform_s_tenant_makes_one_and_all_get_it_with_its_quota():
    def get(_):
        tenant = platform_tenant()
        return tenant.pk, Quota.objects.get(tenant=tenant).pk

    results = together(8, get)
    assert len(set(results)) == 1, results
    assert Tenant.objects.count() == Quota.objects.count() == AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_race_for_a_reference_makes_one_tenant_and_tells_the_others():
    results = together(8, lambda _: create_tenant(by=OLGA, reference="TENANT-5", name="Five"))
    assert sum(isinstance(result, Tenant) for result in results) == 1
    assert sum(isinstance(result, ReferenceTaken) for result in results) == 7
