"""What the routes that begin an operation on a pod have in common: their answer, where to follow it, their refusals.

Decides: the form of such a row. Not: which routes there are (pods.py, life.py, changes.py).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from core.errors import NotFound, StaffOnly
from migracloud.openapi import examples
from migracloud.openapi.problems import INVALID, WITH_A_BODY, Told, told
from migracloud.openapi.route import Route, path_parameter, query_filter
from operations.api import OperationSummary
from operations.freezing import Frozen
from operations.kind import Kind
from operations.models import OperationInProgress
from pods import refusals

PODS = "Pods"
POD = path_parameter("id", "The pod's id.", examples.POD_ID, format="uuid")
FOLLOW = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    description="Address of the operation, to follow it.",
    response=[202],
)
ACCEPTED = "Granted. What was asked for is being done by this operation."
BUSY = told(OperationInProgress)
GONE = told(refusals.PodGone)
DELETED = told(refusals.PodDeleted)
ATTENTION = told(refusals.PodNeedsAttention)
SUSPENDED = told(refusals.PodSuspended)
PROTECTED = told(refusals.PodProtected)
FROZEN = told(Frozen)
STAFF = told(StaffOnly)
THERE_IS_NONE = told(NotFound)
OF_A_VERB = (*WITH_A_BODY, THERE_IS_NONE, BUSY, GONE, DELETED, ATTENTION, FROZEN)
OF_A_QUERY = (INVALID, THERE_IS_NONE, FROZEN, GONE)
REASON = query_filter("reason", "Why; it goes into the audit trail. At most 500 characters.")
TIMEOUT = OpenApiParameter(
    "timeout_s",
    {"type": "integer", "minimum": 0, "maximum": 600, "default": 60},
    description="Seconds that it may take to shut down before it is stopped hard; 0 stops it hard at once.",
)


def begins(
    kind: Kind[Any],
    *,
    id: str,
    summary: str,
    description: str,
    refusals: tuple[Told, ...],
    parameters: tuple[OpenApiParameter, ...] = (),
    **more: Any,
) -> Route:
    """A route of a pod's that answers 202 with an operation of this kind."""
    return Route(
        **{"tag": PODS, "answer": OperationSummary, "example": examples.begun(kind), **more},
        id=id,
        summary=summary,
        description=description,
        parameters=(POD, *parameters),
        status=202,
        headers=(FOLLOW,),
        answered=ACCEPTED,
        refusals=refusals,
    )
