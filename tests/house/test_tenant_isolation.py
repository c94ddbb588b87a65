"""A walk over every URL of portal and API: it shows its owner the thing, and nobody else anything.

Decides: who walks, and what each must find. Not: how a route is asked (routes.py).
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.services import SYSTEM
from clusters.models import Cluster
from core.clock import control_now
from core.rows import new_id
from ipam.models import IPLease
from operations.models import Operation
from pods.models import CloudPod, Snapshot
from pods.services import create_pod
from tenants.models import ApiToken
from tenants.services import create_token
from tests.house.routes import WALK, Does, Lists, Nobodys, Route, Shows, Staffs, Things, routes
from tests.migracloud.portal_people import member, portal, settle

pytestmark = pytest.mark.django_db

ALL = routes()
WALKED = [route for route in ALL if not isinstance(WALK.get((route.name, route.method)), Nobodys)]
LISTS = [route for route in WALKED if isinstance(WALK.get((route.name, route.method)), Lists)]
OF_A_TENANT = [route for route in WALKED if route.is_portals and "reference" in route.parts]


def each(among: list[Route]) -> Any:
    return pytest.mark.parametrize("route", among, ids=str)


@pytest.fixture
def things(world, alice) -> Things:
    """Alice's. Of the others nobody has anything: whatever they find is hers."""
    Cluster.objects.update(key_delivery=Cluster.KeyDelivery.ENV)
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="hers-alone")
    pod = settle(CloudPod.objects.get(pk=operation.subject_id))
    operation.refresh_from_db()
    lease = IPLease.objects.get()
    kept = {"name": "kept-as-it-was", "state": Snapshot.State.READY, "created_at": control_now()}
    Snapshot.objects.create(tenant=alice.tenant, pod=pod, **kept)
    going = create_pod(by=alice.actor, tenant=alice.tenant, hostname="hers-alone-too")
    return Things(alice.tenant, pod, operation, lease, going)


@pytest.fixture
def owner(alice):
    return member("alice", alice.tenant), alice.token


@pytest.fixture
def other(charlie):
    return member("charlie", charlie.tenant), charlie.token


def ask(route: Route, who: Any, things: Things, *, query: Any = None, **parts: str) -> Any:
    """As the person on the portal, as the person's program on the API; `who` is None for somebody unknown."""
    user, token = who or (None, None)
    if route.is_portals:
        client = portal(user) if user else Client()
    else:
        client = Client(headers={"authorization": f"Bearer {token}"} if token else {})
    step = walk_of(route)
    thing = "" if isinstance(step, Lists) else step.thing
    known = {"reference": things.tenant.reference, "pk": things.id_of(thing) if thing else "", "name": "kept-as-it-was"}
    known |= parts
    url = reverse(route.name, kwargs={name: known[name] for name in route.parts}, query=query)
    body = {"data": step.body, "content_type": "application/json"} if isinstance(step, Does | Staffs) else {}
    return getattr(client, route.method.lower())(url, follow=user is not None, **body)


def walk_of(route: Route) -> Shows | Lists | Does | Staffs:
    step = WALK.get((route.name, route.method))
    assert step, f"{route} is new: say in WALK (tests/house/routes.py) how it is asked for a tenant's things"
    assert not isinstance(step, Nobodys)
    return step


def told(answer: Any, things: Things) -> set[str]:
    return {trace for trace in things.traces if trace in answer.content.decode()}


def state_of_the_world() -> list[Any]:
    rows = (CloudPod, Operation, IPLease, ApiToken)
    return [list(model.objects.order_by("pk").values()) for model in rows]


def is_empty(answer: Any) -> bool:
    """Somebody else's own list, in which there is nothing."""
    return answer.status_code == 200 and ("results" not in answer.text or answer.json()["results"] == [])


def test_no_route_is_forgotten():
    known, found = set(WALK), {(route.name, route.method) for route in ALL}
    assert not found - known, "add them to WALK in tests/house/routes.py"
    assert not known - found, "these are no routes any more: take them out of WALK in tests/house/routes.py"
    assert {"portal:pod", "pod-detail"} <= {route.name for route in WALKED}


@pytest.mark.sampled(15)
@each(WALKED)
def test_its_owner_is_answered_and_another_tenants_user_finds_nothing(route, things, owner, other):
    step = walk_of(route)
    if isinstance(step, Does) and step.first:
        CloudPod.objects.filter(pk=things.pod.pk).update(**step.first)
    mine = ask(route, owner, things)
    if isinstance(step, Staffs):
        assert (mine.status_code, mine.json()["code"]) == (403, "staff_only")
    else:
        assert mine.status_code == (step.status if isinstance(step, Does) else 200), mine.content
        assert name_in(step, things) in mine.content.decode()

    before = state_of_the_world()
    others = ask(route, other, things)
    assert others.status_code == 404 or (isinstance(step, Lists) and is_empty_of(route, others, things))
    assert not told(others, things) - asked_for(step)
    assert state_of_the_world() == before


def asked_for(step: Shows | Lists | Does | Staffs) -> set[str]:
    """A refusal may repeat what it was asked."""
    return {value for value in step.body.values() if isinstance(value, str)} if isinstance(step, Does) else set()


