"""The audit trail: it names everything by value, keeps refusals, and nobody changes what is written."""

from __future__ import annotations

import re
import uuid

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from psycopg import sql

from audit.models import AuditEvent
from audit.services import SYSTEM, Actor, Resource, record
from core.errors import Refused
from pods.services import Size, create_pod
from tenants.models import Quota, Tenant
from tests.factories import World

pytestmark = pytest.mark.django_db

TABLE = AuditEvent._meta.db_table
CHANGES = [f"UPDATE {TABLE} SET actor = 'nobody'", f"DELETE FROM {TABLE}"]


@pytest.fixture
def event(alice):
    return record(
        by=Actor("user", "olga"),
        tenant=alice.tenant,
        action="pod.rename",
        resource=Resource("pod", uuid.uuid4(), "web"),
        operation_id=uuid.uuid4(),
        reason="they asked",
        before={"hostname": "web"},
        after={"hostname": "www"},
    )


def test_an_event_says_who_did_what_to_which_resource_of_which_tenant_why_and_what_changed(event, alice):
    kept = AuditEvent.objects.get(pk=event.pk)
    assert (kept.actor_kind, kept.actor) == ("user", "olga")
    assert (kept.action, kept.outcome, kept.reason) == ("pod.rename", "done", "they asked")
    assert (kept.resource_kind, kept.resource_name) == ("pod", "web")
    assert kept.resource_id == event.resource_id
    assert kept.operation_id == event.operation_id
    assert (kept.tenant_id, kept.tenant_reference) == (alice.tenant.pk, "TENANT-101")
    assert (kept.before, kept.after) == ({"hostname": "web"}, {"hostname": "www"})
    assert kept.at is not None
    assert str(kept) == "pod.rename web by olga"


def test_the_trail_has_no_foreign_key_so_what_it_names_may_go():
    assert not [field.name for field in AuditEvent._meta.get_fields() if isinstance(field, models.ForeignKey)]
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, TABLE)
    assert not [name for name, constraint in constraints.items() if constraint["foreign_key"]]


def test_an_event_outlives_the_tenant_it_names(db):
    tenant = Tenant.objects.create(reference="TENANT-55", name="Short-lived")
    record(by=SYSTEM, tenant=tenant, action="tenant.create", resource=Resource("tenant", tenant.pk, "TENANT-55"))
    tenant.delete()
    assert AuditEvent.objects.get(tenant_reference="TENANT-55").resource_name == "TENANT-55"


def test_events_of_a_tenant_are_its_own_and_the_platform_s_view_has_all(event, alice, charlie, olga):
    assert event in AuditEvent.objects.of(alice.tenant)
    assert event not in AuditEvent.objects.of(charlie.tenant)
    assert event in AuditEvent.objects.visible_to(olga.tenant)
    assert event not in AuditEvent.objects.visible_to(charlie.tenant)


def test_an_event_is_undone_with_the_transaction_of_what_it_records(alice):
    before = AuditEvent.objects.count()
    with transaction.atomic():
        record(by=SYSTEM, tenant=alice.tenant, action="x.y", resource=Resource("x", uuid.uuid4(), "x"))
        transaction.set_rollback(True)
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("statement", CHANGES)
def test_the_service_role_may_not_even_ask_for_a_change(event, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get(pk=event.pk).actor == "olga"


def test_saving_or_deleting_an_event_is_refused_like_any_change(event):
    event.actor = "nobody"
    for change in (event.save, event.delete, AuditEvent.objects.all().delete):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()
    assert AuditEvent.objects.get(pk=event.pk).actor == "olga"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", CHANGES)
def test_not_even_the_owner_of_the_table_changes_an_event(event, statement):
    with as_owner() as owner:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute(statement)
        owner.rollback()
        found = owner.execute(sql.SQL("SELECT actor FROM {} WHERE id = %s").format(sql.Identifier(TABLE)), [event.pk])
        assert found.fetchone() == ("olga",)


def as_owner() -> psycopg.Connection[tuple[object, ...]]:
    of = settings.DATABASES["owner"]
    login = {"host": of["HOST"], "port": of["PORT"], "user": of["USER"], "password": of["PASSWORD"]}
    return psycopg.connect(dbname=of["NAME"], **{key: value for key, value in login.items() if value})


def test_a_refused_request_is_kept_with_its_reason_though_all_else_is_undone(world: World, alice):
    Quota.objects.filter(tenant=alice.tenant).update(pods=0)
    with pytest.raises(Refused) as refused:
        create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size())
    event = AuditEvent.objects.get(outcome="refused")
    assert (event.action, event.actor, event.tenant_reference) == ("pod.create", "alice", "TENANT-101")
    assert (event.resource_name, event.reason) == ("TENANT-101", refused.value.message)
    assert event.after == {"hostname": "web", "code": "quota_exceeded", "field": "tenant"}


def test_events_are_told_newest_first_by_ids_that_follow_time(alice):
    for number in range(5):
        record(by=SYSTEM, tenant=alice.tenant, action=f"x.{number}", resource=Resource("x", uuid.uuid4(), "x"))
    actions = [event.action for event in AuditEvent.objects.all()[:5]]
    assert actions == ["x.4", "x.3", "x.2", "x.1", "x.0"]
    assert all(re.match(r".{14}7", str(event.pk)) for event in AuditEvent.objects.all())
