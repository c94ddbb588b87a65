"""/api/v1/pods/<id>/snapshots: list, take, delete, go back to.

Decides: the JSON of a snapshot. Not: what is refused (services/snapshots.py) or how one is taken (kinds/).
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.pagination import check_query
from operations.api import accepted
from pods import services
from pods.api_power import StopSerializer
from pods.models import CloudPod, Snapshot
from tenants.api import ReasonSerializer, token_in

ONE = r"snapshots/(?P<name>[A-Za-z0-9_.-]+)"


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """A pod's disk and configuration as they were."""

    class Meta:
        model = Snapshot
        fields = ["name", "description", "state", "created_at"]


class SnapshotsOfPod(serializers.Serializer[Any]):
    """All that a pod has. There are few: they come without pages."""

    snapshots = SnapshotSerializer(many=True)


class NewSnapshot(ReasonSerializer):
    """The snapshot that is wanted."""

    name = serializers.CharField(max_length=40, trim_whitespace=False)
    description = serializers.CharField(max_length=200, default="", allow_blank=True)


class SnapshotVerbs(viewsets.GenericViewSet[CloudPod]):
    """A pod's snapshots."""

    @action(detail=True, methods=["get"], serializer_class=SnapshotsOfPod)
    def snapshots(self, request: Request, pk: str) -> Response:
        """All of them, newest first."""
        check_query(request)
        pod = self.get_object()
        found = Snapshot.objects.of(pod.tenant).filter(pod=pod)
        return Response(SnapshotsOfPod({"snapshots": found}).data)

    @snapshots.mapping.post
    def take_snapshot(self, request: Request, pk: str) -> Response:
        """202 with the operation: it is there when that has succeeded."""
        return self._begin_with(request, services.take_snapshot, NewSnapshot(data=request.data))

    @action(detail=True, methods=["delete"], url_path=ONE, serializer_class=ReasonSerializer)
    def delete_snapshot(self, request: Request, pk: str, name: str) -> Response:
        """202 with the operation: its room on the storage is free when that has succeeded."""
        said = ReasonSerializer(data=request.query_params.dict())
        return self._begin_with(request, services.delete_snapshot, said, name=name)

    @action(detail=True, methods=["post"], url_path=f"{ONE}/rollback", serializer_class=StopSerializer)
    def rollback(self, request: Request, pk: str, name: str) -> Response:
        """202 with the operation: what was written since then is lost when that has begun."""
        return self._begin_with(request, services.roll_back, self.get_serializer(data=request.data), name=name)

    def _begin_with(
        self, request: Request, service: Any, said: serializers.BaseSerializer[Any], **more: Any
    ) -> Response:
        pod = self.get_object()
        said.is_valid(raise_exception=True)
        return accepted(request, service(by=token_in(request).actor, pod=pod, **more, **said.validated_data))
