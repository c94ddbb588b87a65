"""/api/v1/operations: list and show, with steps, attempts and progress.

Decides: the JSON of an operation. Not: how one begins (each subject's own routes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid
from core.pagination import check_query, choices_in
from operations.explain import error_words, explain, progress, waiting_words
from operations.kind import known_kinds
from operations.models import Attempt, Operation, Step
from tenants.api import tenant_filter, token_in


def is_inside(context: Mapping[str, Any]) -> bool:
    """Whether the answer is for the platform's token. What a data plane said is not for tenants."""
    return token_in(context["request"]).tenant.is_platform


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    error_message = serializers.SerializerMethodField(help_text="for the platform's token; empty for a tenant's")

    class Meta:
        model = Attempt
        fields = ["direction", "number", "begun_at", "ended_at", "result", "error_code", "error_message"]

    def get_error_message(self, attempt: Attempt) -> str:
        return attempt.error_message if is_inside(self.context) else ""


class StepSerializer(serializers.ModelSerializer[Step]):
    attempts = AttemptSerializer(many=True)

    class Meta:
        model = Step
        fields = ["position", "name", "state", "attempts"]


class SubjectSerializer(serializers.Serializer[Any]):
    """What an operation is done with."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    name = serializers.CharField()


class ProgressSerializer(serializers.Serializer[Any]):
    """How many of how many steps are done."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class OperationErrorSerializer(serializers.Serializer[Any]):
    """What made an operation fail."""

    step = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    """An operation in sentences for people."""

    asked = serializers.CharField()
    happened = serializers.CharField()
    undone = serializers.CharField()
    remains = serializers.CharField()
    next = serializers.CharField()


class OperationSummary(serializers.ModelSerializer[Operation]):
    """An operation in a list, and as the answer to what began it."""

    tenant = serializers.CharField(source="tenant.reference")
    subject = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    asked_by = serializers.CharField(source="actor_name")
    waits_for = serializers.SerializerMethodField()

    class Meta:
        model = Operation
        fields = [
            "id",
            "kind",
            "state",
            "tenant",
            "subject",
            "progress",
            "waits_for",
            "error",
            "asked_by",
            "request_id",
            "created_at",
            "started_at",
            "finished_at",
        ]

    @extend_schema_field(SubjectSerializer)
    def get_subject(self, operation: Operation) -> dict[str, str]:
        return {
            "kind": operation.subject_kind,
            "id": str(operation.subject_id),
            "name": operation.subject_name,
        }

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, operation: Operation) -> dict[str, int]:
        done, total = progress(operation)
        return {"done": done, "total": total}

    @extend_schema_field(OperationErrorSerializer(allow_null=True))
    def get_error(self, operation: Operation) -> dict[str, str] | None:
        if not operation.error_code:
            return None
        return {
            "step": operation.error_step,
            "code": operation.error_code,
            "message": error_words(operation, inside=is_inside(self.context)),
        }

    def get_waits_for(self, operation: Operation) -> str:
        return waiting_words(operation, inside=is_inside(self.context))


class OperationDetail(OperationSummary):
    """One operation, with its steps and its explanation in words."""

    steps = StepSerializer(many=True)
    explanation = serializers.SerializerMethodField()

    class Meta(OperationSummary.Meta):
        fields = [*OperationSummary.Meta.fields, "explanation", "steps"]

    @extend_schema_field(ExplanationSerializer)
    def get_explanation(self, operation: Operation) -> dict[str, str]:
        return asdict(explain(operation, inside=is_inside(self.context)))


def accepted(request: Request, operation: Operation) -> Response:
    """202: what was asked for has begun, and where to follow it."""
    operation = Operation.objects.select_related("tenant").prefetch_related("steps").get(pk=operation.pk)
    body = OperationSummary(operation, context={"request": request}).data
    return Response(body, status=202, headers={"Location": f"/api/v1/operations/{operation.pk}"})


class OperationViewSet(viewsets.ReadOnlyModelViewSet[Operation]):
    """Operations, newest first, narrowed by the filters below."""

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Operation]]:
        return OperationDetail if self.action == "retrieve" else OperationSummary

    def get_queryset(self) -> QuerySet[Operation]:
        visible: QuerySet[Operation] = Operation.objects.visible_to(token_in(self.request).tenant)
        visible = visible.select_related("tenant").prefetch_related("steps")
        if self.action == "retrieve":
            return visible.prefetch_related("steps__attempts")
        return self._narrowed(visible)

    def _narrowed(self, visible: QuerySet[Operation]) -> QuerySet[Operation]:
        check_query(self.request, "tenant", "kind", "state", "subject")
        if tenant := tenant_filter(self.request):
            visible = visible.filter(tenant__reference=tenant)
        if kinds := choices_in(self.request, "kind", sorted({kind.name for kind in known_kinds()})):
            visible = visible.filter(kind__in=kinds)
        if states := choices_in(self.request, "state", Operation.State.values):
            visible = visible.filter(state__in=states)
        if subject := self.request.query_params.get("subject"):
            visible = visible.filter(subject_id=_uuid(subject))
        return visible


def _uuid(text: str) -> Any:
    try:
        return serializers.UUIDField().to_internal_value(text)
    except serializers.ValidationError:
        raise Invalid(f"subject is the id of a pod; {text[:40]!r} is none.", field="subject") from None
