"""Pages to read in the admin: no field, a sentence with its time, no more than one may see, at a constant price."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from operations.models import Operation
from pods.models import CloudPod
from pods.services import suspend_tenant
from tenants.models import ApiToken, Membership, Tenant, User
from tenants.services import create_token, set_quota
from tests.desk import desk, form, make_observations, make_people, make_pods, make_troubles, page, rows, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOSTILE = "<script>alert(1)</script>"
PAGES = ["tenant"]
EDITED = ["tenant"]


@pytest.fixture
def pods(world, alice):
    make_people(alice)
    make_observations(world.cluster)
    made = make_pods(alice, 3)
    make_troubles(alice, world.cluster)
    return made


@pytest.fixture
def row(request, pods):
    return row_named(request.param, pods[0])


def row_named(name, pod):
    return {"tenant": pod.tenant}[name]


def main_of(response):
    """What the page itself says: the frame around it has fields of its own."""
    return response.text.split("<main", 1)[1].split("</main>", 1)[0]


@pytest.mark.parametrize("row", PAGES, indirect=True)
def test_a_page_to_read_has_no_field_and_nothing_to_save(row):
    html = main_of(desk().get(page(row)))
    assert not re.search(r"<(form|input|select|textarea)\b", html)
    assert ">Save" not in html


@pytest.mark.parametrize("row", PAGES, indirect=True)
def test_it_begins_with_a_sentence_and_as_of_when_it_is_so(row):
    sentence = re.search(r'<p class="mc-sentence">(.*?)</p>', desk().get(page(row)).text, re.DOTALL)
    assert sentence
    assert re.search(r"as of .*\d\d:\d\d:\d\d UTC", sentence[1], re.IGNORECASE | re.DOTALL), sentence[1]


@pytest.mark.parametrize("row", PAGES, indirect=True)
def test_a_hostile_name_is_shown_as_it_is_written(row, pods):
    Tenant.objects.update(name=HOSTILE, suspended_reason=HOSTILE, state="suspended")
    CloudPod.objects.filter(pk=pods[0].pk).update(hostname=HOSTILE)
    Operation.objects.update(subject_name=HOSTILE, actor_name=HOSTILE)
    User.objects.exclude(is_superuser=True).update(username=HOSTILE)
    html = main_of(desk().get(page(row)))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("row", PAGES, indirect=True)
def test_who_may_see_nothing_else_sees_the_row_alone(row, pods):
    """Each part of a page is shown to whoever may open the list that it is taken from."""
    label = f"{row._meta.app_label}.view_{row._meta.model_name}"
    html = main_of(desk(staff(label)).get(page(row)))
    assert "mc-sentence" in html
    lists = [rows(model) for model in (CloudPod, Operation, AuditEvent, ApiToken, Membership)]
    assert [url for url in (*lists, *map(page, pods)) if f"{url}?" in html or f'{url}"' in html] == []
    assert pods[0].hostname not in html
    assert "/edit/" not in html


@pytest.mark.parametrize("row", EDITED, indirect=True)
def test_who_may_only_look_gets_no_form(row):
    label = f"{row._meta.app_label}.view_{row._meta.model_name}"
    client = desk(staff(label))
    assert (client.get(form(row)).status_code, client.post(form(row), {}).status_code) == (403, 403)
    assert client.get(page(row)).status_code == 200


@pytest.mark.parametrize("row", PAGES, indirect=True)
def test_a_page_takes_no_post(row):
    assert desk().post(page(row), {"_save": "Save"}).status_code == 405


@pytest.mark.parametrize("row", EDITED, indirect=True)
def test_the_page_leads_to_the_form_and_a_saved_form_back_to_the_page(row):
    client = desk()
    assert form(row) in main_of(client.get(page(row)))
    shown = client.get(form(row))
    assert page(row) in shown.text
    data = {name: value for name, value in shown.context["adminform"].form.initial.items() if value is not None}
    assert client.post(form(row), data).headers["Location"] == page(row)


@pytest.mark.parametrize("row", PAGES, indirect=True)
def test_a_page_asks_no_more_of_the_database_with_thirty_rows_than_with_three(row, world, alice, pods):
    client = desk()
    client.get(page(row))  # content types and the like are read once a process
    few = queries_of(client, page(row))
    more(alice)
    make_observations(world.cluster)
    assert queries_of(client, page(row)) <= few


def more(alice):
    make_pods(alice, 27, first=3)
    make_people(alice, 27)
    for number in range(27):
        create_token(by=alice.actor, tenant=alice.tenant, name=f"token {number}")


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


# A tenant's page


def test_a_tenant_is_shown_with_its_use_against_its_quota(pods, alice):
    set_quota(by=alice.actor, tenant=alice.tenant, limits={"pods": 4, "memory_mib": 8192})
    html = main_of(desk().get(page(alice.tenant)))
    for words in ("It holds 3 pods of 4.", ">3 of 4<", ">6 GiB of 8 GiB<", ">24 GiB of 10000 GiB<"):
        assert words in html, words


def test_a_tenant_is_shown_with_its_pods_people_tokens_and_open_operations(pods, alice):
    html = main_of(desk().get(page(alice.tenant)))
    for pod in pods:
        assert page(pod) in html
        assert page(Operation.objects.get(subject_id=pod.pk)) in html
    assert pods[0].interfaces.get().addresses.get().lease.address in html
    assert "user-" in html
    assert ">alice</a>" in html  # her token


def test_another_tenants_pods_and_people_are_not_on_it(pods, charlie):
    html = main_of(desk().get(page(charlie.tenant)))
    assert not [pod for pod in pods if page(pod) in html]
    assert "user-" not in html
    assert "It holds no pod of" in html


def test_a_suspended_tenants_page_says_since_when_by_whom_and_why(pods, alice, olga):
    suspend_tenant(by=olga.actor, tenant=alice.tenant, reason="unpaid since May")
    html = main_of(desk().get(page(alice.tenant)))
    assert "is suspended" in html
    assert re.search(r"Suspended <time .*?</time> by olga: unpaid since May", html)
