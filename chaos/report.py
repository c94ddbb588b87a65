"""What bin/chaos says at its end: how many points, cancels and faults there were a kind, and one line of sums.

A plugin of pytest's: it adds up what each test has noted of itself, in whichever process that ran.

Decides: the words. Not: what is counted (tests/chaos/matrices).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import pytest

PROPERTY = "chaos"
SAID = "chaos_said"  # a line of a test's own
WORDS = {"kill": "crash points", "cancel": "cancels", "fault": "faults", "race": "races"}


class Tally(NamedTuple):
    """Of one test: what it struck, out of how many there are, and what was wrong."""

    matrix: str
    kind: str
    struck: int
    there_are: int
    violations: int


def tallies(reports: Iterable[pytest.TestReport]) -> list[Tally]:
    noted = [value for report in reports for name, value in report.user_properties if name == PROPERTY]
    return [Tally(**json.loads(str(value))) for value in noted]


def lines(counted: list[Tally], seed: object) -> list[str]:
    """A line a kind, then the sums."""
    kinds: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    sums: dict[str, int] = dict.fromkeys(WORDS, 0)
    for tally in counted:
        struck, there_are = kinds[tally.kind].get(tally.matrix, (0, 0))
        kinds[tally.kind][tally.matrix] = struck + tally.struck, there_are + tally.there_are
        sums[tally.matrix] = sums.get(tally.matrix, 0) + tally.struck
    said = []
    for kind, of_kind in sorted(kinds.items()):
        parts = [f"{struck} of {there} {WORDS.get(name, name)}" for name, (struck, there) in of_kind.items()]
        said.append(f"{kind}: {', '.join(parts)}")
    total = ", ".join(f"{count} {WORDS.get(name, name)}" for name, count in sums.items() if count)
    violations = sum(tally.violations for tally in counted)
    return [*said, f"chaos: {total or 'nothing was run'}, {violations} violations (seed {seed})"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    calls = [report for report in ran if isinstance(report, pytest.TestReport) and report.when == "call"]
    terminalreporter.ensure_newline()
    for said in [value for report in calls for name, value in report.user_properties if name == SAID]:
        terminalreporter.write_line(str(said))
    for line in lines(tallies(calls), terminalreporter.config.getoption("hypothesis_seed")):
        terminalreporter.write_line(line)