def name_in(step: Shows | Lists | Does | Staffs, things: Things) -> str:
    """What its owner recognises the thing by."""
    names = {"reference": things.tenant.reference, "address": things.lease.address, "hostname": things.pod.hostname}
    if isinstance(step, Lists):
        return names[step.trace]
    if isinstance(step, Does):
        made = step.body.get("hostname") if step.thing == "tenant" else None
        return str(made or things.pod.hostname)
    if step.thing == "snapshot":
        return "kept-as-it-was"
    return names["reference" if step.thing == "tenant" else "hostname"]


def is_empty_of(route: Route, answer: Any, things: Things) -> bool:
    """Of tenants the API lists one's own, so that list is empty of others' only."""
    return is_empty(answer) or (route.name == "tenant-list" and not told(answer, things))


@each(
    [
        route
        for route in ALL
        if route not in WALKED and route.method == "GET" and route.name != "^api/" and not route.parts
    ]
)
def test_what_is_nobodys_tells_nothing_of_anybodys(route, things, owner, other):
    """Its own examples may name an address or a tenant such as there are here; nobody else knows ids and this name."""
    for user, token in (owner, other):
        for client in (portal(user), Client(headers={"authorization": f"Bearer {token}"}), Client()):
            text = client.get(reverse(route.name)).text
            assert not {trace for trace in things.ids | {things.pod.hostname} if trace in text}


@pytest.mark.sampled(15)
@each([route for route in WALKED if not route.is_portals])
def test_without_a_token_the_api_answers_401_and_tells_nothing(route, things):
    before = state_of_the_world()
    answer = ask(route, None, things)
    assert answer.status_code == 401
    assert not told(answer, things)
    assert state_of_the_world() == before


@each([route for route in WALKED if route.is_portals])
def test_who_has_not_logged_in_is_led_to_the_login(route, things):
    answer = ask(route, None, things)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("portal:login") + "?next=/portal/")


@pytest.mark.sampled(15)
@each([route for route in WALKED if route.parts])
def test_what_is_not_ones_own_is_told_like_what_does_not_exist(route, things, other):
    nothing = {"reference": "TENANT-404", "pk": str(new_id())}
    there, nowhere = ask(route, other, things), ask(route, other, things, **nothing)
    assert there.status_code == nowhere.status_code == 404
    assert without_id(there) == without_id(nowhere)


def without_id(answer: Any) -> str:
    """Each answer names its own request."""
    return str(answer.text).replace(answer.headers["X-Request-ID"], "")


@each([route for route in OF_A_TENANT if "pk" in route.parts])
def test_another_tenants_thing_is_not_to_be_had_under_ones_own_tenant(route, things, other):
    assert ask(route, other, things, reference="TENANT-102").status_code == 404


@each(OF_A_TENANT)
@pytest.mark.parametrize("rights", [{"is_staff": True, "is_superuser": True}, {}], ids=["superuser", "of no tenant"])
def test_only_a_membership_opens_a_tenants_pages(route, rights, things):
    answer = ask(route, (member("nora", **rights), None), things)
    assert answer.status_code == 404
    assert not told(answer, things)


@each(OF_A_TENANT)
def test_a_member_of_the_platforms_tenant_sees_no_customers_pages(route, things, olga):
    assert ask(route, (member("olga", olga.tenant), None), things).status_code == 404


@each(LISTS)
def test_nothing_that_can_be_asked_for_brings_anothers_things_into_a_list(route, things, other):
    newest = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    asked = {
        "tenant": things.tenant.reference,
        "tenant_id": things.id_of("tenant"),
        "subject": things.id_of("pod"),
        "hostname": things.pod.hostname,
        "cluster": "pve-a",
        "state": "succeeded",
        "show": "running",
        "q": things.pod.hostname,
        "before": newest,
        "page_size": "200",
    }
    for name, value in asked.items():
        answer = ask(route, other, things, query={name: value}, reference="TENANT-102")
        found = told(answer, things) - {value}  # a page may repeat what it was asked
        assert not found, (name, value)
        assert answer.status_code in (200, 400, 404), (name, value)


@each(OF_A_TENANT)
def test_somebody_of_two_tenants_sees_each_on_its_own_pages_only(route, things, other, charlie, alice):
    both = member("dora", alice.tenant, charlie.tenant), None
    assert ask(route, both, things).status_code == 200
    elsewhere = ask(route, both, things, reference="TENANT-102")
    assert elsewhere.status_code == (404 if "pk" in route.parts else 200)
    assert told(elsewhere, things) <= {"TENANT-101"}  # in the menu of one's tenants


@each([route for route in ALL if route.is_portals and route.method == "GET" and route.name != "portal:login"])
def test_the_portal_takes_nothing_but_reading(route, things, owner):
    parts = {"reference": "TENANT-101", "pk": things.id_of("pod")}
    url = reverse(route.name, kwargs={name: parts[name] for name in route.parts})
    before = state_of_the_world()
    for method in ("post", "put", "patch", "delete"):
        assert getattr(portal(owner[0]), method)(url).status_code == 405
    assert state_of_the_world() == before


def test_a_token_of_another_tenant_does_not_open_the_portal(things, other):
    client = Client(headers={"authorization": f"Bearer {create_token(by=SYSTEM, tenant=things.tenant, name='x')[1]}"})
    assert client.get(reverse("portal:pods", args=["TENANT-101"])).status_code == 302


def test_a_session_of_the_portal_does_not_open_the_api(things, owner):
    assert portal(owner[0]).get("/api/v1/pods").status_code == 401
