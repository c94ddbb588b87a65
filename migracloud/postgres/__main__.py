"""`python -m migracloud.postgres start|stop|status`: the embedded PostgreSQL for bin/, without Django.

Decides: the words and the exit status. Not: anything about the server.
"""

import os
import sys
from pathlib import Path

import environ

from migracloud.database import ROOT, DatabaseError, data_dir, ensure_started, status, stop


def main(arguments: list[str]) -> int:
    environ.Env.read_env(ROOT / ".env")
    folder = data_dir(os.environ)
    try:
        return _act(arguments, folder)
    except DatabaseError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _act(arguments: list[str], folder: Path) -> int:
    match arguments:
        case ["start"] if os.environ.get("DATABASE_URL"):
            return _say("DATABASE_URL is set: the embedded PostgreSQL is not used.")
        case ["start"]:
            server = ensure_started(folder)
            return _say(f"PostgreSQL runs on the data in {folder}; its socket is in {server.socket_dir}.")
        case ["stop"]:
            stopped = stop(folder)
            return _say(f"PostgreSQL on {folder} {'is stopped' if stopped else 'was not running'}.")
        case ["status"]:
            return _say(describe(folder))
    print("usage: python -m migracloud.postgres start|stop|status", file=sys.stderr)  # noqa: T201
    return 2


def describe(folder: Path) -> str:
    server = status(folder)
    if server is None:
        return f"PostgreSQL on {folder} is not running."
    return f"PostgreSQL runs on the data in {folder}; its socket is in {server.socket_dir}."


def _say(words: str) -> int:
    print(words)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
