"""Coming into the portal and out of it: who gets in, where they land, and what a failed login tells."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audit.services import SYSTEM
from tenants.models import User
from tenants.services import set_state
from tests.desk import desk, make_pods, superuser
from tests.migracloud.portal_people import PASSWORD, member, portal

pytestmark = pytest.mark.django_db

HOME, LOGIN, LOGOUT = "/portal/", "/portal/login/", "/portal/logout/"
PODS, OPERATIONS = "/portal/TENANT-101/pods/", "/portal/TENANT-101/operations/"


def log_in(client: Client, name: str, password: str = PASSWORD, **query: str):
    return client.post(LOGIN, {"username": name, "password": password, **query})


@pytest.fixture
def at_portal(alice) -> Client:
    return portal(member("alice", alice.tenant))


def test_who_logs_in_gets_to_their_tenants_pods(client, alice):
    member("alice", alice.tenant, password=PASSWORD)
    answer = client.post(LOGIN, {"username": "alice", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == PODS
    assert "You have no pods yet" in answer.text


def test_who_was_sent_to_the_login_comes_back_to_where_they_wanted(client, alice):
    member("alice", alice.tenant, password=PASSWORD)
    sent = client.get(OPERATIONS)
    assert sent.headers["Location"] == f"{LOGIN}?next={OPERATIONS}"
    assert f'name="next" value="{OPERATIONS}"' in client.get(sent.headers["Location"]).text
    assert log_in(client, "alice", next=OPERATIONS).headers["Location"] == OPERATIONS


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_a_login_leads_nowhere_but_to_this_site(elsewhere, client, alice):
    member("alice", alice.tenant, password=PASSWORD)
    assert log_in(client, "alice", next=elsewhere).headers["Location"] == HOME


@pytest.mark.parametrize("circle", [LOGIN, f"{LOGIN}?next={LOGIN}", f"http://testserver{LOGIN}"])
def test_a_login_that_leads_back_to_itself_ends_at_the_pods(circle, alice, at_portal):
    """Somebody who has logged in follows a link that was made by hand: Django alone would break."""
    assert at_portal.get(LOGIN, {"next": circle}, follow=True).redirect_chain[-1] == (PODS, 302)
    member("anna", alice.tenant, password=PASSWORD)
    answer = Client().post(LOGIN, {"username": "anna", "password": PASSWORD, "next": circle}, follow=True)
    assert answer.redirect_chain[-1] == (PODS, 302)


def test_every_failed_login_is_told_alike(client, alice):
    member("alice", alice.tenant, password=PASSWORD)
    member("gone", alice.tenant, password=PASSWORD, is_active=False)
    wrong = [("alice", "not-the-password"), ("nobody", PASSWORD), ("gone", PASSWORD), ("nul\x00", PASSWORD), ("", "")]
    for name, password in wrong:
        answer = log_in(client, name, password)
        assert answer.status_code == 200
        assert "User name and password do not match" in answer.text
        assert password not in answer.text or not password
    assert client.get(PODS).status_code == 302


def test_a_login_gets_a_session_of_its_own(client, alice):
    member("alice", alice.tenant, password=PASSWORD)
    client.get(LOGIN)
    client.session["planted"] = "by somebody"
    client.session.save()
    before = client.session.session_key
    log_in(client, "alice")
    assert client.session.session_key != before


def test_a_form_without_its_csrf_token_logs_nobody_in_or_out(alice):
    user = member("alice", alice.tenant, password=PASSWORD)
    strict = Client(enforce_csrf_checks=True)
    assert log_in(strict, "alice").status_code == 403
    strict.force_login(user)
    assert strict.post(LOGOUT).status_code == 403
    assert strict.get(PODS).status_code == 200


def test_logging_out_takes_a_button_and_ends_the_session(at_portal):
    assert at_portal.get(LOGOUT).status_code == 405
    assert at_portal.post(LOGOUT).headers["Location"] == LOGIN
    assert at_portal.get(PODS).status_code == 302


def test_who_is_disabled_or_loses_the_membership_is_out_at_once(alice):
    user = member("alice", alice.tenant)
    client = portal(user)
    assert client.get(PODS).status_code == 200
    user.memberships.all().delete()
    assert client.get(PODS).status_code == 404
    user.is_active = False
    user.save()
    assert client.get(PODS).status_code == 302


def test_somebody_of_two_tenants_chooses_and_can_turn_to_the_other(alice, charlie):
    both = portal(member("dora", alice.tenant, charlie.tenant))
    choice = both.get(HOME).text
    for text in (choice, both.get(PODS).text):
        assert f'href="{PODS}"' in text
        assert 'href="/portal/TENANT-102/pods/"' in text


def test_somebody_of_no_tenant_is_told_so(db):
    assert "You belong to no tenant" in portal(member("nora")).get(HOME).text
    staffs = portal(superuser()).get(HOME).text
    assert "You belong to no tenant" in staffs
    assert reverse("admin:index") in staffs


def test_the_bare_address_leads_each_to_their_own_page(client, at_portal):
    assert at_portal.get("/").headers["Location"] == HOME
    assert client.get("/").headers["Location"] == reverse("admin:index")
    assert portal(superuser()).get("/").headers["Location"] == reverse("admin:index")


def test_a_suspended_tenants_people_still_look_and_are_told(world, alice, at_portal):
    make_pods(alice, 1)
    set_state(by=SYSTEM, tenant=alice.tenant, state="suspended", reason="unpaid")
    text = at_portal.get(PODS).text
    assert "TENANT-101 is suspended" in text
    assert "web-0" in text
    assert "unpaid" not in text


def test_an_operator_lets_a_person_in_by_the_admin(client, alice):
    """As README.md says it: a user with a password, and a membership."""
    admin = desk()
    new = {"username": "nina", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    admin.post(reverse("admin:tenants_user_add"), new)
    nina = User.objects.get(username="nina")
    chosen = {"user": str(nina.pk), "tenant": str(alice.tenant.pk), "role": "member"}
    admin.post(reverse("admin:tenants_membership_add"), chosen)
    assert not nina.is_staff
    assert log_in(client, "nina").headers["Location"] == HOME
    assert client.get(HOME).headers["Location"] == PODS
