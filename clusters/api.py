"""/api/v1/freezes and /api/v1/findings: what stands still and why, and what needs a person. For the platform's token.

Decides: their JSON. Not: what a freeze keeps back (operations/freezing.py), nor what is found (findings.py).
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.findings import close_by_person
from clusters.models import Cluster, Finding
from core.errors import Invalid
from core.pagination import check_query, choices_in
from operations.freezing import freeze, in_force, thaw
from operations.models import Freeze
from tenants.api import NeededReason, ReasonSerializer, StrictSerializer, asked, check_staff

YES_NO = ["true", "false"]


class PlatformsOnly(viewsets.GenericViewSet[Any]):
    """403 for a tenant's token, whatever it asks for: what stands in these rows is the platform's inside."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_staff(request)


class FreezeSerializer(serializers.ModelSerializer[Freeze]):
    """No new work, everywhere or on one cluster."""

    cluster = serializers.CharField(source="place_name", help_text="empty: everywhere")
    frozen_by = serializers.CharField(source="actor_name")

    class Meta:
        model = Freeze
        fields = ["id", "cluster", "code", "reason", "frozen_by", "began_at", "until", "ended_at", "ended_by"]


class NewFreeze(StrictSerializer):
    """What POST takes. Without a cluster everything stands still; without an end somebody has to end it."""

    reason = serializers.CharField(max_length=500, help_text="everybody who is refused meanwhile reads it")
    cluster = serializers.CharField(max_length=63, required=False)
    until = serializers.DateTimeField(required=False)


class FreezeViewSet(PlatformsOnly, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Freeze]):
    """Freezes, newest first."""

    serializer_class = FreezeSerializer

    def get_queryset(self) -> QuerySet[Freeze]:
        rows = Freeze.objects.all()
        if self.action != "list":
            return rows
        check_query(self.request, "in_force")
        now = [row.pk for row in in_force()]
        wanted = choices_in(self.request, "in_force", YES_NO)
        if wanted == ["true"]:
            return rows.filter(pk__in=now)
        return rows.exclude(pk__in=now) if wanted == ["false"] else rows

    def create(self, request: Request) -> Response:
        """201: from now on no new work is taken, and what runs comes to its next safe point."""
        new = NewFreeze(data=request.data)
        new.is_valid(raise_exception=True)
        wanted = new.validated_data
        name = wanted.get("cluster")
        cluster = _cluster(name) if name is not None else None
        made = freeze(
            by=check_staff(request).actor,
            reason=wanted["reason"],
            place=cluster.place if cluster else "",
            place_name=cluster.name if cluster else "",
            until=wanted.get("until"),
        )
        headers = {"Location": f"/api/v1/freezes/{made.pk}"}
        return Response(FreezeSerializer(made).data, status=201, headers=headers)

    def destroy(self, request: Request, pk: str) -> Response:
        """200: what stood still goes on at once. To end it twice is to end it once."""
        said = ReasonSerializer(data=request.query_params.dict())
        said.is_valid(raise_exception=True)
        ended = thaw(by=check_staff(request).actor, freeze=self.get_object(), **said.validated_data)
        return Response(FreezeSerializer(ended).data)


def _cluster(name: str) -> Cluster:
    found = Cluster.objects.filter(name=name).first()
    if found is None:
        raise Invalid(f"There is no cluster {name}.", field="cluster")
    return found


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """What needs a person and is no operation."""

    cluster = serializers.CharField(source="cluster.name")

    class Meta:
        model = Finding
        fields = [
            "id",
            "cluster",
            "code",
            "severity",
            "about",
            "detail",
            "what_to_do",
            "opened_at",
            "seen_at",
            "closed_at",
            "closed_because",
        ]


class FindingViewSet(PlatformsOnly, mixins.ListModelMixin, viewsets.GenericViewSet[Finding]):
    """Findings, newest first; those that are open unless `?open=` says otherwise."""

    serializer_class = FindingSerializer

    def get_queryset(self) -> QuerySet[Finding]:
        rows = Finding.objects.select_related("cluster")
        if self.action != "list":
            return rows
        check_query(self.request, "open", "cluster", "severity")
        wanted = choices_in(self.request, "open", YES_NO) or ["true"]
        if len(set(wanted)) == 1:
            rows = rows.filter(closed_at__isnull=wanted[0] == "true")
        if severities := choices_in(self.request, "severity", Finding.Severity.values):
            rows = rows.filter(severity__in=severities)
        if cluster := self.request.query_params.get("cluster"):
            rows = rows.filter(cluster__name=cluster)
        return rows

    @action(detail=True, methods=["post"], serializer_class=NeededReason)
    def close(self, request: Request, pk: str) -> Response:
        """A person has dealt with it. What is still so is found again."""
        finding = self.get_object()
        closed = close_by_person(by=check_staff(request).actor, finding=finding, **asked(self))
        return Response(FindingSerializer(closed).data)
