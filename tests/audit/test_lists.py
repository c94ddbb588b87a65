"""Lists in pages by keyset: each row once, in order, whatever it is sorted by; and nothing counts all rows."""

from __future__ import annotations

import csv
import re
from io import StringIO
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.keyset import COUNTED
from audit.models import AuditEvent
from clusters.admin import NodeAdmin
from clusters.models import Node
from pods.admin import CloudPodAdmin
from pods.models import CloudPod
from tenants.admin import TenantAdmin
from tenants.models import Tenant
from tenants.services import create_tenant
from tests.desk import desk, make_pods, rows, staff

pytestmark = pytest.mark.django_db


def pages_of(client, url, *, link="older_url"):
    """The ids on each page, from `url` on by its links."""
    pages, at = [], url
    while True:
        listed = client.get(at).context["cl"]
        pages.append([row.pk for row in listed.result_list])
        if not getattr(listed, link):
            return pages, at
        at = url.split("?")[0] + getattr(listed, link)


@pytest.fixture
def nodes(world):
    """Many that are alike in what they are sorted by, or have nothing there."""
    many = [
        Node(cluster=world.cluster, name=f"node-{n:02}", memory_mib=None if n % 3 == 0 else n // 4 * 1024)
        for n in range(23)
    ]
    Node.objects.bulk_create(many)
    return Node.objects.all()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), size=st.integers(1, 9))
def test_by_its_links_a_list_shows_each_row_once_in_its_order_and_back_again(data, size, nodes):
    with patch.object(NodeAdmin, "list_per_page", size):
        _walks_forth_and_back(data, size)


def _walks_forth_and_back(data, size):
    client = desk()
    columns = len(client.get(rows(Node)).context["cl"].list_display)
    sorted_by = data.draw(st.lists(st.integers(0, columns - 1).flatmap(lambda i: st.sampled_from([i, -i])), max_size=2))
    url = f"{rows(Node)}?o={'.'.join(map(str, sorted_by))}"
    forth, last = pages_of(client, url)
    found = [pk for page in forth for pk in page]
    assert found == list(client.get(url).context["cl"].queryset.values_list("pk", flat=True))
    assert all(len(page) == size for page in forth[:-1])
    back, _ = pages_of(client, last, link="newer_url")
    assert [pk for page in reversed(back) for pk in page] == found


def test_a_page_begins_behind_its_row_though_newer_ones_have_come(alice, monkeypatch):
    monkeypatch.setattr(TenantAdmin, "list_per_page", 2)
    for number in range(4):
        create_tenant(by=alice.actor, reference=f"TENANT-{500 + number}", name="x")
    client = desk()
    listed = client.get(rows(Tenant), {"o": "-0"}).context["cl"]
    second = rows(Tenant) + listed.older_url
    before = [row.pk for row in client.get(second).context["cl"].result_list]
    create_tenant(by=alice.actor, reference="TENANT-999", name="newer")
    assert [row.pk for row in client.get(second).context["cl"].result_list] == before


@pytest.mark.parametrize("bad", ["nothing", "01a211fd-fc37-755d-b9fe-6a62d6cf8749"])
def test_a_page_behind_no_row_leads_back_to_the_list(bad, alice):
    answer = desk().get(rows(Tenant), {"after": bad}, follow=True)
    assert answer.status_code == 200
    assert answer.context["cl"].result_count


def test_a_filter_and_a_search_begin_with_the_first_page_and_a_page_keeps_them(world, alice, charlie, monkeypatch):
    monkeypatch.setattr(CloudPodAdmin, "list_per_page", 1)
    make_pods(alice, 3)
    client = desk()
    listed = client.get(rows(CloudPod), {"tenant": "TENANT-101", "q": "web"}).context["cl"]
    assert "tenant=TENANT-101" in listed.older_url
    assert "q=web" in listed.older_url
    second = client.get(rows(CloudPod) + listed.older_url)
    assert "after=" not in second.context["cl"].get_query_string({"phase__exact": "active"})
    assert '<input type="hidden" name="after"' not in second.text


def test_no_list_counts_more_than_a_thousand_rows(world, alice):
    """Every count is of a slice: what is counted costs the same in a table of a hundred and of a million."""
    make_pods(alice, 2)
    client = desk()
    for model in (CloudPod, Tenant, AuditEvent):
        with CaptureQueriesContext(connection) as captured:
            client.get(rows(model))
        table = f'FROM "{model._meta.db_table}"'
        counts = [one["sql"] for one in captured if "COUNT(" in one["sql"] and table in one["sql"]]
        assert [sql for sql in counts if f"LIMIT {COUNTED + 1}" not in sql and "WHERE" not in sql] == []


def test_a_list_is_named_after_what_it_lists(world, alice):
    assert re.search(r"<title>\s*CloudPods \|", desk().get(rows(CloudPod)).text)


def test_more_rows_than_are_counted_are_told_so(world, alice, monkeypatch):
    monkeypatch.setattr("audit.keyset.COUNTED", 2)
    monkeypatch.setattr(CloudPodAdmin, "list_per_page", 1)
    make_pods(alice, 4)
    text = " ".join(desk().get(rows(CloudPod)).text.split())
    assert "more than 2 CloudPods" in text
    assert "Show all" not in text


# CSV


def sheet(client, model, query=""):
    answer = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_csv") + query)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))


def test_the_csv_has_all_rows_that_the_filter_leaves_with_exact_times(world, alice, charlie, monkeypatch):
    monkeypatch.setattr(CloudPodAdmin, "list_per_page", 1)
    pods = make_pods(alice, 3)
    told = sheet(desk(), CloudPod, "?tenant=TENANT-101")
    assert [row["Id"] for row in told] == [str(pod.pk) for pod in reversed(pods)]
    assert told[0]["Host name"] == "web-2"
    assert told[0]["Created"].startswith(f"{pods[2].created_at:%Y-%m-%d}T")
    assert sheet(desk(), CloudPod, "?tenant=TENANT-102") == []


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "<script>alert(1)</script>"])
def test_no_cell_is_a_formula_of_somebody_elses(name, alice):
    create_tenant(by=alice.actor, reference="TENANT-777", name=name)
    (told,) = [row for row in sheet(desk(), Tenant) if "TENANT-777" in row.values()]
    cell = told["Name"]
    assert cell == (name if name.startswith("<") else f"'{name}")


def test_who_may_not_see_a_list_gets_no_csv_and_a_bad_filter_is_told(alice, client):
    url = reverse("admin:tenants_tenant_csv")
    assert client.get(url).status_code == 302
    assert desk(staff("pods.view_cloudpod")).get(url).status_code == 403
    assert desk().get(url, {"name__nothing": "x"}).status_code == 404
    assert desk().post(url).status_code == 405
