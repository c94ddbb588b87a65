"""Durable workflows as rows (operation.py), limits on what runs side by side (lane.py), freezes (freeze.py), and our
own processes (heartbeat.py)."""

from operations.models.freeze import Freeze
from operations.models.heartbeat import Heartbeat
from operations.models.lane import Lane, LanePlace, LaneTurn
from operations.models.operation import Attempt, Cancellation, Operation, OperationInProgress, Step

__all__ = [
    "Attempt",
    "Cancellation",
    "Freeze",
    "Heartbeat",
    "Lane",
    "LanePlace",
    "LaneTurn",
    "Operation",
    "OperationInProgress",
    "Step",
]
