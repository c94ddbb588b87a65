"""/api/v1/operations: list and show, with steps, attempts and progress.

Decides: the JSON of an operation. Not: how one begins (each subject's own routes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers, viewsets

from core.errors import Invalid
from core.pagination import check_query
from operations.explain import error_words, explain, progress, waiting_words
from operations.models import Attempt, Operation, Step
from tenants.api import token_in


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
            "created_at",
            "started_at",
            "finished_at",
        ]

    def get_subject(self, operation: Operation) -> dict[str, str]:
        return {
            "kind": operation.subject_kind,
            "id": str(operation.subject_id),
            "name": operation.subject_name,
        }

    def get_progress(self, operation: Operation) -> dict[str, int]:
        done, total = progress(operation)
        return {"done": done, "total": total}

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

    def get_explanation(self, operation: Operation) -> dict[str, str]:
        return asdict(explain(operation, inside=is_inside(self.context)))


class OperationViewSet(viewsets.ReadOnlyModelViewSet[Operation]):
    """Operations, newest first. `?state=` and `?subject=` (an id) narrow the list."""

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Operation]]:
        return OperationDetail if self.action == "retrieve" else OperationSummary

    def get_queryset(self) -> QuerySet[Operation]:
        visible: QuerySet[Operation] = Operation.objects.visible_to(token_in(self.request).tenant)
        visible = visible.select_related("tenant").prefetch_related("steps")
        if self.action == "retrieve":
            return visible.prefetch_related("steps__attempts")
        return self._narrowed(visible)

    def _narrowed(self, visible: QuerySet[Operation]) -> QuerySet[Operation]:
        check_query(self.request, "tenant", "state", "subject")
        query = self.request.query_params
        if tenant := query.get("tenant"):
            visible = visible.filter(tenant__reference=tenant)
        if state := query.get("state"):
            if state not in Operation.State.values:
                raise Invalid(f"state is one of {', '.join(Operation.State.values)}.", field="state")
            visible = visible.filter(state=state)
        if subject := query.get("subject"):
            visible = visible.filter(subject_id=_uuid(subject))
        return visible


def _uuid(text: str) -> Any:
    try:
        return serializers.UUIDField().to_internal_value(text)
    except serializers.ValidationError:
        raise Invalid(f"{text!r} is no id.", field="subject") from None
