"""What is told of each call to a cluster: one log line, and whoever counts calls.

Decides: what of a call may be told: method and path, never parameters, headers or bodies. Not: how a call is made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from audit import trace

log = logging.getLogger("clusters.dataplane")


@dataclass(frozen=True)
class Call:
    """One HTTP request to a cluster. `outcome` is ok, or the code of the error."""

    cluster: str
    method: str
    path: str
    outcome: str
    seconds: float


_listeners: list[Callable[[Call], None]] = []


def listen(listener: Callable[[Call], None]) -> None:
    if listener not in _listeners:
        _listeners.append(listener)


def tell(call: Call) -> None:
    """The controller's own looks, twice a second, are nobody's request: they are for DEBUG."""
    asked_for = trace.request_id() or trace.operation_id()
    milliseconds = round(call.seconds * 1000)
    log.log(
        logging.INFO if asked_for else logging.DEBUG,
        "%s: %s %s: %s in %d ms",
        call.cluster,
        call.method,
        call.path,
        call.outcome,
        milliseconds,
        extra={
            "cluster": call.cluster,
            "method": call.method,
            "path": call.path,
            "outcome": call.outcome,
            "milliseconds": milliseconds,
        },
    )
    for listener in _listeners:
        listener(call)
