"""Which request, and which operation, is behind what happens now: for log lines, audit events, answers and metrics.

Decides: how the two ids are carried along within a process. Operations carry the request's id from one to another.
Not: where they are written (migracloud/logs.py, services.record, core/problems.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_operation_id: ContextVar[str] = ContextVar("operation_id", default="")


def new_request_id() -> str:
    """Ours alone: one that a client sends could name another's request."""
    from core.rows import new_id  # log formatters need this file before there can be models

    return str(new_id())


def request_id() -> str:
    """Empty where nobody asked: a controller's tick, a command."""
    return _request_id.get()


def operation_id() -> str:
    return _operation_id.get()


@contextmanager
def tracing(*, request: str, operation: str = "") -> Iterator[None]:
    """All that happens within is told with these ids."""
    of_request, of_operation = _request_id.set(request), _operation_id.set(operation)
    try:
        yield
    finally:
        _request_id.reset(of_request)
        _operation_id.reset(of_operation)
