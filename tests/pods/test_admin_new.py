"""A pod is made in the admin: by a form that says beforehand what it comes to, and does just that."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from audit.models import AuditEvent
from clusters.models import Cluster, GoldenTemplate
from operations.models import Operation
from pods.models import CloudPod
from pods.plans import PLANS
from pods.services import create_pod
from tenants.services import set_quota
from tests.desk import desk, page, rows, staff
from tests.pods.forms import NEW, PREVIEW, TENANTS, TYPED, everything, post, problem_at
from tests.pods.keys import ed25519_key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
KEY = ed25519_key()


def test_a_pod_is_made_as_typed_and_its_page_says_that_it_has_begun(world, alice):
    client = desk()
    assert reverse(NEW) in client.get(rows(CloudPod)).text
    answer = client.post(reverse(NEW), TYPED, follow=True)
    pod, operation = CloudPod.objects.get(), Operation.objects.get()
    assert answer.redirect_chain[-1][0] == page(pod)
    assert "Creating web has begun" in answer.text
    assert page(operation) in answer.text
    assert (pod.tenant, pod.hostname, operation.kind) == (alice.tenant, "web", "create")
    size = PLANS["medium"]
    assert (pod.cores, pod.memory_mib, pod.disk_gib) == (size.cores, size.memory_mib, size.disk_gib)
    event = AuditEvent.objects.get(action="pod.create")
    assert (event.actor, event.reason) == ("ada", "asked by phone")


def test_a_size_of_ones_own_is_as_the_template_where_nothing_is_typed(world, alice):
    post(NEW, plan="own", cores="3", memory_mib="", swap_mib="0", disk_gib="9", tenant=" 101 ")
    pod = CloudPod.objects.get()
    assert (pod.cores, pod.memory_mib, pod.swap_mib, pod.disk_gib) == (3, 2048, 0, 9)


def test_with_a_plan_the_numbers_do_not_count(world, alice):
    assert post(NEW, plan="large", cores="many", disk_gib="1").status_code == 302
    assert CloudPod.objects.get().cores == PLANS["large"].cores


def test_keys_are_taken_one_a_line(world, alice):
    Cluster.objects.update(key_delivery="env")
    post(NEW, ssh_keys=f"\n{KEY}\r\n\r\n")
    assert CloudPod.objects.get().ssh_keys == [KEY]


def test_every_plan_can_be_made_from_the_contracts_template_and_a_new_tenant_can_have_ten_medium_ones(world, alice):
    for plan in PLANS:
        assert post(NEW, plan=plan, hostname=plan.replace(" ", "-")).status_code == 302, plan
    CloudPod.objects.all().update(phase="failed", gone_at="2026-01-01T00:00Z")
    for number in range(10):
        assert post(NEW, hostname=f"web-{number}").status_code == 302
    assert "may have 10 pods and has 10" in problem_at(post(NEW, hostname="more").text, "tenant")


def test_cluster_and_template_are_asked_for_only_where_there_is_a_choice(world, alice):
    html = desk().get(reverse(NEW)).text
    assert 'name="cluster"' not in html
    assert 'name="template"' not in html
    GoldenTemplate.objects.create(
        name="other", appliance="local:vztmpl/x", cores=1, memory_mib=1, swap_mib=0, disk_gib=1
    )
    assert 'name="template"' in desk().get(reverse(NEW)).text
    refused = post(NEW, template="other")
    assert "No enabled node has a copy of the template" in problem_at(refused.text, "template")
    assert post(NEW, template="cloudpod").status_code == 302


# What is shown beforehand


def test_a_preview_leaves_no_row_behind_and_says_what_the_create_then_does(world, alice):
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="first")
    client, before = desk(), everything()
    shown = post(PREVIEW, client).text
    checked = post(NEW, client, check="yes").text
    assert everything() == before
    post(NEW, client)
    pod = CloudPod.objects.get(hostname="web")
    lease = pod.interfaces.get().addresses.get().lease
    for html in (shown, checked):
        for said in (
            f"<dd>{pod.node}</dd>",
            f"<dd>{pod.cluster}</dd>",
            f"<dd>{pod.tier}</dd>",
            f"{pod.source.template}, CT {pod.source.vmid}, by a linked clone",
            f"<dd>{lease.subnet} of lan, on vmbr0</dd>",
            f"would be {pod.vmid}<",
            f"would be {lease.address}<",
            "4 GiB of 40 GiB",
            "2 + 2 of 20",
            "1 + 1 of 10",
        ):
            assert said in html, said


@pytest.mark.django_db(transaction=True)
def test_a_preview_sends_no_hint_and_tells_the_log_nothing(world, alice, caplog):
    client, before = desk(), everything()
    with caplog.at_level("INFO", logger="operations"):
        post(PREVIEW, client)
        post(PREVIEW, client, plan="own", memory_mib="1")
        assert everything() == before
        assert [line for line in caplog.records if line.name == "operations"] == []
        post(NEW, client)
    assert OrmQ.objects.count() == 1
    assert "begun" in caplog.text


def test_more_than_the_quota_is_shown_as_such(world, alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"cores": 1})
    html = post(PREVIEW).text
    assert 'data-of="plan"' in html
    assert "0 + 2 of 1" in html
    assert html.count("too much") == 1


# Who may


def test_who_may_not_make_pods_sees_neither_button_nor_form_nor_preview_nor_tenants(world, alice):
    client = desk(staff("pods.view_cloudpod", "pods.change_cloudpod"))
    assert reverse(NEW) not in client.get(rows(CloudPod)).text
    for name in (NEW, PREVIEW, TENANTS):
        assert client.get(reverse(name)).status_code == 403
        assert post(name, client).status_code == 403
    assert not CloudPod.objects.exists()


def test_who_may_make_pods_needs_no_other_right(world, alice):
    client = desk(staff("pods.view_cloudpod", "pods.add_cloudpod"))
    assert client.get(reverse(NEW)).status_code == 200
    assert post(PREVIEW, client).status_code == 200
    assert post(NEW, client).status_code == 302


def test_nobody_who_is_not_logged_in_is_told_anything(world, alice):
    for name in (NEW, PREVIEW, TENANTS):
        for answer in (Client().get(reverse(name)), post(name, Client())):
            assert answer.status_code == 302
            assert reverse("admin:login") in answer.headers["Location"]


def test_without_the_forms_csrf_token_nothing_is_made_or_previewed(world, alice):
    client = desk(enforce_csrf_checks=True)
    for name in (NEW, PREVIEW):
        assert post(name, client).status_code == 403
    assert not CloudPod.objects.exists()


def test_to_look_at_the_form_changes_nothing(world, alice):
    client, before = desk(), everything()
    html = client.get(reverse(NEW), {"tenant": "TENANT-101"}).text
    assert 'value="TENANT-101"' in html
    assert client.get(reverse(PREVIEW)).status_code == 405
    assert everything() == before


def test_tenants_are_suggested_as_options_with_their_names(alice, charlie):
    html = desk().get(reverse(TENANTS), {"q": "101"}).text
    assert html.strip() == '<option value="TENANT-101">Alice&#x27;s shop</option>'
    assert desk().get(reverse(TENANTS)).text.strip() == ""
