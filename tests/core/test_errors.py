"""What a violated constraint means to people: every one of our models' has a refusal with a message."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from core.errors import Refused, constraint_means, known_constraints, refusing_violations
from tenants.models import Tenant

OURS = ("core", "audit", "tenants", "ipam", "operations", "clusters", "pods")


def named_constraints():
    return {
        constraint.name: model
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for constraint in model._meta.constraints
    }


def test_every_constraint_of_our_models_has_a_message():
    missing = sorted(name for name in named_constraints() if name not in known_constraints())
    assert not missing, f"say what they mean next to their models, with constraint_means(): {missing}"


def test_every_message_belongs_to_a_constraint_that_exists():
    gone = sorted(known_constraints() - set(named_constraints()))
    assert not gone, f"no model has these constraints any more: {gone}"


@pytest.mark.django_db
def test_every_constraint_of_our_models_is_in_the_database_by_that_name():
    tables = {model._meta.db_table for model in named_constraints().values()}
    there = set()
    with connection.cursor() as cursor:
        for table in tables:
            there |= set(connection.introspection.get_constraints(cursor, table))
    assert set(named_constraints()) <= there


def violate():
    with transaction.atomic():
        Tenant.objects.create(reference="nonsense", name="x")


@pytest.mark.django_db
def test_a_violated_constraint_becomes_its_refusal_with_field_and_cause():
    with pytest.raises(Refused, match="TENANT-123") as refused, refusing_violations():
        violate()
    assert refused.value.field == "reference"
    assert isinstance(refused.value.__cause__, IntegrityError)


@pytest.mark.django_db
def test_a_violation_without_a_message_passes_as_it_is(monkeypatch):
    monkeypatch.setattr("core.errors._CONSTRAINTS", {})
    with pytest.raises(IntegrityError), refusing_violations():
        violate()


def test_any_other_error_passes_as_it_is():
    with pytest.raises(ZeroDivisionError), refusing_violations():
        _ = 1 / 0


def test_a_constraint_s_message_can_be_said_with_its_refusal(monkeypatch):
    monkeypatch.setattr("core.errors._CONSTRAINTS", {})
    constraint_means("a_new_one", Refused, "It is taken.")
    assert known_constraints() == {"a_new_one"}
