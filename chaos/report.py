"""What bin/chaos says at its end: how many points, cancels and faults there were a kind, and one line of sums.

A plugin of pytest's: it adds up what each test has noted of itself, in whichever process and session that ran.

Decides: the words. Not: what is counted (tests/chaos/matrices).
"""

from __future__ import annotations

import json
from collections import defaultdict
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


class Report:
    """Of all sessions that it was a plugin of."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counted: list[Tally] = []
        self.broken = 0  # tests that came to no count: an undisturbed run that was not as it has to be, or a defect

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        stats = terminalreporter.stats
        ran = [report for outcome in ("passed", "failed") for report in stats.get(outcome, [])]
        calls = [report for report in ran if isinstance(report, pytest.TestReport) and report.when == "call"]
        for report in calls:
            self.said += [str(value) for name, value in report.user_properties if name == SAID]
            counted = [Tally(**json.loads(str(value))) for name, value in report.user_properties if name == PROPERTY]
            self.counted += counted
            self.broken += report.failed and not any(tally.violations for tally in counted)
        self.broken += len(stats.get("error", []))

    def lines(self, seed: object) -> list[str]:
        """What tests said themselves, a line a kind, then the sums."""
        kinds: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        sums: dict[str, int] = dict.fromkeys(WORDS, 0)
        for tally in self.counted:
            struck, there_are = kinds[tally.kind].get(tally.matrix, (0, 0))
            kinds[tally.kind][tally.matrix] = struck + tally.struck, there_are + tally.there_are
            sums[tally.matrix] = sums.get(tally.matrix, 0) + tally.struck
        said = list(self.said)
        for kind, of_kind in sorted(kinds.items()):
            parts = [f"{struck} of {there} {WORDS.get(name, name)}" for name, (struck, there) in of_kind.items()]
            said.append(f"{kind}: {', '.join(parts)}")
        total = ", ".join(f"{count} {WORDS.get(name, name)}" for name, count in sums.items() if count)
        wrong = f"{sum(tally.violations for tally in self.counted)} violations"
        broken = f", {self.broken} broken" if self.broken else ""
        return [*said, f"chaos: {total or 'nothing was run'}, {wrong}{broken} (seed {seed})"]
