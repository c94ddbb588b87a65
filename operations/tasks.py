"""The one task that workers run. It carries a hint; the truth is in the rows.

Decides: nothing. The engine does.
"""

from uuid import UUID

from operations import engine


def drive(operation_id: str) -> str:
    """Drive an operation as far as it goes now; doubled and late hints do no harm."""
    return engine.drive(UUID(operation_id))
