"""Graceful stop: a worker that was told to end interrupts no step; it hands its operation back between two of them.

Decides: how all processes of one worker hear of it, and what becomes of what they hold. Not: who tells them
(`manage.py worker`), nor where the safe points are (engine.py, tasks.py).

A step that has begun comes to its end: its call is answered and its result recorded. Then the operation is due at once,
without a lease, and the others are told: it goes on elsewhere in the same second, not after the lease's end.
"""

from __future__ import annotations

import mmap
from datetime import timedelta

from django.db import transaction

from operations import transitions
from operations.claims import Lease
from operations.hints import make_due
from operations.models import Operation

# One byte that a process shares with all it forks from here on. No lock guards it: nobody who is killed can hold one.
_asked = mmap.mmap(-1, 1)


def ask() -> None:
    """This process and its forks shall begin nothing more."""
    _asked[0] = 1


def asked() -> bool:
    return _asked[0] == 1


def take_back() -> None:
    """For a process that is not to end after all: a test's own."""
    _asked[0] = 0


def hand_back_if_asked(operation: Operation, lease: Lease) -> str | None:
    """A safe point: nothing is under way. Returns the state that the operation was left in; None: go on."""
    if not asked():
        return None
    with transaction.atomic():
        lease.fence()
        state = transitions.try_later(operation, "another worker: the one that had it was told to end", timedelta())
        make_due(operation.pk)
    return state
