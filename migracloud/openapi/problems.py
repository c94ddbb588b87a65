"""Problem answers in the document: their schema, and the codes that every route can answer with.

Decides: how a refusal is described: by its class's status, code and docstring. Not: which route has it (routes.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from inspect import getdoc
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from core.errors import NotFound, Refused
from core.pagination import BadCursor
from core.problems import CONTENT_TYPE
from operations.models import OperationInProgress

REQUEST_ID = "019a9d3e-6f0b-7c55-9a63-0f5f4f1f7a10"


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing in the request that has to change."""

    field = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was not carried out (RFC 9457, `application/problem+json`)."""

    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # DRF takes fields away
    operation = serializers.UUIDField(required=False)
    request_id = serializers.CharField()


@dataclass(frozen=True)
class Told:
    """One code of one status, and when a route answers with it."""

    status: int
    code: str
    when: str


def told(refusal: type[Refused]) -> Told:
    """A refusal of ours speaks for itself."""
    return Told(refusal.status, refusal.code, " ".join((getdoc(refusal) or "").split("\n\n")[0].split()))


# The framework's own, and those of no_page.py; tests/migracloud/test_openapi.py meets each of them.
UNAUTHENTICATED = (
    Told(401, "not_authenticated", "The request carries no token."),
    Told(401, "authentication_failed", "The token is unknown, expired or revoked, or the header has another form."),
)
EVERYWHERE = (
    *UNAUTHENTICATED,
    Told(406, "not_acceptable", "The header Accept allows no JSON."),
    Told(500, "internal_error", "Something broke on our side."),
)
FORBIDDEN = Told(403, "permission_denied", "The token is a tenant's, and this is for the platform's.")
INVALID = Told(400, "invalid", "A value in the body, in a filter or in the address cannot be right; `errors` names it.")
WITH_A_BODY = (
    INVALID,
    Told(400, "parse_error", "The body is no JSON, or holds what cannot be stored."),
    Told(413, "too_large", "The body is larger than 2.5 MB."),
    Told(415, "unsupported_media_type", "The body is not declared as application/json."),
)
OF_A_LIST = (INVALID, told(BadCursor))
OF_ONE = (INVALID, told(NotFound))


def answers(problems: Iterable[Told]) -> dict[Any, OpenApiResponse]:
    """The problem answers of a route, one a status; each code is an example with its meaning."""
    of_status: dict[int, dict[str, Told]] = {}
    for problem in problems:
        of_status.setdefault(problem.status, {})[problem.code] = problem
    return {
        (status, CONTENT_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=_description(status, codes.values()),
            examples=[_example(problem) for problem in codes.values()],
        )
        for status, codes in sorted(of_status.items())
    }


def _description(status: int, problems: Iterable[Told]) -> str:
    lines = [f"- `{problem.code}`: {problem.when}" for problem in problems]
    return "\n".join([f"{HTTPStatus(status).phrase}.", "", *lines])


def _example(problem: Told) -> OpenApiExample:
    body = {"status": problem.status, "code": problem.code, "detail": problem.when, "request_id": REQUEST_ID}
    if problem.code == OperationInProgress.code:
        body["operation"] = "019a9d3e-7a41-7d0e-8f19-2b1b6f0a9e55"
    return OpenApiExample(problem.code, summary=problem.when, value=body, response_only=True)
