"""Finding and Report: what a check came to, thing by thing, each with its remedy.

Decides: the four states, and when a check has failed as a whole. Not: what is found (the rules).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """`failed`: pods cannot be made or kept as they should. `warning`: they can, and somebody should look.
    `unknown`: it could not be asked.
    """

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. The remedy is one line for a person; empty where there is nothing to do."""

    about: str  # endpoint, token, tier ...
    name: str  # which one
    state: State
    words: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that was looked at in one cluster, at that moment."""

    cluster: str
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Also when something could not be asked: a check that did not happen is not passed."""
        return any(finding.state in (State.FAILED, State.UNKNOWN) for finding in self.findings)

    def count(self, state: State) -> int:
        return sum(finding.state is state for finding in self.findings)

    @property
    def summary(self) -> str:
        counts = [f"{self.count(state)} {state}" for state in State if self.count(state)]
        return ", ".join(counts)


def ok(about: str, name: str, words: str) -> Finding:
    return Finding(about, name, State.OK, words)


def warning(about: str, name: str, words: str, remedy: str) -> Finding:
    return Finding(about, name, State.WARNING, words, remedy)


def failed(about: str, name: str, words: str, remedy: str) -> Finding:
    return Finding(about, name, State.FAILED, words, remedy)


def unknown(about: str, name: str, words: str, remedy: str) -> Finding:
    return Finding(about, name, State.UNKNOWN, words, remedy)
