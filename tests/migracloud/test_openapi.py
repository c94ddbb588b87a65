"""The document of the API says what there is: every route, every member, every code, in valid OpenAPI 3.1."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import URLPattern, get_resolver
from drf_spectacular.validation import validate_schema

from core.errors import Refused
from core.pagination import NewestFirst
from migracloud.database import ROOT
from migracloud.openapi import words
from migracloud.openapi.document import as_json, document
from migracloud.openapi.hooks import operations_in
from migracloud.openapi.problems import EVERYWHERE, FORBIDDEN, INVALID, WITH_A_BODY
from migracloud.openapi.routes import ROUTES
from migracloud.urls import router
from tests.described import document_read, is_valid

GOLDEN = ROOT / "docs" / "openapi.json"
NOT_IN_IT = {"openapi", "docs"}  # the document and its page
SCHEMAS = document_read()["components"]["schemas"]
OPERATIONS = [(path, method, operation) for path, method, operation in operations_in(document_read())]
IDS = [operation["operationId"] for *_, operation in OPERATIONS]


def test_it_is_generated_without_a_warning_and_is_valid(tmp_path):
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "openapi.yaml"))
    assert document()["openapi"].startswith("3.1")
    validate_schema(document())


def test_it_is_the_one_that_is_kept():
    """What panels are built on changes on purpose only: `bin/goldens` writes it anew."""
    assert as_json().decode() == GOLDEN.read_text()


def test_every_route_of_the_api_is_in_it_and_no_other():
    there = {
        ("/api/v1/" + _plain(str(route.pattern)), method.upper())
        for route in router.urls
        for method in route.callback.actions  # type: ignore[union-attr]
        if method != "head"
    }
    assert {(_plain(path), method) for path, method, _ in OPERATIONS} == there
    beside = [found for found in get_resolver().url_patterns if isinstance(found, URLPattern)]
    assert {found.name for found in beside if str(found.pattern).startswith("api/v1/")} == NOT_IN_IT


def _plain(path: str) -> str:
    """Without the names of what stands in it."""
    return re.sub(r"\{\w+\}|\(\?P<\w+>[^)]*\)", "*", path).removeprefix("^").removesuffix("$").removesuffix(r"\Z")


def test_every_row_of_the_table_is_a_route():
    assert {route.id for route in ROUTES.values()} == set(IDS)
    assert len(set(IDS)) == len(IDS) == len(ROUTES)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_member_and_every_value_says_what_it_means(name):
    schema = SCHEMAS[name]
    assert schema.get("description")
    without = [member for member, about in schema.get("properties", {}).items() if not about.get("description")]
    assert not without, f"say what they mean in migracloud/openapi/words.py: {without}"
    if "enum" in schema and schema["enum"] != [""]:
        assert list(words.VALUES[name]) == schema["enum"]


def test_no_words_are_about_what_is_not_there():
    for name, members in words.MEMBERS.items():
        assert set(members) <= set(SCHEMAS[name]["properties"]), name
    assert set(words.BODIES) | set(words.VALUES) <= set(SCHEMAS)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_every_route_says_all_that_a_programmer_asks_for(path, method, operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["security"] == [{"token": []}]
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter["name"]
    assert {"401", "406", "500"} <= set(operation["responses"])
    if method in ("POST", "PUT"):
        assert operation["requestBody"]["content"]["application/json"]["examples"]
        assert {"400", "413", "415"} <= set(operation["responses"])
    if "202" in operation["responses"]:
        assert "Location" in operation["responses"]["202"]["headers"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_every_example_is_as_its_schema_says(path, method, operation):
    held = [operation.get("requestBody"), *operation["responses"].values()]
    held += document_read()["components"]["responses"].values()
    bodies = [content for part in held if part for content in part.get("content", {}).values()]
    assert bodies
    for content in bodies:
        assert content["examples"]
        for example in content["examples"].values():
            is_valid(example["value"], content["schema"])


def test_every_code_in_it_is_one_of_the_code_base():
    """Ours are classes; the framework's and no_page.py's are met by tests/migracloud/test_api_problems.py."""
    ours = {(refusal.code, refusal.status) for refusal in _refusals(Refused)}
    theirs = {(told.code, told.status) for told in (*EVERYWHERE, FORBIDDEN, INVALID, *WITH_A_BODY)}
    told = {(told.code, told.status) for route in ROUTES.values() for told in route.problems}
    assert told <= ours | theirs


def test_every_refusal_of_ours_that_a_service_names_is_told_of_its_route():
    """create_pod() lists what it refuses in its docstring; so do the others."""
    from pods import services

    of_route = {
        "pod.create": services.create_pod,
        "pod.destroy": services.destroy_pod,
        "pod.start": services.start_pod,
        "pod.stop": services.stop_pod,
        "pod.reboot": services.reboot_pod,
        "pod.ssh_keys": services.replace_ssh_keys,
        "pod.purge": services.purge_pod,
        "pod.restore": services.restore_pod,
        "pod.rebuild": services.rebuild_pod,
        "pod.suspend": services.suspend_pod,
        "pod.resume": services.resume_pod,
        "pod.protection": services.protect_pod,
        "pod.resize": services.resize_pod,
        "pod.rename": services.rename_pod,
        "pod.move": services.move_pod,
        "pod.take_snapshot": services.take_snapshot,
        "pod.delete_snapshot": services.delete_snapshot,
        "pod.rollback": services.roll_back,
        "tenant.suspend": services.suspend_tenant,
        "tenant.resume": services.resume_tenant,
    }
    codes = {refusal.__name__: refusal.code for refusal in _refusals(Refused)}
    for name, service in of_route.items():
        [listed] = re.findall(r"Refused: (.*?)[;.]", service.__doc__ or "", flags=re.DOTALL)
        refused = {codes[word] for word in re.findall(r"[A-Z]\w+", listed)}
        assert refused <= {told.code for told in ROUTES[name].problems}, name


def _refusals(base: type[Refused]) -> set[type[Refused]]:
    return {base} | {found for child in base.__subclasses__() for found in _refusals(child)}


def test_pages_are_as_large_as_it_says():
    for name in ("list_pods", "list_operations", "list_tenants"):
        operation = next(operation for *_, operation in OPERATIONS if operation["operationId"] == name)
        about: dict[str, Any] = {parameter["name"]: parameter for parameter in operation["parameters"]}
        assert about["page_size"]["schema"]["default"] == NewestFirst.page_size
        assert str(NewestFirst.max_page_size) in about["page_size"]["description"]


def test_it_names_no_host_of_anybody_s():
    hosts = set(re.findall(r"https?://([^/\"]+)", json.dumps(document())))
    assert hosts == {"cloud.example.net"}
