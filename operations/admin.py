"""Operations in the admin: lists, and a page that tells what was asked, what happened and what it waits for.

Decides: columns, filters and pages. Not: the wording of the explanation (explain.py), what can be done about one
(admin_actions.py), lanes and processes (admin_lanes.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.text import Truncator

from audit import look
from audit.admin_base import ReadAdmin, SinceFilter, TenantFilter
from audit.models import AuditEvent
from audit.places import page_url
from operations import admin_actions
from operations import admin_lanes as admin_lanes  # its pages are registered with these
from operations import pages as pages  # adds to pages of floors below
from operations.explain import progress
from operations.kind import known_kinds
from operations.models import Attempt, Cancellation, Operation, Step
from operations.timeline import timeline, with_steps

BEGUN_BY = "Operations begin when somebody asks for a pod, in the API or here."


class OpenFilter(admin.SimpleListFilter):
    title = "progress"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "not done"), ("no", "ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        live = Q(state__in=Operation.OPEN)
        return {"yes": queryset.filter(live), "no": queryset.exclude(live)}.get(self.value() or "", queryset)


class DayFilter(admin.SimpleListFilter):
    """By the day on which it was asked for, as the overview counts them."""

    title = "day"
    parameter_name = "day"
    DAYS = 14

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        days = [timezone.localdate() - timedelta(days=ago) for ago in range(self.DAYS)]
        return [(f"{day}", f"{day:%d %b}") for day in days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        try:
            begin = timezone.make_aware(datetime.fromisoformat(f"{self.value()}T00:00"))
        except ValueError as error:
            raise IncorrectLookupParameters from error
        return queryset.filter(created_at__gte=begin, created_at__lt=begin + timedelta(days=1))


class KindFilter(admin.SimpleListFilter):
    """By the kinds that this process knows; no query over all operations for the list."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted({kind.name for kind in known_kinds()})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Operation)
class OperationAdmin(ReadAdmin):
    list_display = ["subject", "kind", "state_badge", "steps_done", "waits", "tenant", "asked_by", "created"]
    list_display_links = ["subject"]
    list_select_related = ["tenant"]
    list_filter = [OpenFilter, "state", KindFilter, TenantFilter, SinceFilter, DayFilter]
    search_fields = ["subject_name", "tenant__reference", "actor_name", "error_message", "request_id"]
    search_help_text = "Subject, tenant, who asked, error or request id"
    empty_hint = BEGUN_BY

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        operations: QuerySet[Operation] = super().get_queryset(request)
        return operations.prefetch_related("steps")

    def is_live(self, rows: Sequence[Any]) -> bool:
        return any(operation.state in Operation.OPEN for operation in rows)

    def get_urls(self) -> list[URLPattern]:
        return [*admin_actions.urls(self), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.read_page(request, object_id, "admin/operations/operation/page.html", self._page)

    def _page(self, request: HttpRequest, operation: Operation) -> dict[str, Any]:
        full = with_steps(Operation.objects.filter(pk=operation.pk)).get()
        return {
            "line": timeline(full),
            "events": list(AuditEvent.objects.filter(operation_id=operation.pk)[:20]),
            "refreshes": full.is_live,
            "buttons": admin_actions.buttons(request, full),
        }

    @display(description="Subject", ordering="subject_name")
    def subject(self, operation: Operation) -> str:
        return operation.subject_name

    @display(description="State", ordering="state")
    def state_badge(self, operation: Operation) -> str:
        return look.badge(operation.state)

    @display(description="Progress")
    def steps_done(self, operation: Operation) -> str:
        return look.progress(*progress(operation), state=operation.state)

    @display(description="Waits for, or error")
    def waits(self, operation: Operation) -> str:
        return operation.awaits or Truncator(operation.error_message).chars(80) or look.NOTHING

    @display(description="Asked by", ordering="actor_name")
    def asked_by(self, operation: Operation) -> str:
        return operation.actor_name

    @display(description="Asked", ordering="id")
    def created(self, operation: Operation) -> str:
        return look.ago(operation.created_at)


@admin.register(Step)
class StepAdmin(ReadAdmin):
    list_display = ["name", "state_badge", "operation", "position"]
    list_select_related = ["operation"]
    list_filter = ["state"]
    search_fields = ["name", "operation__subject_name"]
    search_help_text = "Step or subject"
    ordering = ["-id"]
    empty_hint = BEGUN_BY
    fieldsets = [(None, {"fields": [("name", "state_badge"), ("operation", "position")]})]

    @display(description="State", ordering="state")
    def state_badge(self, step: Step) -> str:
        return look.badge(step.state)


@admin.register(Attempt)
class AttemptAdmin(ReadAdmin):
    list_display = ["step_name", "operation", "direction", "number", "result_badge", "error", "begun", "took"]
    list_select_related = ["step__operation"]
    list_filter = ["result", "direction", "in_doubt"]
    search_fields = ["step__name", "step__operation__subject_name", "error_message", "wait_key", "worker"]
    search_help_text = "Step, subject, error, task or worker"
    ordering = ["-id"]
    empty_hint = BEGUN_BY
    fieldsets = [
        (None, {"fields": [("step_name", "operation"), ("direction", "number"), ("result_badge", "doubt")]}),
        ("When and by whom", {"fields": [("begun", "took"), "worker"]}),
        ("What came of it", {"fields": ["wait_key", "error_code", "error", "log"]}),
    ]

    @display(description="Step", ordering="step__name")
    def step_name(self, attempt: Attempt) -> str:
        return attempt.step.name

    @display(description="Operation")
    def operation(self, attempt: Attempt) -> str:
        return look.link(page_url(attempt.step.operation), attempt.step.operation)

    @display(description="Result", ordering="result")
    def result_badge(self, attempt: Attempt) -> str:
        return look.badge(attempt.result) if attempt.result else look.badge("not ended", tone="busy")

    @display(description="In doubt")
    def doubt(self, attempt: Attempt) -> str:
        return "it may have had an effect that is not recorded" if attempt.in_doubt else "no"

    @display(description="Error")
    def error(self, attempt: Attempt) -> str:
        return attempt.error_message or look.NOTHING

    @display(description="Begun", ordering="begun_at")
    def begun(self, attempt: Attempt) -> str:
        return look.ago(attempt.begun_at)

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return look.duration(attempt.ended_at - attempt.begun_at) if attempt.ended_at else look.NOTHING

    @display(description="Proxmox's words")
    def log(self, attempt: Attempt) -> str:
        return look.words_of_a_machine(attempt.detail)


@admin.register(Cancellation)
class CancellationAdmin(ReadAdmin):
    list_display = ["operation", "state_badge", "by", "reason", "asked"]
    list_select_related = ["operation"]
    search_fields = ["operation__subject_name", "actor_name", "reason"]
    search_help_text = "Subject, who asked or reason"
    empty_hint = "Nobody has asked to take an operation back."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("operation", "state_badge"), ("by", "asked"), "reason"]})]

    @display(description="Its operation is", ordering="operation__state")
    def state_badge(self, row: Cancellation) -> str:
        return look.badge(row.operation.state)

    @display(description="Asked by", ordering="actor_name")
    def by(self, row: Cancellation) -> str:
        return row.actor_name

    @display(description="Asked", ordering="asked_at")
    def asked(self, row: Cancellation) -> str:
        return look.ago(row.asked_at)
