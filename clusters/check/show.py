"""A report as a table for a terminal, and as JSON for programs.

Decides: columns and keys. Not: the words in them (the rules).
"""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clusters.check.finding import Report

WIDTH = 118  # whatever the terminal: the lines of a log are compared
NAMED = 3  # so many things are named before one remedy; more are counted


def as_table(report: Report) -> str:
    """Each thing in a row; below what is not ok, its remedy in a line of its own, whole, to be copied."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, width=WIDTH)
    for name, wide in (("", False), ("What", False), ("Which", False), ("Found", True)):
        table.add_column(name, overflow="fold", ratio=1 if wide else None)
    for finding in report.findings:
        table.add_row(*(Text(cell) for cell in (finding.state.value, finding.about, finding.name, finding.words)))
    out = StringIO()
    console = Console(file=out, width=WIDTH, color_system=None)
    console.print(Text(f"Cluster {report.cluster}, {report.at:%Y-%m-%d %H:%M:%S %Z}: {report.summary}."))
    console.print(table)
    lines = _remedies(report)
    return out.getvalue() + "".join(f"{line}\n" for line in (["What to do:", *lines] if lines else []))


def _remedies(report: Report) -> list[str]:
    """A line a remedy; what several things share is said once: where a cluster is away, that is nearly all."""
    shared: dict[tuple[str, str], list[str]] = {}
    for finding in report.findings:
        if finding.remedy:
            whose = shared.setdefault((finding.state.value, finding.remedy), [])
            whose.append(f"{finding.about} {finding.name}")
    return [
        f"{state:8} {', '.join(whose) if len(whose) <= NAMED else f'{len(whose)} things'}: {remedy}"
        for (state, remedy), whose in shared.items()
    ]


def as_json(report: Report) -> dict[str, Any]:
    return {
        "cluster": report.cluster,
        "at": report.at.isoformat(timespec="seconds"),
        "failed": report.failed,
        "findings": [
            {"what": f.about, "name": f.name, "state": f.state.value, "words": f.words, "remedy": f.remedy}
            for f in report.findings
        ],
    }
