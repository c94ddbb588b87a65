"""A pod in words: one sentence with its state and since when it is known, and what is wanted beside what was seen.

Decides: these words. Not: how they are laid out (templates) or what the state is.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit import look
from operations.models import Operation
from pods.models import CloudPod

Phase, Observed = CloudPod.Phase, CloudPod.Observed


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
    return f"{_seen(pod)}{waits}"


def _seen(pod: CloudPod) -> str:
    match pod.observed_state:
        case Observed.RUNNING:
            return f"{pod.hostname} runs on {pod.node}."
        case Observed.STOPPED:
            return f"{pod.hostname} is stopped on {pod.node}, though it should run."
        case Observed.ABSENT:
            return f"{pod.hostname} was not found on {pod.cluster}, though it should run."
    return f"{pod.hostname} should run on {pod.node}; nobody has looked yet."


def observed_tone(pod: CloudPod) -> str:
    """A pod that is not there is bad only while it should be; else the state's own tone."""
    return "bad" if pod.observed_state == Observed.ABSENT and pod.phase == Phase.ACTIVE else ""


@dataclass(frozen=True)
class Compared:
    what: str
    desired: str
    observed: str

    @property
    def differs(self) -> bool:
        return self.observed not in (self.desired, look.NOTHING)


def comparison(pod: CloudPod) -> list[Compared]:
    """A dash means that nobody has looked: it is no difference."""
    seen = pod.observed_state if pod.observed_state != Observed.UNKNOWN else look.NOTHING
    return [Compared("State", pod.desired_state, seen)]
