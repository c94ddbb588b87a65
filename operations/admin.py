"""Operations in the admin: lists, and a page that tells what was asked, what happened and what it waits for.

Decides: columns, filters and pages; all of it is history and only read, but for a lane's capacity.
Not: the wording of the explanation (explain.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from audit import look
from audit.admin_base import ReadAdmin, SinceFilter, TenantFilter
from audit.models import AuditEvent
from audit.places import page_url
from operations.explain import progress
from operations.kind import known_kinds
from operations.models import Attempt, Heartbeat, Lane, LanePlace, Operation, Step
from operations.timeline import timeline, with_steps
from tenants.admin_base import SwitchAdmin

BEGUN_BY = "Operations begin when somebody asks for a pod, in the API or here."


class OpenFilter(admin.SimpleListFilter):
    title = "progress"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "not done"), ("no", "ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        live = Q(state__in=Operation.LIVE)
        return {"yes": queryset.filter(live), "no": queryset.exclude(live)}.get(self.value() or "", queryset)


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
    list_filter = [OpenFilter, "state", KindFilter, TenantFilter, SinceFilter]
    search_fields = ["subject_name", "tenant__reference", "actor_name", "error_message", "request_id"]
    search_help_text = "Subject, tenant, who asked, error or request id"
    empty_hint = BEGUN_BY

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        operations: QuerySet[Operation] = super().get_queryset(request)
        return operations.prefetch_related("steps")

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
        return operation.awaits or operation.error_message[:80] or look.NOTHING

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


@admin.register(Lane)
class LaneAdmin(SwitchAdmin):
    switches = ("capacity",)
    resource_kind = "lane"
    list_display = ["name", "capacity", "inside", "queue"]
    search_fields = ["name"]
    search_help_text = "Name"
    fieldsets = [(None, {"fields": ["name", "capacity", ("inside", "queue")]})]
    empty_hint = "A lane appears when the first operation needs it."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lane]:
        lanes: QuerySet[Lane] = super().get_queryset(request)
        taken = Q(places__taken_at__isnull=False)
        return lanes.annotate(
            inside_count=Count("places", filter=taken),
            queue_count=Count("places", filter=~taken & Q(places__isnull=False)),
        )

    @display(description="Inside now", ordering="inside_count")
    def inside(self, lane: Any) -> str:
        return str(lane.inside_count)

    @display(description="In the queue", ordering="queue_count")
    def queue(self, lane: Any) -> str:
        return str(lane.queue_count)


@admin.register(LanePlace)
class LanePlaceAdmin(ReadAdmin):
    list_display = ["operation", "lane", "step", "state", "taken"]
    list_select_related = ["operation", "lane"]
    list_filter = ["lane"]
    search_fields = ["lane__name", "operation__subject_name"]
    search_help_text = "Lane or subject"
    empty_hint = "No operation is in a lane now."
    fieldsets = [(None, {"fields": [("operation", "lane"), ("step", "state"), "taken"]})]

    @display(description="Place", ordering="taken_at")
    def state(self, place: LanePlace) -> str:
        return look.badge("inside", tone="good") if place.taken_at else look.badge("waiting")

    @display(description="Since", ordering="taken_at")
    def taken(self, place: LanePlace) -> str:
        return look.ago(place.taken_at)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadAdmin):
    list_display = ["process", "kind", "seen", "started"]
    list_filter = ["kind"]
    search_fields = ["process", "kind"]
    search_help_text = "Process or kind"
    ordering = ["kind", "-seen_at"]
    empty_hint = "No process has been seen yet: site, worker and controller write here every few seconds."
    fieldsets = [(None, {"fields": ["process", "kind", ("seen", "started")]})]

    @display(description="Last seen", ordering="seen_at")
    def seen(self, heartbeat: Heartbeat) -> str:
        return look.ago(heartbeat.seen_at)

    @display(description="Began", ordering="started_at")
    def started(self, heartbeat: Heartbeat) -> str:
        return look.ago(heartbeat.started_at)
