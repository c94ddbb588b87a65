"""The one task that workers run. It carries a hint; the truth is in the rows.

Decides: that a worker which was told to end passes hints on. The rest the engine does.
"""

from uuid import UUID

from operations import engine, stopping
from operations.hints import hint


def drive(operation_id: str) -> str:
    """Drive an operation as far as it goes now; doubled and late hints do no harm."""
    if stopping.asked():
        hint(UUID(operation_id))
        return "left to the others"
    return engine.drive(UUID(operation_id))
