"""A tenant is suspended and resumed in the admin with its pods: after a question, with a reason, by those who may."""

from __future__ import annotations

import pytest
from django.urls import reverse

from operations.models import Operation
from tests.desk import desk, page, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def url(verb, tenant):
    return reverse(f"admin:tenants_tenant_{verb}", args=[tenant.pk])


def test_a_tenant_is_suspended_and_resumed_from_its_page(running_pod, alice):
    client = desk()
    assert url("suspend", alice.tenant) in client.get(page(alice.tenant)).text
    assert client.get(url("suspend", alice.tenant)).status_code == 200
    assert client.post(url("suspend", alice.tenant)).status_code == 400  # without a reason
    alice.tenant.refresh_from_db()
    assert alice.tenant.state == "active"
    client.post(url("suspend", alice.tenant), {"reason": "unpaid"})
    alice.tenant.refresh_from_db()
    assert (alice.tenant.state, alice.tenant.suspended_reason) == ("suspended", "unpaid")
    assert Operation.objects.get(kind="suspend").subject_id == running_pod.pk
    assert url("resume", alice.tenant) in client.get(page(alice.tenant)).text
    client.post(url("resume", alice.tenant), {"reason": "paid"})
    assert Operation.objects.get(kind="resume").state == "blocked"


@pytest.mark.parametrize("rights", [["tenants.change_tenant"], ["pods.change_cloudpod"]])
def test_it_takes_the_right_to_change_tenants_and_pods(rights, world, alice):
    client = desk(staff(*rights))
    for verb in ("suspend", "resume"):
        assert client.get(url(verb, alice.tenant)).status_code == 403
        assert client.post(url(verb, alice.tenant), {"reason": "x"}).status_code == 403


def test_the_platforms_own_tenant_has_no_such_button_and_is_refused(olga):
    refused = desk().post(url("suspend", olga.tenant), {"reason": "by mistake"})
    assert (refused.status_code, "cannot be suspended" in refused.text) == (400, True)
    assert url("suspend", olga.tenant) not in desk().get(page(olga.tenant)).text
