"""API tokens: kept as a hash only, and every one that opens nothing is told alike."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from django.core import serializers
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.errors import Invalid
from tenants.models import ApiToken
from tenants.services import create_token, revoke_token, set_state, token_of
from tests.tenants.problems import problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(alice):
    return create_token(by=SYSTEM, tenant=alice.tenant, name="mpanel")


def ask(header):
    headers = {} if header is None else {"authorization": header}
    return Client(headers=headers).get("/api/v1/tenants")


def test_a_token_s_text_finds_it_with_its_tenant(made, alice):
    token, text = made
    found = token_of(text)
    assert found is not None
    assert found == token
    assert found.tenant == alice.tenant
    assert found.actor.kind == "token"
    assert found.actor.name == "mpanel"


def test_of_a_token_s_secret_only_the_hash_is_kept_anywhere(made):
    token, text = made
    secret = text.split("_", 2)[2]
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    kept = serializers.serialize("json", [*ApiToken.objects.all(), *AuditEvent.objects.all()])
    assert secret not in kept
    assert token.digest not in json.dumps(list(AuditEvent.objects.values("after", "before", "reason")))


def test_no_two_tokens_are_alike(alice):
    texts = {create_token(by=SYSTEM, tenant=alice.tenant, name="mpanel")[1] for _ in range(5)}
    assert len(texts) == 5
    assert all(len(text.split("_", 2)[2]) >= 43 for text in texts)


def test_a_token_needs_a_name(alice):
    with pytest.raises(Invalid) as refused:
        create_token(by=SYSTEM, tenant=alice.tenant, name=" ")
    assert refused.value.field == "name"


def unknown(text):
    return "mc_0123456789ab_" + text.split("_", 2)[2]


def wrong_secret(text):
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def expired(text):
    ApiToken.objects.filter(prefix=text.split("_")[1]).update(expires_at=timezone.now() - timedelta(seconds=1))
    return text


def revoked(text):
    revoke_token(by=SYSTEM, token=ApiToken.objects.get(prefix=text.split("_")[1]))
    return text


def without_secret(text):
    return text.rsplit("_", 1)[0]


def with_the_digest_for_a_secret(text):
    prefix = text.split("_")[1]
    return f"mc_{prefix}_{ApiToken.objects.get(prefix=prefix).digest}"


BAD = [
    unknown,
    wrong_secret,
    expired,
    revoked,
    without_secret,
    with_the_digest_for_a_secret,
    str.upper,
    lambda text: "x",
]


@pytest.mark.parametrize("spoil", BAD)
def test_a_token_that_opens_nothing_is_told_alike_whatever_the_reason(made, spoil):
    text = spoil(made[1])
    assert token_of(text) is None
    answer = ask(f"Bearer {text}")
    assert problem_of(answer, 401, "authentication_failed") == "The token is unknown, expired or revoked."
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Basic YTpi", "Bearer a b", "Token x", "bearer  "])
def test_a_header_of_another_form_is_told_how_it_should_be(made, header):
    answer = ask(header)
    assert "Authorization: Bearer <token>" in problem_of(answer, 401, "authentication_failed")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_request_without_a_token_is_told_that_one_is_needed(db):
    answer = ask(None)
    problem_of(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_a_good_token_opens_its_tenant_s_things(made, word):
    assert ask(f"{word} {made[1]}").status_code == 200


def test_a_token_that_expires_later_is_good_until_then(alice):
    later = timezone.now() + timedelta(minutes=5)
    token, text = create_token(by=SYSTEM, tenant=alice.tenant, name="mpanel", expires_at=later)
    assert token_of(text) == token


def test_bytes_that_are_no_text_are_refused_like_any_wrong_token(made):
    prefix = made[1].split("_")[1]
    for text in ("mc_\xff\xfe_x", f"mc_{prefix}_\xff", "mc_\x00_x", f"mc_{prefix}_\x00"):
        problem_of(ask(f"Bearer {text}"), 401, "authentication_failed")


def test_revoking_twice_is_revoking_once(made):
    token, _ = made
    revoke_token(by=SYSTEM, token=token)
    first = ApiToken.objects.get(pk=token.pk).revoked_at
    revoke_token(by=SYSTEM, token=token)
    assert ApiToken.objects.get(pk=token.pk).revoked_at == first
    assert AuditEvent.objects.filter(action="token.revoke", resource_id=token.pk).count() == 1


def test_a_suspended_tenant_s_token_still_reads(made, alice):
    set_state(by=SYSTEM, tenant=alice.tenant, state="suspended", reason="unpaid")
    answer = ask(f"Bearer {made[1]}")
    assert answer.json()["results"][0]["state"] == "suspended"
