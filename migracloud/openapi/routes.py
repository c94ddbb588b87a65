"""Every route of the API in words. This file has operations' and tenants'; pods' are in pods.py, staff's in staff.py.

Decides: what the document says of each. Not: what the members of its bodies mean (words.py).
"""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from migracloud.openapi import examples
from migracloud.openapi.begun import FROZEN, STAFF, THERE_IS_NONE
from migracloud.openapi.pods import ROUTES_OF_PODS
from migracloud.openapi.problems import FORBIDDEN, OF_A_LIST, OF_ONE, WITH_A_BODY, told
from migracloud.openapi.route import OF_TENANT, PAGE, REFERENCE, Route, path_parameter, query_filter
from migracloud.openapi.staff import ROUTES_OF_STAFF
from operations.api import OperationDetail, OperationSummary
from operations.kind import known_kinds
from operations.models import Operation
from pods.api_tenants import OperationsBegun
from pods.kinds.resume import RESUME
from pods.kinds.suspend import SUSPEND
from tenants.api import NeededReason, NewTenant, ReasonSerializer, TenantSerializer
from tenants.models import ReferenceTaken, Tenant

OPERATIONS, TENANTS = "Operations", "Tenants"
TENANT = path_parameter("reference", "The tenant's reference.", "TENANT-101", pattern=REFERENCE)
OF_THE_REQUEST = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="Address of the list of these operations.", response=[202]
)

ROUTES: dict[str, Route] = {
    **ROUTES_OF_PODS,
    "operation.list": Route(
        id="list_operations",
        tag=OPERATIONS,
        summary="List operations",
        description="Operations, newest first. `subject` shows what happened to one pod; "
        "`state=failed,needs_attention` what went wrong.",
        parameters=(
            OF_TENANT,
            query_filter("kind", "What is being done.", values=sorted({kind.name for kind in known_kinds()})),
            query_filter("state", "How far they have come.", values=Operation.State.values),
            query_filter("subject", "Id of the pod that they are done with.", format="uuid"),
            query_filter("request_id", "Id of the request that asked for them, such as the suspension of a tenant."),
            *PAGE,
        ),
        answer=OperationSummary,
        answered="A page of operations.",
        example=examples.DONE,
        refusals=OF_A_LIST,
    ),
    "operation.retrieve": Route(
        id="get_operation",
        tag=OPERATIONS,
        summary="Show an operation",
        description="One operation with its steps, each try at them, and an explanation in words. Ask every second or "
        "two until `state` is an end.",
        parameters=(path_parameter("id", "The operation's id.", examples.OPERATION_ID, format="uuid"),),
        answer=OperationDetail,
        answered="The operation.",
        example=examples.DETAIL,
        refusals=OF_ONE,
    ),
    **{name: route for name, route in ROUTES_OF_STAFF.items() if name.startswith("operation.")},
    "tenant.list": Route(
        id="list_tenants",
        tag=TENANTS,
        summary="List tenants",
        description="Tenants, newest first. A tenant's token sees its own only.",
        parameters=(query_filter("state", "Whether they may get new pods.", values=Tenant.State.values), *PAGE),
        answer=TenantSerializer,
        answered="A page of tenants.",
        example=examples.TENANT,
        refusals=OF_A_LIST,
    ),
    "tenant.create": Route(
        id="create_tenant",
        tag=TENANTS,
        summary="Create a tenant",
        description="For the platform's token. The tenant is there with the answer; its quota can be changed by staff.",
        body=NewTenant,
        body_examples={
            "With the defaults": {"reference": "TENANT-101", "name": "Alice's shop"},
            "With a quota": {"reference": "TENANT-101", "name": "Alice's shop", "quota": {"pods": 3, "cores": 6}},
        },
        status=201,
        headers=(
            OpenApiParameter(
                "Location", str, OpenApiParameter.HEADER, description="Address of the tenant.", response=[201]
            ),
        ),
        answer=TenantSerializer,
        answered="The tenant is made.",
        example=examples.TENANT,
        refusals=(*WITH_A_BODY, FORBIDDEN, told(ReferenceTaken)),
    ),
    "tenant.retrieve": Route(
        id="get_tenant",
        tag=TENANTS,
        summary="Show a tenant",
        description="One tenant with its quota.",
        parameters=(TENANT,),
        answer=TenantSerializer,
        answered="The tenant.",
        example=examples.TENANT,
        refusals=OF_ONE,
    ),
    "tenant.suspend": Route(
        id="suspend_tenant",
        tag=TENANTS,
        summary="Suspend a tenant with its pods",
        description="For the platform's token. Stops all pods of the tenant until it is resumed; meanwhile they cannot "
        "be started, and it gets no new ones. One operation a pod is begun; list them by the request's id.",
        parameters=(TENANT,),
        body=NeededReason,
        body_examples={"With a reason": {"reason": "the invoice of October is unpaid"}},
        status=202,
        headers=(OF_THE_REQUEST,),
        answer=OperationsBegun,
        answered="The tenant is suspended, and its pods are being stopped.",
        example=examples.all_begun(SUSPEND),
        refusals=(*WITH_A_BODY, THERE_IS_NONE, STAFF, FROZEN),
    ),
    "tenant.resume": Route(
        id="resume_tenant",
        tag=TENANTS,
        summary="Resume a tenant with its pods",
        description="For the platform's token. Its pods run again if they are meant to; those that are suspended for a "
        "reason of their own stay so. The body may be left out.",
        parameters=(TENANT,),
        body=ReasonSerializer,
        body_examples={"With a reason": {"reason": "paid"}},
        status=202,
        headers=(OF_THE_REQUEST,),
        answer=OperationsBegun,
        answered="The tenant is active, and its pods are being started.",
        example=examples.all_begun(RESUME),
        refusals=(*WITH_A_BODY, THERE_IS_NONE, STAFF, FROZEN),
    ),
    **{name: route for name, route in ROUTES_OF_STAFF.items() if not name.startswith("operation.")},
}
NOT_DESCRIBED = Route(
    id="not_described",
    tag="",
    summary="",
    description="",
    answer=serializers.Serializer,
    answered="",
    example={},
)
