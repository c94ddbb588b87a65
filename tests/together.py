"""Several real threads that do the same thing at the same moment, each on its own database connection.

Decides: that they start together and leave no connection behind. Not: what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def together(how_many: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(0)` to `act(how_many - 1)` returned, or the exception that each raised, in that order."""
    connection.close()  # this thread's: the pool has eight, and the others may need them all
    start = Barrier(how_many, timeout=30)

    def one(number: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return act(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(how_many) as pool:
        return list(pool.map(one, range(how_many)))
