"""A pod in words: one sentence with its state and since when it is known, and what is wanted beside what was seen.

Decides: these words. Not: how they are laid out (templates) or what the state is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from audit import look
from clusters.freshness import is_stale, moment, standing
from operations.models import Operation
from pods.models import CloudPod

T = TypeVar("T")
Phase, Desired, Observed = CloudPod.Phase, CloudPod.Desired, CloudPod.Observed

# What is said while an operation of this kind goes on; a create and a destroy are phases of their own.
DOING = {
    "start": "started",
    "stop": "stopped",
    "reboot": "rebooted",
    "rebuild": "rebuilt",
    "resize": "resized",
    "rename": "renamed",
    "move": "moved to another node",
    "rollback": "taken back to a snapshot",
    "suspend": "suspended",
    "resume": "resumed",
    "restore": "restored",
}


def sentence(pod: CloudPod, operation: Operation | None) -> str:
    """Where the pod is in its life, for somebody who has just opened its page."""
    waits = f" It waits for {operation.awaits}." if operation and operation.awaits else ""
    match pod.phase:
        case Phase.CREATING:
            return f"{pod.hostname} is being made on {pod.node} for {pod.tenant}.{waits}"
        case Phase.DESTROYING:
            return f"{pod.hostname} is being destroyed.{waits}"
        case Phase.NEEDS_ATTENTION:
            return f"{pod.hostname} needs a person: an operation left something behind that only you can judge."
        case Phase.FAILED:
            return f"{pod.hostname} never came to be. Nothing is left of it; its operation says why."
        case Phase.GONE:
            return f"{pod.hostname} is gone. Its address and VMID were given back."
        case Phase.LOST:
            return f"{pod.hostname} is lost with its node, which was written off."
        case Phase.DELETED:
            return f"{pod.hostname} was destroyed. It is kept, stopped, until its purge.{waits}"
    if operation and (doing := DOING.get(operation.kind)):
        return f"{pod.hostname} is being {doing}.{waits}"
    return f"{_seen(pod)}{waits}"


def wanted_now(pod: CloudPod) -> str:
    """What it should be now: while it is suspended, or kept until its purge, not what its owner wants it to be."""
    kept_off = pod.suspended or pod.phase == Phase.DELETED
    return Desired.STOPPED if kept_off and pod.desired_state == Desired.RUNNING else pod.desired_state


def _seen(pod: CloudPod) -> str:
    stopped = wanted_now(pod) == Desired.STOPPED
    should = "should be stopped" if stopped else "should run"
    where = pod.observed_node or pod.node  # a container that was moved by hand is where it was seen
    match pod.observed_state:
        case Observed.RUNNING:
            return f"{pod.hostname} runs on {where}{f', though it {should}' if stopped else ''}."
        case Observed.STOPPED:
            return f"{pod.hostname} is stopped on {where}, {'as it should be' if stopped else f'though it {should}'}."
        case Observed.ABSENT:
            return f"{pod.hostname} was not found on {pod.cluster}, though it {should}."
    if pod.observed_at is None:
        return f"{pod.hostname} {should} on {pod.node}; nobody has looked yet."
    silent = standing(pod.cluster) or f"Cluster {pod.cluster} does not tell what {pod.hostname} does now."
    return f"{silent} {last_seen(pod)}"


def observed_tone(pod: CloudPod) -> str:
    """Bad when it is not there though it should be; quiet when it is stopped as it should be; else the state's own."""
    if pod.observed_state == wanted_now(pod) == Desired.STOPPED:
        return "quiet"
    return "bad" if pod.observed_state == Observed.ABSENT and pod.phase == Phase.ACTIVE else ""


def differs(pod: CloudPod) -> bool:
    """Whether it was seen to be other than it should be. While it is being changed that is no news."""
    return (
        pod.phase == Phase.ACTIVE and pod.observed_state != Observed.UNKNOWN and pod.observed_state != wanted_now(pod)
    )


def nobody_looks(pod: CloudPod) -> str:
    """Why what is shown of a live pod as seen may be old, although its cluster would tell; empty if it is not."""
    if pod.gone_at is not None or pod.observed_state == Observed.UNKNOWN or not is_stale(pod.cluster):
        return ""
    return standing(pod.cluster)


@dataclass(frozen=True)
class Compared:
    """`differs` is said rather than found: a dash, or a size measured a little off, is no difference."""

    what: str
    desired: str
    observed: str
    differs: bool


def comparison(pod: CloudPod) -> list[Compared]:
    """What is wanted beside what was seen last; a dash where nobody has seen it."""
    return [
        _state(pod),
        _compared("Node", pod.node.name, pod.observed_node),
        _compared("Host name", pod.hostname, pod.observed_hostname),
        _compared("Cores", f"{pod.cores:g}", _or_nothing(pod.observed_cores, "{:g}".format)),
        _compared("Memory", look.memory(pod.memory_mib), _or_nothing(pod.observed_memory_mib, look.memory)),
        _disk(pod),
    ]


def _state(pod: CloudPod) -> Compared:
    """What is unknown differs from nothing; what it was last stands beside it."""
    if pod.observed_state != Observed.UNKNOWN:
        return _compared("State", wanted_now(pod), pod.observed_state)
    seen = f"unknown, last seen {pod.last_seen_state}" if pod.observed_at else look.NOTHING
    return Compared("State", wanted_now(pod), seen, differs=False)


def _compared(what: str, desired: str, observed: str) -> Compared:
    observed = observed or look.NOTHING
    return Compared(what, desired, observed, observed not in (desired, look.NOTHING))


def _or_nothing(value: T | None, words: Callable[[T], str]) -> str:
    return look.NOTHING if value is None else words(value)


def _disk(pod: CloudPod) -> Compared:
    """Of a container that runs its file system is measured, which has a little less than its volume."""
    seen = pod.observed_disk_gib
    differs = seen is not None and not pod.disk_gib * 0.9 <= seen <= pod.disk_gib * 1.01
    return Compared("Disk", f"{pod.disk_gib} GiB", _or_nothing(seen, lambda gib: f"{round(gib, 1):g} GiB"), differs)


def last_seen(pod: CloudPod) -> str:
    """What is still known of a pod whose cluster or node tells nothing: `web was last seen running at 12:00:03`."""
    if pod.observed_at is None:
        return f"{pod.hostname} was never seen."
    where = f" on {pod.observed_node}" if pod.observed_node else ""
    return f"{pod.hostname} was last seen {pod.last_seen_state}{where} at {moment(pod.observed_at)}."
