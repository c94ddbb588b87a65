"""Log lines, in one of two forms: for people (`line`) and for programs (`json`, one object a line).

Decides: what a line holds besides its message: time, level, logger, the ids of request and operation, the process.
Not: what is worth a line. No secret is ever put into one; nothing is filtered out here.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from audit import trace
from operations.foreign_text import in_one_line
from operations.workers import worker_name

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
FORMATTERS = {"line": "migracloud.logs.Line", "json": "migracloud.logs.JsonLine"}


def logging_settings(form: str, level: str) -> dict[str, Any]:
    """Django's LOGGING. All goes to stderr: who runs the processes keeps the lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": FORMATTERS[form]}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "django.request": {"level": "ERROR"},  # each request has a line of ours (request_id.py)
            # At DEBUG these tell parameters: values of rows, and what goes to Proxmox.
            "django.db.backends": {"level": "INFO"},
            "urllib3": {"level": "INFO"},
        },
    }


class Line(logging.Formatter):
    """One line a record; a traceback's lines follow it, indented, so that none can pass for a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        request_id, operation_id = _ids(record)
        ids = " ".join(filter(None, (request_id and f"request={request_id}", operation_id and f"op={operation_id}")))
        head = f"{_time(record)} {record.levelname} {record.name} {ids and f'[{ids}] '}"
        lines = [head + in_one_line(record.getMessage())]
        lines += ["    " + in_one_line(line) for line in _exception(self, record).split("\n") if line]
        return "\n".join(lines)


class JsonLine(logging.Formatter):
    """One JSON object a line, ASCII only; what a record has besides its message stands beside it."""

    def format(self, record: logging.LogRecord) -> str:
        request_id, operation_id = _ids(record)
        fields = {name: value for name, value in vars(record).items() if name not in STANDARD and _is_plain(value)}
        fields |= {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id,
            "operation_id": operation_id,
            "role": _role(),
            "process": _process(os.getpid()),
        }
        if text := _exception(self, record):
            fields["exception"] = text
        return json.dumps(fields)


def formatter(form: str) -> logging.Formatter:
    """For loggers that are none of Django's: gunicorn's."""
    return {"line": Line, "json": JsonLine}[form]()


def _ids(record: logging.LogRecord) -> tuple[str, str]:
    """Django tells of some requests when they are over: the record has the request itself then."""
    of_request = getattr(getattr(record, "request", None), "request_id", "")
    return str(of_request or trace.request_id()), trace.operation_id()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _exception(form: logging.Formatter, record: logging.LogRecord) -> str:
    traceback = form.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else record.exc_text
    stack = form.formatStack(record.stack_info) if record.stack_info else ""
    return "\n".join(filter(None, (traceback, stack)))


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _role() -> str:
    """site, worker, controller, or the command's name."""
    program = Path(sys.argv[0])
    if program.name == "manage.py" and len(sys.argv) > 1:
        return sys.argv[1]
    return "site" if "gunicorn" in program.parts or program.name == "gunicorn" else program.name


@cache
def _process(pid: int) -> str:
    """As attempts and heartbeats name it. By the id, because a fork inherits this memory."""
    return worker_name()
