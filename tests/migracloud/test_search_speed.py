"""The search among many rows: what is asked by a term reads an index, never a table."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from ipam.models import IPLease
from operations.models import Attempt, Operation
from pods.models import CloudPod, Interface, VmidHold
from tenants.models import Tenant
from tests.desk import desk, make_pods
from tests.migracloud.test_admin_search import found
from tests.migracloud.test_search_terms import UPID

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ROWS = 5_000
READ_AT_MOST = 100

# Each is copied as often; what has to differ is made of the number of the copy, `n`.
COPIES = {
    Tenant: {"reference": "'TENANT-' || n + 1000", "name": "'Shop ' || n", "kind": "'customer'"},
    CloudPod: {"hostname": "'host-' || n", "phase": "'gone'", "gone_at": "clock_timestamp()", "vmid": "n + 1000"},
    VmidHold: {"vmid": "n + 1000", "released_at": "clock_timestamp()"},
    Interface: {"mac": "'02:' || n", "index": "n + 1"},
    IPLease: {"address": "'10.9.0.0'::inet + n", "released_at": "clock_timestamp()"},
    Operation: {"request_id": "gen_random_uuid()::text", "state": "'succeeded'"},
    Attempt: {"wait_key": "'pve:' || n", "number": "n + 1"},
    AuditEvent: {"request_id": "gen_random_uuid()::text"},
}


@pytest.fixture
def many(world, alice):
    (pod,) = make_pods(alice, 1)
    operation = Operation.objects.get()
    with connection.cursor() as cursor:
        for model, differs in COPIES.items():
            table, first = model._meta.db_table, model._default_manager.order_by("pk").last()
            assert first
            pairs = ", ".join(f"'{name}', {value}" for name, value in {"id": "gen_random_uuid()", **differs}.items())
            cursor.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(one, jsonb_build_object({pairs}))).* "
                f"FROM {table} one, generate_series(1, {ROWS}) n WHERE one.id = %s",
                [first.pk],
            )
            cursor.execute("SELECT analyze_table(%s)", [table])  # a plain ANALYZE skips what is not one's own
    return pod, operation


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def read(query):
    """How many rows each part of the plan has read, kept or not, with the table."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
        answer = cursor.fetchone()[0]
    (explained,) = json.loads(answer) if isinstance(answer, str) else answer
    for node in nodes(explained["Plan"]):
        if "Relation Name" in node:
            rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            yield rows, node["Relation Name"], node["Node Type"]


def test_no_term_reads_more_than_a_few_rows_of_any_table(many):
    client, (pod, operation) = desk(), many
    lease = pod.interfaces.get(index=0).addresses.get().lease
    terms = [lease.address, pod.interfaces.get(index=0).mac, str(pod.vmid), "12000", "web-0", "host-", "nobody", UPID]
    terms += ["TENANT-101", "alice's", "shop 4999", str(operation.pk), str(pod.pk), "10.9.30.1"]
    found("web-0", client)
    for typed in terms:
        with CaptureQueriesContext(connection) as captured:
            found(typed, client)
        for query in captured.captured_queries:
            if query["sql"].startswith("SELECT"):
                most = max(read(query["sql"]), default=(0, "", ""))
                assert most[0] <= READ_AT_MOST, (typed, most, query["sql"])
