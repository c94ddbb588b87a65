"""The routes of operations that went wrong or are taken back, of freezes and of findings, in words.

Decides: what the document says of each. Not: what the members of their bodies mean (words.py).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from clusters.api import FindingSerializer, FreezeSerializer, NewFreeze
from clusters.findings import FindingClosed
from clusters.models import Finding
from core.errors import Refused
from migracloud.openapi import examples
from migracloud.openapi.begun import ACCEPTED, BUSY, FOLLOW, REASON, STAFF, THERE_IS_NONE
from migracloud.openapi.problems import OF_A_LIST, OF_ONE, WITH_A_BODY, Told, told
from migracloud.openapi.route import PAGE, Route, path_parameter, query_filter
from operations.api import OperationSummary
from operations.attention import NeedsNoAttention
from operations.cancelling import TooLateToCancel
from pods.kinds.create import CREATE
from tenants.api import NeededReason, ReasonSerializer

OPERATIONS, PLATFORM = "Operations", "Platform"
OPERATION = path_parameter("id", "The operation's id.", examples.OPERATION_ID, format="uuid")
FREEZE = path_parameter("id", "The freeze's id.", examples.FREEZE_ID, format="uuid")
FINDING = path_parameter("id", "The finding's id.", examples.FINDING_ID, format="uuid")


def _about_one(id: str, summary: str, description: str, *refusals: Told, **more: Any) -> Route:
    """A route that does something about an operation there is."""
    usual: dict[str, Any] = {
        "body": NeededReason,
        "body_examples": {"With a reason": {"reason": "the node is back"}},
        "example": {**examples.begun(CREATE), "state": "queued"},
    }
    return Route(
        **{**usual, **more},
        id=id,
        tag=OPERATIONS,
        summary=summary,
        description=description,
        parameters=(OPERATION,),
        status=202,
        headers=(FOLLOW,),
        answer=OperationSummary,
        answered=ACCEPTED,
        refusals=(*WITH_A_BODY, THERE_IS_NONE, *refusals),
    )


NO_NEED = told(NeedsNoAttention)
ROUTES_OF_STAFF: dict[str, Route] = {
    "operation.cancel": _about_one(
        "cancel_operation",
        "Cancel an operation",
        "Takes it back: it turns round at its next safe point, undoes what it has done, and ends as `cancelled`. One "
        "that stands behind another ends at once. To ask twice is to ask once. An operation that has passed the point "
        "from which there is no way back goes on to its end. The body may be left out.",
        told(TooLateToCancel),
        body=ReasonSerializer,
        body_examples={"With a reason": {"reason": "the wrong pod"}},
        example={**examples.begun(CREATE), "state": "parked", "cancel_asked": True},
    ),
    "operation.retry": _about_one(
        "retry_operation",
        "Retry an operation that needs attention",
        "For the platform's token. What it failed at is tried once more, with a time of its own, and it goes on from "
        "there, in the direction in which it went.",
        STAFF,
        NO_NEED,
        BUSY,
    ),
    "operation.skip": _about_one(
        "skip_step",
        "Skip the step that an operation failed at",
        "For the platform's token. A person has done by hand what it failed at: that step counts as over, and it goes "
        "on with the next.",
        STAFF,
        NO_NEED,
        BUSY,
    ),
    "operation.resolve": _about_one(
        "resolve_operation",
        "Resolve an operation that needs attention",
        "For the platform's token. A person has dealt with all that was left: nothing more is done, and it ends as "
        "`resolved`.",
        STAFF,
        NO_NEED,
        example={**examples.begun(CREATE), "state": "resolved"},
    ),
    "freeze.list": Route(
        id="list_freezes",
        tag=PLATFORM,
        summary="List freezes",
        description="For the platform's token. What stood or stands still, newest first.",
        parameters=(query_filter("in_force", "Whether they hold now.", values=["true", "false"]), *PAGE),
        answer=FreezeSerializer,
        answered="A page of freezes.",
        example=examples.FREEZE,
        refusals=(*OF_A_LIST, STAFF),
    ),
    "freeze.create": Route(
        id="create_freeze",
        tag=PLATFORM,
        summary="Freeze",
        description="For the platform's token. From now on no new work is taken, everywhere or on one cluster: what "
        "would begin an operation is answered 503 `frozen` with `Retry-After`, and reads the reason. What is going on "
        "comes to its next safe point and stands still there; its time does not run meanwhile.",
        body=NewFreeze,
        body_examples={
            "Everything": {"reason": "the storage is being replaced"},
            "One cluster, until": {"reason": "upgrade", "cluster": "pve-a", "until": "2026-11-23T12:00:00Z"},
        },
        status=201,
        headers=(
            OpenApiParameter(
                "Location", str, OpenApiParameter.HEADER, description="Address of the freeze.", response=[201]
            ),
        ),
        answer=FreezeSerializer,
        answered="It is frozen.",
        example=examples.FREEZE,
        refusals=(*WITH_A_BODY, STAFF, Told(Refused.status, Refused.code, "This is frozen already.")),
    ),
    "freeze.retrieve": Route(
        id="get_freeze",
        tag=PLATFORM,
        summary="Show a freeze",
        description="For the platform's token. One freeze.",
        parameters=(FREEZE,),
        answer=FreezeSerializer,
        answered="The freeze.",
        example=examples.FREEZE,
        refusals=(*OF_ONE, STAFF),
    ),
    "freeze.destroy": Route(
        id="end_freeze",
        tag=PLATFORM,
        summary="Thaw",
        description="For the platform's token. New work is taken again, and what stood still goes on at once. To end a "
        "freeze that has ended changes nothing.",
        parameters=(FREEZE, REASON),
        answer=FreezeSerializer,
        answered="It is over.",
        example={**examples.FREEZE, "ended_at": "2026-11-23T11:12:40.000000Z", "ended_by": "mpanel"},
        refusals=(*OF_ONE, STAFF),
    ),
    "finding.list": Route(
        id="list_findings",
        tag=PLATFORM,
        summary="List findings",
        description="For the platform's token. What needs a person and is no operation, newest first: those that are "
        "open, unless `open` says otherwise.",
        parameters=(
            query_filter("open", "Whether they are open; `true,false` shows all.", values=["true", "false"]),
            query_filter("severity", "How grave they are.", values=Finding.Severity.values),
            query_filter("cluster", "Name of the cluster that they are about."),
            *PAGE,
        ),
        answer=FindingSerializer,
        answered="A page of findings.",
        example=examples.FINDING,
        refusals=(*OF_A_LIST, STAFF),
    ),
    "finding.close": Route(
        id="close_finding",
        tag=PLATFORM,
        summary="Close a finding",
        description="For the platform's token. A person has dealt with it. What is still so is found again.",
        parameters=(FINDING,),
        body=NeededReason,
        body_examples={"With a reason": {"reason": "the token was renewed"}},
        answer=FindingSerializer,
        answered="It is closed.",
        example={**examples.FINDING, "closed_at": "2026-11-23T11:12:40.000000Z", "closed_because": "mpanel: renewed"},
        refusals=(*WITH_A_BODY, THERE_IS_NONE, STAFF, told(FindingClosed)),
    ),
}
