"""The audit trail in the admin: read by resource, with before and after side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import look
from audit.models import AuditEvent
from tenants.services import set_quota
from tests.desk import desk, page, rows

pytestmark = pytest.mark.django_db


def test_a_resources_history_leads_to_its_part_of_the_trail(alice, charlie):
    client = desk()
    history = client.get(reverse("admin:tenants_tenant_history", args=[alice.tenant.pk]), follow=True)
    found = history.context["cl"].result_list
    assert {event.resource_id for event in found} == {alice.tenant.pk}


def test_an_events_page_marks_what_changed_and_leaves_the_rest(alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"cores": 99, "pods": 10})
    html = desk().get(page(AuditEvent.objects.get(action="tenant.quota"))).content.decode()
    assert '<tr class="mc-differs"><th scope="row">cores</th><td>20</td><td>99</td></tr>' in html
    assert '<tr class=""><th scope="row">pods</th><td>10</td><td>10</td></tr>' in html


def test_the_trail_is_searched_and_filtered_by_tenant(alice, charlie):
    client = desk()
    found = client.get(rows(AuditEvent), {"tenant": "TENANT-102"}).context["cl"].result_list
    assert {event.tenant_reference for event in found} == {"TENANT-102"}


def test_names_are_escaped_wherever_they_are_shown():
    assert "<b>" not in look.changes({"name": "<b>"}, {"name": "<i>"})
    assert "<b>" not in look.badge("<b>")
    assert "<b>" not in look.link("/", "<b>")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=12), "12 s ago"),
        (timedelta(minutes=61), "1 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(seconds=-90), "in 1 min"),
    ],
)
def test_a_moment_is_told_in_the_largest_unit_that_says_something(age, words):
    assert look.relative(age) == words


def test_a_relative_time_keeps_the_exact_one_at_hand():
    now = timezone.now()
    assert timezone.localtime(now).isoformat(timespec="seconds") in look.ago(now)
