"""Odd requests to every documented route with a tenant's token: no error of ours, nothing of another tenant's."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from migracloud.openapi.hooks import operations_in
from operations.models import Operation
from tests import described
from tests.described import document_read
from tests.desk import make_pods

pytestmark = pytest.mark.django_db

HIDDEN = "charlies-own"
ROUTES = list(operations_in(document_read()))
SCHEMAS = document_read()["components"]["schemas"]

odd_texts = st.text(max_size=20) | st.sampled_from(
    ["", "\0", "web", "-", "a" * 300, "TENANT-101", "TENANT-102", "TENANT-0", "10.1.10.51", "10.1.10.1", "1e9", "../x"]
)
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | odd_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def there(world, alice, charlie):
    """A pod and an operation of each of the two."""
    [own], [other] = make_pods(alice, 1), make_pods(charlie, 1, first=3)
    other.hostname = HIDDEN
    other.save()
    Operation.objects.filter(subject_id=other.pk).update(subject_name=HIDDEN)
    operations = [Operation.objects.get(subject_id=pod.pk) for pod in (own, other)]
    Operation.objects.filter(pk=operations[0].pk).update(state="succeeded")
    ids = [str(row.pk) for row in (own, other, *operations)]
    program = Client(raise_request_exception=False, headers={"authorization": f"Bearer {alice.token}"})
    return SimpleNamespace(program=program, ids=ids, hidden=[HIDDEN, "Charlie's"])


@settings(max_examples=5 * settings().max_examples)
@given(data=st.data())
def test_no_request_breaks_the_api_or_shows_another_tenants_things(data, there):
    path, method, operation = data.draw(st.sampled_from(ROUTES), label="route")
    for name in described_names(operation, "path"):
        known = st.sampled_from([*there.ids, str(uuid4()), "TENANT-101", "TENANT-102"])
        path = path.replace(
            "{" + name + "}", data.draw(known | st.from_regex(r"[\w.%-]{1,30}", fullmatch=True), label=name)
        )
    query = data.draw(queries(operation, there.ids), label="query")
    body = data.draw(bodies(operation), label="body")
    with transaction.atomic():
        answer = there.program.generic(method, path, body, "application/json", query_params=query)
        transaction.set_rollback(True)
    assert answer.status_code < 500, answer.content
    described.check(method, path, answer)
    for hidden in there.hidden:
        assert hidden not in answer.content.decode()


def described_names(operation: dict[str, Any], where: str) -> list[str]:
    return [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == where]


def queries(operation: dict[str, Any], ids: list[str]) -> Any:
    """Some of the route's parameters, one that it has not, each right or wrong."""
    names = st.sampled_from([*described_names(operation, "query"), "colour"])
    values = odd_texts | st.sampled_from([*ids, "active", "gone", "failed,queued", "create", "pve-a", "2", "running"])
    return st.dictionaries(names, values, max_size=2) | st.just({})


def bodies(operation: dict[str, Any]) -> Any:
    """The members that the body has, right or wrong or left out, and one that it has not; or no object at all."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return st.sampled_from(["", "{}", "{"])
    schema = SCHEMAS[content["schema"]["$ref"].rpartition("/")[2]]
    right = [example["value"] for example in content["examples"].values()]
    names = st.sampled_from([*schema["properties"], "colour"])
    mixed = st.builds(
        lambda one, odd: one | odd, st.sampled_from(right), st.dictionaries(names, odd_values, max_size=2)
    )
    return (mixed | odd_values).map(json.dumps) | st.sampled_from(["", "{", '{"hostname": "\\ud800"}'])


def test_the_routes_that_change_a_pod_know_no_pod_of_another_tenant(there):
    other = there.ids[1]
    for path, method, _ in ROUTES:
        if path.startswith("/api/v1/pods/{id}"):
            body = json.dumps({"ssh_keys": []} if "ssh-keys" in path else {})
            answer = there.program.generic(method, path.replace("{id}", other), body, "application/json")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
