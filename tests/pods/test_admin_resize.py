"""A pod is resized in the admin: the form has what it has, says what would change, and changes just that."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from audit.services import SYSTEM
from operations.models import Operation
from pods.models import CloudPod
from pods.plans import PLANS
from tenants.services import set_quota
from tests.desk import desk, make_pods, page, staff
from tests.pods.forms import everything, problem_at

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AS_IT_IS = {"plan": "own", "cores": "2", "memory_mib": "2048", "swap_mib": "512", "disk_gib": "8"}


@pytest.fixture
def pod(world, alice):
    """A pod at rest on a node of which it is known what it has."""
    (made,) = make_pods(alice, 1)
    made.node.memory_mib = 10_240
    made.node.save()
    Operation.objects.filter(subject_id=made.pk).update(state="succeeded")
    CloudPod.objects.update(phase="active", observed_state="running")
    return CloudPod.objects.get()


def post(pod, client=None, *, preview=False, **typed):
    name = "admin:pods_cloudpod_resize_preview" if preview else "admin:pods_cloudpod_resize"
    return (client or desk()).post(reverse(name, args=[pod.pk]), {**AS_IT_IS, **typed})


def resizes():
    return Operation.objects.filter(kind="resize")


def test_the_form_begins_with_what_the_pod_has(pod):
    html = desk().get(reverse("admin:pods_cloudpod_resize", args=[pod.pk])).text
    for name, value in AS_IT_IS.items():
        if name != "plan":
            assert f'name="{name}" value="{value}"' in html
            assert f'id="id_{name}_hint">now {value}<' in html
    assert 'value="own" class="mc-input" aria-describedby="id_plan_problem" id="id_plan_4" checked' in html
    assert "Its disk can become larger, never smaller" in html


def test_a_preview_says_what_changes_and_leaves_no_row_behind(pod):
    client, before = desk(), everything()
    typed = {"cores": "3", "disk_gib": "20"}
    for html in (post(pod, client, preview=True, **typed).text, post(pod, client, **typed, check="yes").text):
        assert "web-0 can be resized so." in html
        for label, now, then in (("Cores", "2", "3"), ("Disk (GiB)", "8", "20")):
            assert f'<tr class="mc-differs"><th scope="row">{label}</th><td>{now}</td><td>{then} ' in html
        for label, same in (("Memory (MiB)", "2048"), ("Swap (MiB)", "512")):
            assert f'<tr class=""><th scope="row">{label}</th><td>{same}</td><td>{same}</td>' in html
        assert "2 + 1 of 1000" in html
        assert ">1 of 100<" in html
        assert f"stays on {pod.node}, which has 8 GiB left then" in html
    assert everything() == before
    post(pod, client, **typed, reason="it grows")
    assert (CloudPod.objects.get().cores, CloudPod.objects.get().disk_gib) == (3, 20)
    event = AuditEvent.objects.get(action="pod.resize")
    assert (event.before, event.reason) == ({"cores": 2, "disk_gib": 8}, "it grows")


def test_a_plan_is_all_of_a_size(pod):
    answer = post(pod, plan="large", cores="many")
    assert answer.headers["Location"] == page(pod)
    found = CloudPod.objects.get()
    assert vars(PLANS["large"]) == {name: getattr(found, name) for name in vars(PLANS["large"])}


def test_what_shrinks_is_shown_with_a_minus(pod):
    assert "2 \N{MINUS SIGN} 1 of 1000" in post(pod, preview=True, cores="1").text


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"disk_gib": "7"}, "disk_gib", "a disk cannot become smaller"),
        ({"memory_mib": "1"}, "memory_mib", "at least 2048 MiB"),
        ({"memory_mib": "20480"}, "memory_mib", "8192 MiB of memory left for pods"),
        ({"cores": "5"}, "cores", "may have 4 cores and has 2"),
        ({"plan": "large", "disk_gib": "x"}, "plan", "may have 50 GiB of disk"),
        ({"cores": "many"}, "cores", "is no whole number"),
        ({}, "", "has that size already"),
    ],
)
def test_what_is_refused_is_told_at_its_field_by_resize_check_and_preview_alike(typed, field, told, pod):
    limits = {"pods": 9, "cores": 4, "memory_mib": 100_000, "disk_gib": 50}
    set_quota(by=SYSTEM, tenant=pod.tenant, limits=limits)
    client, before = desk(), everything()
    checked, refused = post(pod, client, check="yes", **typed), post(pod, client, preview=True, **typed)
    assert checked.status_code == refused.status_code == 200
    assert everything() == before
    assert told in refused.text
    refused = post(pod, client, **typed)
    assert refused.status_code >= 400
    for html in (checked.text, refused.text):
        assert told in (problem_at(html, field) if field else html)
    assert not resizes().exists()


def test_while_something_goes_on_the_preview_says_so(pod):
    Operation.objects.filter(subject_id=pod.pk).update(state="queued")
    assert "still going on" in post(pod, preview=True, cores="3").text


def test_who_may_only_look_is_refused_form_and_preview(pod):
    client = desk(staff("pods.view_cloudpod", "pods.add_cloudpod"))
    for name in ("admin:pods_cloudpod_resize", "admin:pods_cloudpod_resize_preview"):
        assert client.get(reverse(name, args=[pod.pk])).status_code == 403
    for preview in (False, True):
        assert post(pod, client, preview=preview, cores="3").status_code == 403
    assert not resizes().exists()


def test_without_the_forms_csrf_token_nothing_is_resized(pod):
    assert post(pod, desk(enforce_csrf_checks=True), cores="3").status_code == 403
    assert not resizes().exists()
