"""Tenants, tokens and people in the admin: services decide, refusals are shown at their field, secrets once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.urls import reverse

from audit.models import AuditEvent
from tenants.models import ApiToken, Membership, Tenant, User
from tenants.services import token_of
from tests.desk import desk, form, page, staff, superuser

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ADD_TENANT = "admin:tenants_tenant_add"
QUOTA = {"pods": "3", "cores": "6", "memory_mib": "8192", "disk_gib": "60"}


def add_tenant(reference="TENANT-777", name="Northwind", **changed):
    return desk().post(reverse(ADD_TENANT), {"reference": reference, "name": name, **QUOTA, **changed})


def test_a_tenant_is_made_with_its_quota_and_the_record_names_the_person(db):
    assert add_tenant().status_code == 302
    tenant = Tenant.objects.get(reference="TENANT-777")
    assert (tenant.quota.pods, tenant.quota.memory_mib) == (3, 8192)
    event = AuditEvent.objects.get(action="tenant.create", resource_id=tenant.pk)
    assert (event.actor_kind, event.actor) == ("user", "ada")


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"reference": "TENANT-101"}, "reference"), ({"reference": "shop"}, "reference"), ({"pods": "-1"}, "pods")],
)
def test_what_is_refused_is_told_at_its_field_and_nothing_is_made(changed, field, alice):
    before = Tenant.objects.count()
    response = add_tenant(**changed)
    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors
    assert Tenant.objects.count() == before


def change(tenant, **changed):
    quota = tenant.quota
    now = {"grace_hours": tenant.grace_hours, "pods": quota.pods, "cores": quota.cores}
    now |= {"memory_mib": quota.memory_mib, "disk_gib": quota.disk_gib}
    return desk().post(form(tenant), {**now, **changed})


def test_the_state_is_no_field_of_the_form_because_its_pods_are_concerned(alice):
    """tests/pods/test_admin_tenants.py has the pages that suspend and resume."""
    assert change(alice.tenant, state="suspended", reason="unpaid").status_code == 302
    alice.tenant.refresh_from_db()
    assert alice.tenant.state == "active"


def test_how_long_deleted_pods_are_kept_is_set_with_a_record(alice):
    assert change(alice.tenant, grace_hours=24).status_code == 302
    event = AuditEvent.objects.get(action="tenant.grace")
    assert (event.actor, event.before, event.after) == ("ada", {"grace_hours": 72}, {"grace_hours": 24})
    refused = change(alice.tenant, grace_hours=100_000)
    assert "grace_hours" in refused.context["adminform"].form.errors


def test_only_the_limits_that_changed_are_recorded(alice):
    change(alice.tenant, cores=99)
    event = AuditEvent.objects.get(action="tenant.quota")
    assert (event.before, event.after) == ({"cores": 20}, {"cores": 99})


def test_saving_without_a_change_records_nothing(alice):
    before = AuditEvent.objects.count()
    assert change(alice.tenant).status_code == 302
    assert AuditEvent.objects.count() == before


def make_token(client, tenant):
    data = {"tenant": str(tenant.pk), "name": "ci", "expires_at_0": "", "expires_at_1": ""}
    return client.post(reverse("admin:tenants_apitoken_add"), data)


def test_a_tokens_text_is_in_the_one_answer_that_makes_it_and_opens_the_api(alice):
    client = desk()
    response = make_token(client, alice.tenant)
    text = response.context["text"]
    assert text in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    token = ApiToken.objects.get(name="ci")
    assert token_of(text) == token
    stored = [session.session_data for session in Session.objects.all()]
    kept = [client.get(page(token)).content.decode(), str(response.cookies), *stored]
    secret = text.split("_", 2)[2]  # which may have such a line itself
    assert not any(text in words or secret in words for words in kept)


def test_a_token_is_revoked_by_post_only(alice):
    client = desk()
    token = ApiToken.objects.get(name="alice")
    url = reverse("admin:tenants_apitoken_revoke", args=[token.pk])
    assert url in client.get(page(token)).content.decode()
    assert client.get(url).status_code == 200
    assert token_of(alice.token) == token
    client.post(url)
    assert token_of(alice.token) is None
    assert AuditEvent.objects.get(action="token.revoke").actor == "ada"


def test_somebody_who_may_only_look_cannot_revoke(alice):
    client = desk(staff("tenants.view_apitoken"))
    url = reverse("admin:tenants_apitoken_revoke", args=[ApiToken.objects.get(name="alice").pk])
    assert client.post(url).status_code == 403
    assert token_of(alice.token) is not None


def test_no_page_shows_a_hash_of_a_token_or_password(alice):
    client, token = desk(), ApiToken.objects.get(name="alice")
    assert token.digest not in client.get(page(token)).content.decode()
    user = superuser()
    assert user.password not in client.get(page(user)).content.decode()


def test_a_new_user_and_a_changed_password_are_recorded_without_the_password(db):
    client = desk()
    secret = "correct-horse-battery"
    client.post(
        reverse("admin:tenants_user_add"),
        {"username": "nina", "usable_password": "true", "password1": secret, "password2": secret},
    )
    nina = User.objects.get(username="nina")
    url = reverse("admin:auth_user_password_change", args=[nina.pk])
    client.post(url, {"usable_password": "true", "password1": secret + "-2", "password2": secret + "-2"})
    nina.refresh_from_db()
    assert nina.check_password(secret + "-2")
    events = AuditEvent.objects.filter(resource_id=nina.pk)
    assert sorted(event.action for event in events) == ["user.change", "user.create"]
    assert not any(secret in str(event.after) for event in events)


def test_staff_who_may_change_users_cannot_make_themselves_superusers_or_touch_one(db):
    sam = staff("tenants.change_user", "tenants.view_user")
    client = desk(sam)
    client.post(page(sam), {"username": "sam", "is_active": "on", "is_staff": "on", "is_superuser": "on"})
    sam.refresh_from_db()
    assert not sam.is_superuser
    ada = superuser()
    assert client.post(page(ada), {"username": "sam-was-here"}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[ada.pk])
    assert client.post(password, {"password1": "x", "password2": "x"}).status_code == 403


def test_a_membership_comes_and_goes_with_a_record(alice):
    client = desk()
    user = User.objects.create_user("bob", password="a-long-test-password")
    data = {"user": str(user.pk), "tenant": str(alice.tenant.pk), "role": "member"}
    client.post(reverse("admin:tenants_membership_add"), data)
    membership = Membership.objects.get(user=user)
    again = client.post(reverse("admin:tenants_membership_add"), data)
    assert again.status_code == 200
    client.post(reverse("admin:tenants_membership_delete", args=[membership.pk]), {"post": "yes"})
    assert not Membership.objects.exists()
    actions = AuditEvent.objects.filter(resource_kind="membership").values_list("action", flat=True)
    assert sorted(actions) == ["membership.create", "membership.remove"]


def test_staff_who_may_make_tokens_cannot_make_one_for_the_platform(olga):
    maker = desk(staff("tenants.add_apitoken", "tenants.view_tenant", "tenants.view_apitoken"))
    before = ApiToken.objects.count()
    response = maker.post(reverse("admin:tenants_apitoken_add"), {"tenant": str(olga.tenant.pk), "name": "everything"})
    assert response.status_code == 200
    assert "acts for every tenant" in str(response.context["adminform"].form.errors["tenant"])
    assert ApiToken.objects.count() == before


def test_staff_cannot_set_the_password_of_other_staff(db):
    other = User.objects.create_user("grace", is_staff=True)
    changer = desk(staff("tenants.view_user", "tenants.change_user"))
    path = reverse("admin:auth_user_password_change", args=[other.pk])
    assert changer.post(path, {"password1": "a new long one 1", "password2": "a new long one 1"}).status_code == 403
    other.refresh_from_db()
    assert not other.has_usable_password() or not other.check_password("a new long one 1")


def test_only_a_superuser_changes_groups_and_the_change_is_recorded(db):
    group = Group.objects.create(name="operators")
    path = reverse("admin:auth_group_change", args=[group.pk])
    everything = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    member = desk(staff("auth.view_group", "auth.change_group"))
    assert member.post(path, {"name": "operators", "permissions": everything}).status_code == 403
    assert not group.permissions.exists()
    assert desk().post(path, {"name": "operators", "permissions": everything[:1]}).status_code == 302
    assert AuditEvent.objects.get(action="group.change").resource_name == "operators"


@pytest.mark.parametrize(
    ("model", "lookup"),
    [("clusters_cluster", "token_sealed"), ("clusters_markkey", "sealed"), ("tenants_apitoken", "digest")],
)
def test_no_filter_typed_into_the_address_guesses_at_a_secret(model, lookup, world, alice):
    response = desk().get(reverse(f"admin:{model}_changelist"), {f"{lookup}__startswith": "a"})
    assert response.status_code == 400
