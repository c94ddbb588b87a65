"""The house rules that a machine can hold: floors, file sizes, docstrings, and who owns each model's rows."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from core.rows import Row, TenantQuerySet
from migracloud.database import ROOT
from tenants.models import Tenant

FLOORS = ["core", "audit", "tenants", "ipam", "operations", "clusters", "pods", "migracloud"]
MOST_LINES = 400

# Models without a tenant of their own, each with the reason. A new model is a tenant's, or it is added here.
NO_TENANT = {
    "tenants.Tenant": "it is the tenant",
    "tenants.User": "a person may belong to several tenants, by memberships",
    "ipam.Network": "the platform's address plan",
    "ipam.Subnet": "the platform's address plan",
    "ipam.AddressRange": "the platform's address plan",
    "operations.Step": "part of an operation, reached through it only",
    "operations.Attempt": "part of a step, reached through it only",
    "operations.Lane": "the platform's limits",
    "operations.Heartbeat": "the platform's own processes",
    "operations.LanePlace": "an operation's place in one of the platform's limits; shown to nobody else",
    "operations.Freeze": "the platform's: it stops everybody's work, or a cluster's",
    "operations.Cancellation": "part of an operation, reached through it only",
    "clusters.Cluster": "the platform's data plane",
    "clusters.Finding": "what of the platform's data plane needs a person",
    "clusters.ClusterObservation": "the platform's data plane as last seen",
    "clusters.NodeObservation": "the platform's data plane as last seen",
    "clusters.TierObservation": "the platform's data plane as last seen",
    "clusters.MarkKey": "the platform's data plane",
    "clusters.Node": "the platform's data plane",
    "clusters.StorageTier": "the platform's data plane",
    "clusters.Attachment": "the platform's data plane",
    "clusters.GoldenTemplate": "the platform's data plane",
    "clusters.TemplateCopy": "the platform's data plane",
}

OUR_MODELS = [
    model for floor in FLOORS for model in apps.get_app_config(floor).get_models() if not model._meta.auto_created
]
TENANTS = [model for model in OUR_MODELS if model._meta.label not in NO_TENANT]


def python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def of_ours(*folders: str) -> list[Path]:
    """Without migrations, which are generated, and the empty files that make folders packages."""
    return [
        path for path in python_files(*folders) if "migrations" not in path.parts and path.read_text().strip() != ""
    ]


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_every_file_opens_with_a_docstring():
    files = [*of_ours(*FLOORS, "bench", "chaos", "demo", "tests"), ROOT / "manage.py"]
    without = [path for path in files if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not without, f"say what they decide: {named(without)}"


def test_no_file_is_longer_than_a_reader_s_patience():
    too_long = [
        path
        for path in python_files(*FLOORS, "bench", "chaos", "demo", "tests")
        if len(path.read_text().splitlines()) > MOST_LINES
    ]
    assert not too_long, f"split by meaning, at most {MOST_LINES} lines: {named(too_long)}"


def test_core_stays_small_and_has_no_models():
    modules = {path.stem for path in (ROOT / "core").glob("*.py")} - {"__init__", "apps"}
    assert len(modules) <= 6, modules
    assert not list(apps.get_app_config("core").get_models())


def test_the_floors_here_are_those_that_the_import_rules_know():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert sorted(rules["root_packages"]) == sorted(FLOORS)
    floors = next(contract for contract in rules["contracts"] if contract["type"] == "layers")
    assert floors["layers"] == FLOORS[::-1]


@pytest.mark.slow
def test_imports_go_down_only():
    run = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", run, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("tool", ["bench", "chaos", "demo", "tests", "fakepve"])
def test_the_product_imports_nothing_of_the_demo_or_the_tests(tool):
    guilty = [path for path in of_ours(*FLOORS) if tool in imported_packages(path)]
    assert not guilty, named(guilty)


def imported_packages(path: Path) -> set[str]:
    """Top-level names of all imports of a file, those inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_foreign_keys_point_down_only():
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in OUR_MODELS
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label in FLOORS
        if FLOORS.index(field.related_model._meta.app_label) > FLOORS.index(model._meta.app_label)
    ]
    assert not upward


@pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model._meta.label)
def test_every_row_has_a_uuid_of_our_own_making(model):
    key = model._meta.pk
    assert isinstance(key, models.UUIDField)
    assert key.default is Row._meta.get_field("id").default
    assert not key.editable


def test_the_list_of_models_without_a_tenant_names_only_models_that_exist():
    assert set(NO_TENANT) <= {model._meta.label for model in OUR_MODELS}
    assert all(NO_TENANT.values())


@pytest.mark.parametrize("model", TENANTS, ids=lambda model: model._meta.label)
def test_every_other_model_has_a_tenant_that_is_never_empty(model):
    column = {field.attname: field for field in model._meta.fields}.get("tenant_id")
    assert column is not None, "a new model is a tenant's, or in NO_TENANT with the reason"
    assert not column.null
    assert isinstance(column, models.ForeignKey) or model._meta.label == "audit.AuditEvent"
    if isinstance(column, models.ForeignKey):
        assert column.related_model is Tenant
        assert column.remote_field.on_delete is models.PROTECT


@pytest.mark.django_db
@pytest.mark.parametrize("model", TENANTS, ids=lambda model: model._meta.label)
def test_every_tenant_s_model_is_read_through_a_manager_that_takes_the_tenant(model, alice, charlie, olga):
    for manager in model._meta.managers:
        assert isinstance(manager.get_queryset(), TenantQuerySet)
        assert str(alice.tenant.pk) in str(manager.of(alice.tenant).query).replace("'", "")
        own, everything = manager.visible_to(alice.tenant), manager.visible_to(olga.tenant)
        assert set(own) == {row for row in everything if row.tenant_id == alice.tenant.pk}
        assert not set(own) & set(manager.of(charlie.tenant))


@pytest.mark.parametrize("label", [label for label in NO_TENANT if label != "tenants.Tenant"])
def test_a_model_without_a_tenant_has_none(label):
    assert "tenant_id" not in {field.attname for field in apps.get_model(label)._meta.fields}
