"""`manage.py token`: makes tokens that open the API, shows them without secrets, and ends them.

Decides: the command's words and refusals. Not: what a token may see (the API's own tests).
"""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from audit.services import SYSTEM
from tenants.models import ApiToken, Tenant
from tenants.services import create_tenant, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return create_tenant(by=SYSTEM, reference="TENANT-123", name="Alice's shop")


def token(*words: str) -> str:
    """What it prints to be used; the rest, for people, goes to stderr."""
    out = StringIO()
    call_command("token", *words, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def refusal(*words: str) -> str:
    with pytest.raises(CommandError) as refused:
        token(*words)
    return str(refused.value)


def test_it_prints_a_token_that_opens_the_api_and_records_who_has_one(tenant: Tenant) -> None:
    text = token("create", "--tenant", "TENANT-123", "--name", "panel")
    made = token_of(text)
    assert made is not None
    assert (made.tenant, made.name, made.expires_at) == (tenant, "panel", None)
    assert AuditEvent.objects.filter(action="token.create", tenant_reference="TENANT-123").exists()


def test_the_platforms_token_needs_no_tenant_before_it() -> None:
    made = token_of(token("create", "--tenant", "TENANT-0", "--name", "mpanel"))
    assert made is not None
    assert made.tenant.is_platform


@pytest.mark.usefixtures("tenant")
def test_a_day_is_its_beginning_in_utc() -> None:
    made = token_of(token("create", "--tenant", "TENANT-123", "--name", "panel", "--expires", "2999-01-31"))
    assert made is not None
    assert made.expires_at is not None
    assert made.expires_at.isoformat() == "2999-01-31T00:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tenant", "TENANT-9", "--name", "x"), "There is no tenant TENANT-9. Make it in the admin or by the API"),
        (("--tenant", "TENANT-123", "--name", " "), "A token needs a name that says who uses it."),
        (("--tenant", "TENANT-123", "--name", "x", "--expires", "soon"), "'soon' is no date or time"),
        (("--tenant", "TENANT-123", "--name", "x", "--expires", "2999-02-31"), "'2999-02-31' is no date or time"),
        (("--tenant", "TENANT-123", "--name", "x", "--expires", "2001-01-01"), "2001-01-01 is over already"),
    ],
)
@pytest.mark.usefixtures("tenant")
def test_what_cannot_be_is_refused_and_makes_nothing(words: tuple[str, ...], message: str) -> None:
    assert message in refusal("create", *words)
    assert not ApiToken.objects.exists()


@pytest.mark.usefixtures("tenant")
def test_a_revoked_token_opens_nothing_and_the_list_says_so() -> None:
    text = token("create", "--tenant", "TENANT-123", "--name", "panel")
    prefix, secret = text.split("_", 2)[1:]
    listed = token("list", "--tenant", "TENANT-123")
    assert prefix in listed
    assert "good" in listed
    assert secret not in listed
    assert token("revoke", prefix) == "Token panel of TENANT-123 opens nothing any more."
    assert token_of(text) is None
    assert "revoked" in token("list")


def test_a_token_that_is_not_there_is_named() -> None:
    assert "No token begins with mc_0123_. See: manage.py token list" in refusal("revoke", "0123")
