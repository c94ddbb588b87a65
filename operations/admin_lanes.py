"""Lanes and our own processes in the admin: a lane's capacity is the one thing to set, and that is recorded.

Decides: columns, filters and pages. Not: who is let in (lanes.py), nor who counts as missing (heartbeats.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from audit import look
from audit.admin_base import ReadAdmin, TenantFilter
from operations.models import Heartbeat, Lane, LanePlace, LaneTurn
from tenants.admin_base import SwitchAdmin


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


@admin.register(LaneTurn)
class LaneTurnAdmin(ReadAdmin):
    list_display = ["lane", "tenant", "entered"]
    list_select_related = ["lane", "tenant"]
    list_filter = [TenantFilter]
    search_fields = ["lane__name", "tenant__reference"]
    search_help_text = "Lane or tenant"
    empty_hint = "Nobody has been in a lane yet."
    ordering = ["-entered_at"]
    fieldsets = [(None, {"fields": [("lane", "tenant"), "entered"]})]

    @display(description="Last let in", ordering="entered_at")
    def entered(self, turn: LaneTurn) -> str:
        return look.ago(turn.entered_at)
