"""What one release has parked goes on under the next: rows of every kind and version, as they were kept.

With WRITE_GOLDENS (bin/goldens sets it) the rows of the newest versions are written anew; those of older ones stay as a
release of their day left them.
"""

from __future__ import annotations

import json
import os

import pytest

from operations.kind import known_kinds
from operations.models import Operation
from pods.models import CloudPod
from tests.operations.explanations import pods_kinds
from tests.pods.parked import FOLDER, Stage, as_text, file_of, params_of, put_back, rows_of

pytestmark = pytest.mark.django_db

KINDS = pods_kinds()
NEWEST = {kind.name: max(other.version for other in KINDS if other.name == kind.name) for kind in KINDS}
IN_ORDER = [pytest.param(kind, id=f"{kind.name}-{kind.version}") for kind in KINDS]


@pytest.fixture
def stage(world, plane, work, alice) -> Stage:
    return Stage(world, plane, work, alice)


def may_be_written(kind) -> bool:
    """An older version's file is history; it is made once, when there is none."""
    newest = kind.version == NEWEST[kind.name]
    return bool(os.environ.get("WRITE_GOLDENS")) and (newest or not file_of(kind.name, kind.version).exists())


def test_there_is_a_file_of_every_kind_and_version_that_this_release_knows():
    if not os.environ.get("WRITE_GOLDENS"):
        assert {path.name for path in FOLDER.iterdir()} == {f"{kind.name}-{kind.version}.json" for kind in KINDS}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("kind", IN_ORDER)
def test_a_parked_operation_of_every_version_goes_on_to_its_end(kind, stage, plane, work):
    operation = stage.parked(kind.name, kind.version)
    if may_be_written(kind):
        FOLDER.mkdir(parents=True, exist_ok=True)
        file_of(kind.name, kind.version).write_text(as_text(rows_of(operation)))
    rows = json.loads(file_of(kind.name, kind.version).read_text())
    put_back(rows, operation)
    assert rows_of(Operation.objects.get(pk=operation.pk)) == rows
    work.until_idle()
    operation.refresh_from_db()
    assert operation.state == "succeeded", f"{operation.error_message} {operation.waits_for}"
    pod = CloudPod.objects.get()
    assert plane.vmids() == (set() if pod.phase == "gone" else {pod.vmid})


@pytest.mark.parametrize("kind", IN_ORDER)
def test_its_parameters_are_those_that_its_table_reads(kind):
    rows = json.loads(file_of(kind.name, kind.version).read_text())
    assert (rows["kind"], rows["version"]) == (kind.name, kind.version)
    assert params_of(kind, rows) == rows["params"]
    assert kind in known_kinds()


def test_a_version_that_this_release_lacks_is_left_to_one_that_has_it(stage, work):
    operation = stage.parked("start", 1)
    Operation.objects.filter(pk=operation.pk).update(version=99)
    work.plane.wait_idle()
    for _ in range(3):
        work.tick()
        work.drive_due()
    operation.refresh_from_db()
    assert operation.state == "waiting"
    assert operation.waits_for == "a worker that knows this kind and version"
