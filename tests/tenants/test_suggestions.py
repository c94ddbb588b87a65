"""Tenants are suggested to who has begun to type one: few, by reference and name, found by an index."""

from __future__ import annotations

import pytest
from django.db import connection

from tenants.queries import suggest_tenants

pytestmark = pytest.mark.django_db


def suggested(typed):
    return [tenant.reference for tenant in suggest_tenants(typed)]


@pytest.mark.parametrize("typed", ["101", "TENANT-101", "tenant-101", "alice", " Alice's s"])
def test_tenants_are_suggested_by_reference_and_by_name(typed, alice, charlie):
    assert suggested(typed) == ["TENANT-101"]


def test_few_tenants_are_suggested_shortest_number_first_and_none_for_nothing(alice, charlie):
    assert suggested("10") == ["TENANT-101", "TENANT-102"]
    assert suggested("%") == suggested("_") == []


@pytest.mark.slow
def test_suggestions_are_found_by_an_index_among_a_hundred_thousand_tenants(alice):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_tenant (id, reference, name, kind, state, suspended_reason, grace_hours, created_at)"
            " SELECT gen_random_uuid(), 'TENANT-' || n, 'Customer ' || n, 'customer', 'active', '', 72, now()"
            " FROM generate_series(1000, 101000) AS n"
        )
        cursor.execute("SELECT analyze_table('tenants_tenant')")
    for typed, least in (("10000", "TENANT-10000"), ("customer 4242", "TENANT-4242")):
        assert suggested(typed)[0] == least
        plan = suggest_tenants(typed).explain()
        assert "Seq Scan" not in plan, plan
