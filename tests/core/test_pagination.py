"""Lists in pages: forth and back, while rows come and go, at most 200 at once, whatever cursor is sent."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import parse_qs, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.services import SYSTEM
from core.rows import new_id
from tenants.models import Quota, Tenant
from tenants.services import create_tenant
from tests.tenants.problems import problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(olga):
    """olga, who sees seven tenants; the newest is TENANT-203."""
    for number in range(200, 204):
        create_tenant(by=SYSTEM, reference=f"TENANT-{number}", name="One of many")
    return olga


def page(person, url=None, **query):
    if url is not None:
        query = {name: values[0] for name, values in parse_qs(urlparse(url).query).items()}
    body = person.get("tenants", **query).json()
    return [tenant["reference"] for tenant in body["results"]], body["next"], body["previous"]


ALL = ["TENANT-203", "TENANT-202", "TENANT-201", "TENANT-200", "TENANT-0", "TENANT-102", "TENANT-101"]


def test_pages_follow_one_another_without_gap_or_repetition_and_lead_back(seven):
    first, onward, before = page(seven, page_size=3)
    assert (first, before) == (ALL[:3], None)
    second, onward, before = page(seven, onward)
    assert second == ALL[3:6]
    third, end, back = page(seven, onward)
    assert (third, end) == (ALL[6:], None)
    assert page(seven, back)[0] == ALL[3:6]
    assert page(seven, before)[0] == ALL[:3]


def test_a_row_that_comes_meanwhile_moves_no_page(seven):
    _, onward, _ = page(seven, page_size=3)
    create_tenant(by=SYSTEM, reference="TENANT-900", name="Late")
    second, _, before = page(seven, onward)
    assert second == ALL[3:6]
    assert page(seven, before)[0] == ALL[:3]


def test_a_row_that_goes_meanwhile_moves_no_page(seven):
    _, onward, _ = page(seven, page_size=3)
    Quota.objects.filter(tenant__reference__in=[ALL[0], ALL[3]]).delete()
    Tenant.objects.filter(reference__in=[ALL[0], ALL[3]]).delete()
    assert page(seven, onward)[0] == ALL[4:]


@pytest.mark.parametrize(("asked", "given"), [({}, 50), ({"page_size": 200}, 200), ({"page_size": 201}, 200)])
def test_a_page_has_fifty_rows_unless_asked_otherwise_and_never_more_than_two_hundred(olga, asked, given):
    Tenant.objects.bulk_create(Tenant(reference=f"TENANT-{n}", name="x") for n in range(1000, 1201))
    Quota.objects.bulk_create(Quota(tenant=tenant) for tenant in Tenant.objects.filter(quota=None))
    rows, onward, _ = page(olga, **asked)
    assert len(rows) == given
    assert onward is not None


@pytest.mark.parametrize("size", ["0", "-1", "many", "", "1e3", "9" * 5000])
def test_a_page_size_that_makes_no_sense_is_refused_by_name(seven, size):
    answer = seven.get("tenants", page_size=size)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "page_size")


def cursor(text):
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "ä",
        cursor("p=7"),
        cursor("p=TENANT-1"),
        cursor("r=x"),
        cursor("p=\x00"),
        cursor("o=-1"),
        cursor("p="),
        "",
        "AAAA",
        cursor("o=5"),
        cursor("r=1"),
    ],
)
def test_a_cursor_that_no_page_held_is_refused(olga, bad):
    assert "next" in problem_of(olga.get("tenants", cursor=bad), 400, "bad_cursor", "cursor")


@given(text=st.text(max_size=40), encoded=st.booleans())
def test_no_text_as_a_cursor_is_an_error_of_ours(olga, text, encoded):
    assert olga.get("tenants", cursor=cursor(text) if encoded else text).status_code in (200, 400)


def test_a_cursor_of_an_id_that_is_gone_still_leads_on(seven):
    assert page(seven, cursor=cursor(f"p={new_id()}"))[0] == ALL
