"""Pages to read in the admin: no field, a sentence with its time, no more than one may see, at a constant price."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from clusters.findings import open_finding
from clusters.models import (
    Attachment,
    Cluster,
    ClusterObservation,
    Finding,
    GoldenTemplate,
    Node,
    StorageTier,
    TemplateCopy,
)
from ipam.models import AddressRange, IPLease, Network
from operations.models import Operation
from pods.models import CloudPod
from tenants.models import ApiToken, Membership, Tenant, User
from tenants.services import create_token
from tests.desk import (
    desk,
    form,
    furnish,
    main_of,
    make_observations,
    make_people,
    make_pods,
    page,
    rows,
    staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOSTILE = "<script>alert(1)</script>"
PAGES = ["tenant", "cluster", "node", "subnet"]
EDITED = ["tenant", "cluster", "node"]


@pytest.fixture
def pods(world, alice):
    return furnish(alice, world.cluster)


@pytest.fixture
def row(request, pods):
    return row_named(request.param, pods[0])


def row_named(name, pod):
    subnet = pod.interfaces.get().addresses.get().lease.subnet
    return {"tenant": pod.tenant, "cluster": pod.cluster, "node": pod.node, "subnet": subnet}[name]


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
    Cluster.objects.update(ca_file=HOSTILE, endpoints=[HOSTILE])
    ClusterObservation.objects.update(error_message=HOSTILE)
    Finding.objects.update(about=HOSTILE, what_to_do=HOSTILE)
    Node.objects.filter(pk=pods[0].node_id).update(name=HOSTILE)
    AddressRange.objects.update(reason=HOSTILE)
    IPLease.objects.update(purpose=HOSTILE)
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


def test_a_page_asks_no_more_of_the_database_with_thirty_rows_than_with_three(world, alice, pods):
    client, urls = desk(), [page(row_named(name, pods[0])) for name in PAGES]
    for url in urls:
        client.get(url)  # content types and the like are read once a process
    few = {url: queries_of(client, url) for url in urls}
    more(alice, world)
    assert {url: (few[url], many) for url in urls if (many := queries_of(client, url)) > few[url]} == {}


def more(alice, world):
    """Of everything that a page lists."""
    make_pods(alice, 27, first=3)
    make_people(alice, 27)
    subnet, cluster, primary = world.subnet, world.cluster, world.tiers["clients-main"]
    for number in range(27):
        create_token(by=alice.actor, tenant=alice.tenant, name=f"token {number}")
        address = f"10.1.10.{number + 2}"
        AddressRange.objects.create(subnet=subnet, kind="excluded", first=address, last=address)
        Node.objects.create(cluster=cluster, name=f"node-{number}")
        StorageTier.objects.create(cluster=cluster, name=f"tier-{number}", role="backup", storage_type="dir")
        template = GoldenTemplate.objects.create(
            name=f"t-{number}", appliance="a", cores=1, memory_mib=512, swap_mib=0, disk_gib=8
        )
        TemplateCopy.objects.create(
            template=template, cluster=cluster, node=world.nodes["pve"], tier=primary, vmid=9010 + number
        )
        Attachment.objects.create(
            cluster=cluster, network=Network.objects.create(name=f"lan-{number}"), bridge=f"vmbr{number}"
        )
        open_finding(cluster=cluster, code="stranger", about=f"CT {number}", vmid=number, node="pve")
    make_observations(cluster)


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)
