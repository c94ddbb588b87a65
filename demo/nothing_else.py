"""Whether what the demo left behind is all that is not well, in the database and on the clusters.

Decides: what may be there beside what is well. Not: how it came there (left_behind.py). Needs Django set up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.findings import Code, about_ct, open_findings
from demo.handle import FakeHandle
from demo.left_behind import Left
from demo.scenario import Story
from demo.verify import compare, worlds_of
from ipam.models import IPLease
from operations.models import Operation
from pods.models import VmidHold

State = Operation.State


def nothing_else(left: Left, story: Story, pves: Mapping[str, FakeHandle]) -> list[str]:
    """A sentence for each thing that is left and should not be, or should be and is not."""
    strangers = {(left.cluster, left.vmid)}
    return [*_operations(left), *_findings(left), *_held(left), *compare(story, worlds_of(pves), strangers=strangers)]


def _operations(left: Left) -> Iterator[str]:
    expected = {left.failed: State.FAILED, left.needs_attention: State.NEEDS_ATTENTION, left.refused: State.FAILED}
    found = {str(row.pk): row for row in Operation.objects.exclude(state=State.SUCCEEDED)}
    for name in sorted({*expected, *found}):
        row, state = found.get(name), expected.get(name)
        if row is None:
            yield f"Operation {name} was left behind as {state}, and has succeeded"
        elif row.state != state:
            yield f"Operation {name} ({row.kind} of {row.subject_name}) is {row.state}, to be {state or 'done'}"


def _findings(left: Left) -> Iterator[str]:
    expected = (left.cluster, str(Code.STRANGER), about_ct(left.vmid))
    found = [(finding.cluster.name, finding.code, finding.about) for finding in open_findings()]
    if expected not in found:
        yield f"No finding is open about the stranger, CT {left.vmid} of {left.cluster}"
    for cluster, code, about in found:
        if (cluster, code, about) != expected:
            yield f"A finding was not meant to be open: {code} of {about}, cluster {cluster}"


def _held(left: Left) -> Iterator[str]:
    """By the pod whose create was undone."""
    pod = Operation.objects.get(pk=left.failed).subject_id
    for hold in VmidHold.objects.filter(pod=pod, released_at=None):
        yield f"VMID {hold.vmid} is still held by the pod that could not be made"
    for lease in IPLease.objects.filter(interface_address__interface__pod=pod, released_at=None):
        yield f"Address {lease.address} is still held by the pod that could not be made"
