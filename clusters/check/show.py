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
    remedies = [f for f in report.findings if f.remedy]
    lines = [f"{f.state.value:8} {f.about} {f.name}: {f.remedy}" for f in remedies]
    return out.getvalue() + "".join(f"{line}\n" for line in (["What to do:", *lines] if lines else []))


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
