"""/api/v1/operations: list and show, with steps, attempts and progress; cancel, and what staff do about one.

Decides: the JSON of an operation. Not: how one begins (each subject's own routes), nor what is refused (cancelling.py,
attention.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid
from core.pagination import check_query, choices_in
from operations import attention
from operations.cancelling import cancel
from operations.explain import cancellation_of, error_words, explain, progress, waiting_words
from operations.kind import known_kinds
from operations.models import Attempt, Operation, Step
from tenants.api import NeededReason, ReasonSerializer, asked, check_staff, tenant_filter, token_in


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
    cancel_asked = serializers.SerializerMethodField(help_text="somebody has asked to take it back")

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
            "cancel_asked",
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

    def get_cancel_asked(self, operation: Operation) -> bool:
        return cancellation_of(operation) is not None


class OperationDetail(OperationSummary):
    """One operation, with its steps and its explanation in words."""

    steps = StepSerializer(many=True)
    explanation = serializers.SerializerMethodField()

    class Meta(OperationSummary.Meta):
        fields = [*OperationSummary.Meta.fields, "explanation", "steps"]

    @extend_schema_field(ExplanationSerializer)
    def get_explanation(self, operation: Operation) -> dict[str, str]:
        return asdict(explain(operation, inside=is_inside(self.context)))


def summarised(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """With all that a summary tells of, in a constant number of queries."""
    return operations.select_related("tenant", "cancellation").prefetch_related("steps")


def accepted(request: Request, operation: Operation) -> Response:
    """202: what was asked for has begun, and where to follow it."""
    operation = summarised(Operation.objects.all()).get(pk=operation.pk)
    body = OperationSummary(operation, context={"request": request}).data
    return Response(body, status=202, headers={"Location": f"/api/v1/operations/{operation.pk}"})


class OperationViewSet(viewsets.ReadOnlyModelViewSet[Operation]):
    """Operations, newest first, narrowed by the filters below; and what can be done about one that goes on, or ended
    badly.
    """

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        bodies: dict[str, type[serializers.BaseSerializer[Any]]] = {
            "list": OperationSummary,
            "retrieve": OperationDetail,
            "cancel": ReasonSerializer,
        }
        return bodies.get(self.action, NeededReason)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take it back: at its next safe point it turns round and undoes what it has done."""
        operation = self.get_object()
        return accepted(request, cancel(by=token_in(request).actor, operation=operation, **asked(self)))

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Try once more what it failed at, and go on from there."""
        return self._about(request, attention.retry)

    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """What it failed at was done by hand: go on with the next step."""
        return self._about(request, attention.skip)

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """All that was left was dealt with by hand: nothing more is done."""
        return self._about(request, attention.resolve)

    def _about(self, request: Request, deed: Callable[..., Operation]) -> Response:
        """For staff; another tenant's operation is told like none at all."""
        operation = self.get_object()
        by = check_staff(request).actor
        return accepted(request, deed(by=by, operation=operation, **asked(self)))

    def get_queryset(self) -> QuerySet[Operation]:
        visible: QuerySet[Operation] = Operation.objects.visible_to(token_in(self.request).tenant)
        visible = summarised(visible)
        if self.action == "retrieve":
            return visible.prefetch_related("steps__attempts")
        return self._narrowed(visible)

    def _narrowed(self, visible: QuerySet[Operation]) -> QuerySet[Operation]:
        check_query(self.request, "tenant", "kind", "state", "subject", "request_id")
        if tenant := tenant_filter(self.request):
            visible = visible.filter(tenant__reference=tenant)
        if kinds := choices_in(self.request, "kind", sorted({kind.name for kind in known_kinds()})):
            visible = visible.filter(kind__in=kinds)
        if states := choices_in(self.request, "state", Operation.State.values):
            visible = visible.filter(state__in=states)
        if subject := self.request.query_params.get("subject"):
            visible = visible.filter(subject_id=_uuid(subject))
        if request_id := self.request.query_params.get("request_id"):
            visible = visible.filter(request_id=request_id)
        return visible


def _uuid(text: str) -> Any:
    try:
        return serializers.UUIDField().to_internal_value(text)
    except serializers.ValidationError:
        raise Invalid(f"subject is the id of a pod; {text[:40]!r} is none.", field="subject") from None
