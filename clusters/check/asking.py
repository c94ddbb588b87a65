"""Seen: everything that a check asks a cluster, each answer or the reason why there is none.

Decides: what is asked and in which order; that one failure stops nothing else, and that all of it ends in time.
Not: what is good or bad about the answers (the rules).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Concatenate, ParamSpec, TypeVar

from clusters.check.target import Target, own_id
from clusters.dataplane import errors
from clusters.dataplane.access import Access
from clusters.dataplane.certificate import ServerCertificate, certificate_of
from clusters.dataplane.grants import Grants
from clusters.dataplane.port import Task
from clusters.dataplane.survey import Bridge, Container, Listed, State, Storage, Survey, Version
from operations.errors import StepError

T = TypeVar("T")
P = ParamSpec("P")

MOST_SECONDS = 25.0  # of a whole check; what is left by then is not asked


@dataclass(frozen=True)
class NoAnswer:
    """Why there is no answer; `code` is the error's."""

    why: str
    code: str = ""


@dataclass
class Seen:
    """The answers. What has an entry for each node or endpoint has one for every declared one."""

    certificates: dict[str, ServerCertificate | NoAnswer] = field(default_factory=dict)
    versions: dict[str, Version | NoAnswer] = field(default_factory=dict)
    state: State | NoAnswer = NoAnswer("It was not asked.")
    grants: Grants | NoAnswer = NoAnswer("It was not asked.")
    firewall: bool | NoAnswer = NoAnswer("It was not asked.")
    guests: list[Listed] | NoAnswer = NoAnswer("It was not asked.")
    storages: dict[str, list[Storage] | NoAnswer] = field(default_factory=dict)
    bridges: dict[str, list[Bridge] | NoAnswer] = field(default_factory=dict)
    tasks: dict[str, list[Task] | NoAnswer] = field(default_factory=dict)
    # By node and VMID: template copies, and what carries a lock. None: there is no such container on the node.
    containers: dict[tuple[str, int], Container | NoAnswer | None] = field(default_factory=dict)


def ask_all(target: Target) -> Seen:
    """Ask the cluster. What it answers or not is in the result; nothing is raised."""
    return _Asking(target).all()


class _Asking:
    def __init__(self, target: Target) -> None:
        self.target = target
        self.until = time.monotonic() + MOST_SECONDS
        self.in_vain = ""  # why it makes no sense to ask on
        self.offline: set[str] = set()

    def all(self) -> Seen:
        seen, cluster = Seen(), self.target.declared
        self._endpoints(seen)
        survey = Survey(self._access_to_those_that_answer(seen))
        seen.grants = self._ask(survey.grants)
        seen.state = self._ask(survey.state)
        seen.firewall = self._ask(survey.firewall)
        seen.guests = self._ask(survey.guests)
        if isinstance(seen.state, State):
            self.offline = {member.name for member in seen.state.members if not member.online}
        for node in cluster.nodes:
            seen.storages[node.name] = self._ask_node(survey.storages, node.name)
            seen.bridges[node.name] = self._ask_node(survey.bridges, node.name)
        for copy in cluster.template_copies:
            seen.containers[copy.node, copy.vmid] = self._ask_node(survey.container, copy.node, copy.vmid)
        self._locks(seen, survey)
        return seen

    def _endpoints(self, seen: Seen) -> None:
        """Each by itself: work goes on by any of them, and nobody would see that the others are lost."""
        access = self.target.access
        own = own_id(access.cluster_id, "endpoint")
        for endpoint in access.endpoints:
            seen.certificates[endpoint] = self._ask(certificate_of, endpoint)
            answer = self._ask(Survey(replace(access, endpoints=(endpoint,), cluster_id=own)).version)
            seen.versions[endpoint] = answer
            if isinstance(answer, NoAnswer) and answer.code == errors.TokenRefused.code:
                self.in_vain = answer.why  # each refusal takes Proxmox three seconds
        if not self.in_vain and all(isinstance(answer, NoAnswer) for answer in seen.versions.values()):
            self.in_vain = "No endpoint can be used."

    def _access_to_those_that_answer(self, seen: Seen) -> Access:
        good = tuple(endpoint for endpoint, answer in seen.versions.items() if isinstance(answer, Version))
        return replace(self.target.access, endpoints=good or self.target.access.endpoints)

    def _locks(self, seen: Seen, survey: Survey) -> None:
        """The list of guests lags, so a lock counts only if it is still there once the tasks were listed."""
        if isinstance(seen.guests, NoAnswer):
            return
        locked = [guest for guest in seen.guests if guest.lock and is_ours(guest, self.target)]
        for node in sorted({guest.node for guest in locked}):
            seen.tasks[node] = self._ask_node(survey.running_tasks, node)
        for guest in locked:
            seen.containers[guest.node, guest.vmid] = self._ask_node(survey.container, guest.node, guest.vmid)

    def _ask_node(
        self, question: Callable[Concatenate[str, P], T], node: str, *more: P.args, **named: P.kwargs
    ) -> T | NoAnswer:
        """Each question about a node that is down would take its three seconds."""
        if node in self.offline:
            return NoAnswer(f"Node {node} is offline.")
        return self._ask(question, node, *more, **named)

    def _ask(self, question: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | NoAnswer:
        if self.in_vain:
            return NoAnswer(self.in_vain)
        if time.monotonic() > self.until:
            return NoAnswer(f"It was not asked: the answers before it took {MOST_SECONDS:.0f} seconds.")
        try:
            return question(*args, **named)
        except StepError as error:
            return NoAnswer(error.message, error.code)


def is_ours(guest: Listed, target: Target) -> bool:
    """Whether the VMID is one of those that the cluster keeps for us."""
    cluster = target.declared
    return guest.kind == "lxc" and (guest.vmid in cluster.pod_vmids or guest.vmid in cluster.template_vmids)
