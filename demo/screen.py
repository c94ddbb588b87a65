"""What the demo shows: sentences, the live table of pods, the tables at the end.

Decides: how it looks, on a terminal (rich) and in a pipe (plain lines). Not: what happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

STYLES = {"succeeded": "green", "failed": "red", "needs_attention": "red", "running": "cyan", "parked": "blue"}
PLAIN_WIDTH = 120


@dataclass
class Ordered:
    """A pod that mPanel asked for, as the API last told of it."""

    tenant: str
    wanted: dict[str, Any]
    operation: dict[str, Any] = field(default_factory=dict)
    pod: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return str(self.operation.get("state", "asked"))

    @property
    def ended(self) -> bool:
        return bool(self.operation.get("finished_at"))

    @property
    def seconds(self) -> float | None:
        """From the request to the end of its creation."""
        if not self.ended:
            return None
        begun, end = (datetime.fromisoformat(self.operation[name]) for name in ("created_at", "finished_at"))
        return (end - begun).total_seconds()


class Screen:
    """Standard output. Threads may share it."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=PLAIN_WIDTH)
        self._live: Live | None = None
        self._told: dict[int, str] = {}

    def say(self, text: str, style: str | None = None) -> None:
        self._console.print(Text(text, style=style or ""), soft_wrap=True)

    @contextmanager
    def following(self) -> Iterator[None]:
        """While this lasts, `show` draws the table in place on a terminal, and lines of what is new in a pipe."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=8) as self._live:
            yield
        self._live = None

    def show(self, orders: list[Ordered]) -> None:
        if self._live is not None:
            self._live.update(_progress_table(orders))
            return
        for number, order in enumerate(orders):
            words = _progress_words(order)
            if self._told.get(number) != words:
                self._told[number] = words
                self.say(f"  {order.tenant} {order.wanted['hostname']:<8} {words}")

    def pods(self, orders: Iterable[Ordered]) -> None:
        table = _table("tenant", "pod", "cluster", "node", "VMID", "address", "state", "seconds", title="Pods")
        for order in orders:
            pod = order.pod
            seconds = "" if order.seconds is None else f"{order.seconds:.1f}"
            state = pod["observed_state"] if pod["phase"] == "active" else pod["phase"]
            where = (pod["cluster"], pod["node"], str(pod["vmid"]), pod["address"])
            table.add_row(order.tenant, pod["hostname"], *where, state, seconds)
        self._console.print(table)

    def facts(self, title: str, rows: Iterable[tuple[str, str]]) -> None:
        table = _table("", "", title=title)
        table.show_header = False
        for row in rows:
            table.add_row(*row)
        self._console.print(table)


def _table(*columns: str, title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in ("VMID", "seconds") else "left", overflow="fold")
    return table


def _progress_table(orders: list[Ordered]) -> Table:
    columns = ("tenant", "pod", "cluster", "node", "VMID", "address", "progress", "state")
    table = _table(*columns, title="mPanel asked for these pods")
    for order in orders:
        progress = order.operation.get("progress", {"done": 0, "total": 0})
        bar = "█" * progress["done"] + "░" * (progress["total"] - progress["done"])
        pod = order.pod
        table.add_row(
            order.tenant,
            order.wanted["hostname"],
            *(str(pod.get(name) or "") for name in ("cluster", "node", "vmid", "address")),
            bar,
            _state_words(order),
            style=STYLES.get(order.state),
        )
    return table


def _progress_words(order: Ordered) -> str:
    progress = order.operation.get("progress", {"done": 0, "total": 0})
    return f"{progress['done']} of {progress['total']} steps, {_state_words(order)}"


def _state_words(order: Ordered) -> str:
    if order.seconds is not None:
        return f"{order.state} in {order.seconds:.1f} s"
    waits_for = order.operation.get("waits_for")
    return f"{order.state}: {waits_for}" if waits_for else order.state
