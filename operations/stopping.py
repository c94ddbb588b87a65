"""Whether this process has been told to end: its operations are then handed on at their next safe point.

Decides: nothing but the flag. Not: who tells it (the worker command), nor where the safe points are (engine.py).
"""

from __future__ import annotations

_asked = False


def ask_to_stop() -> None:
    global _asked
    _asked = True


def stop_asked() -> bool:
    return _asked
