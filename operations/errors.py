"""The four families of what a step can meet, by which the engine decides what comes next.

Decides: wait, retry, refuse or fail. Not: what exactly happened; the data plane's typed errors descend from these.
"""

from datetime import timedelta

from django.db import InterfaceError, OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout

from operations.foreign_text import in_lines


class StepError(Exception):
    """Something a step met. The engine decides by the family (subclass), never by the text.

    `code` is stable and goes into rows and API answers. `in_doubt` says that the call may have had an effect all the
    same: the step then counts as begun, the next attempt looks before it acts, and its undo runs. `detail` holds
    Proxmox's own words.
    """

    code = "step_error"
    in_doubt = False
    # Somebody may mend it meanwhile (a token, a certificate): while undoing, it is waited for rather than given up on.
    mendable = False

    def __init__(self, message: str, *, detail: str = "") -> None:
        self.message, self.detail = in_lines(message), in_lines(detail)
        super().__init__(self.message)


class Wait(StepError):
    """Not yet: somebody else is busy with it. Costs no try; `patience` and the operation's deadline are the limits."""

    code = "wait"
    # How long the same step may meet this in a row before that counts as failure. None: until the deadline.
    patience: timedelta | None = None


class Retry(StepError):
    """It may work when it is tried again; `tries` and the operation's deadline are the limits, and they back off."""

    code = "retry"
    # How often a step may meet this before that counts as failure. None: until the deadline.
    tries: int | None = 5


class Refuse(StepError):
    """It is not allowed, or not ours: no retry. What came before is undone."""

    code = "refused"


class Fail(StepError):
    """It went wrong for good: no retry. What came before is undone, this step included."""

    code = "failed"


class Cancelled(Refuse):
    """Somebody has taken the operation back. What it has done is undone."""

    code = "cancelled"


def database_is_away(error: Exception) -> bool:
    """It is no defect of the step's, and on a new connection it could be written down as one. PostgreSQL's word for a
    session that it ended because we were paused within a transaction is an internal error to Django.
    """
    return isinstance(error, OperationalError | InterfaceError) or isinstance(
        error.__cause__, IdleInTransactionSessionTimeout
    )
