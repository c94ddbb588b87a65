"""How drf-spectacular describes a route: by its row in routes.py; a route without one fails the generation.

Decides: how a row becomes an OpenAPI operation. Not: what it says.
"""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.drainage import warn
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, OpenApiResponse
from rest_framework.viewsets import GenericViewSet

from migracloud.openapi.problems import answers
from migracloud.openapi.route import Route
from migracloud.openapi.routes import NOT_DESCRIBED, ROUTES
from migracloud.request_id import HEADER

REQUEST_ID = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Id of this request: log it, and name it when you ask for help.",
    response=True,
)


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer mc_...`, known to drf-spectacular by being imported."""

    target_class = "tenants.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "mc_<prefix>_<secret>",
            "description": "A tenant's token, or the platform's.",
        }


# Names of bodies that say what they are where the classes' names do so only beside their views.
NAMES = {
    "Start": "StartPod",
    "Stop": "StopPod",
    "Keys": "SetSshKeys",
    "Rebuild": "RebuildPod",
    "Suspend": "SuspendPod",
    "Protection": "ProtectPod",
    "Resize": "ResizePod",
    "Rename": "RenamePod",
    "Move": "MovePod",
    "OperationSummary": "Operation",
}


class TableSchema(AutoSchema):
    """Asks the table. The rest (members, types, pages) is read from serializers and models."""

    @property
    def route(self) -> Route:
        view = cast(GenericViewSet[Any], self.view)
        name = f"{view.basename}.{view.action}"
        if name not in ROUTES:
            warn(f"{name} is not described: give it a row in migracloud/openapi/routes.py")
        return ROUTES.get(name, NOT_DESCRIBED)

    def get_operation_id(self) -> str:
        return self.route.id

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        name: str = super().get_serializer_name(serializer, direction)
        name = name.removesuffix("Serializer")
        return NAMES.get(name, name)

    def get_summary(self) -> str:
        return self.route.summary

    def get_description(self) -> str:  # type: ignore[override]
        return self.route.description

    def get_tags(self) -> list[str]:
        return [self.route.tag]

    def get_override_parameters(self) -> list[Any]:
        return [*self.route.parameters, *self.route.headers, REQUEST_ID]

    def get_request_serializer(self) -> Any:
        if self.route.body is None:
            return None
        examples = [
            OpenApiExample(title, value=value, request_only=True) for title, value in self.route.body_examples.items()
        ]
        return {"application/json": OpenApiRequest(self.route.body, examples=examples)}

    def get_response_serializers(self) -> Any:
        route = self.route
        examples = [OpenApiExample(route.summary, value=route.example, response_only=True)]
        good = OpenApiResponse(route.answer, description=route.answered, examples=examples)
        return {route.status: good, **answers(route.problems)}
