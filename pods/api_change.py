"""/api/v1/pods/<id>: resize, rename, move.

Decides: what their bodies may say. Not: what is refused (services/) or how it is carried out (kinds/).
"""

from __future__ import annotations

from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from operations.api import accepted
from pods import services
from pods.api_power import StopSerializer
from pods.models import CloudPod
from tenants.api import ReasonSerializer, asked, check_staff, token_in

SIZE = tuple(services.Size.__annotations__)


class ResizeSerializer(ReasonSerializer):
    """What a pod is to have. What is left out stays as it is."""

    cores = serializers.IntegerField(required=False)
    memory_mib = serializers.IntegerField(required=False)
    swap_mib = serializers.IntegerField(required=False)
    disk_gib = serializers.IntegerField(required=False)


class RenameSerializer(ReasonSerializer):
    """What a pod is to be called."""

    hostname = serializers.CharField(max_length=255, trim_whitespace=False)


class MoveSerializer(StopSerializer):
    """Where a pod is to be. No body will do: a node is chosen."""

    node = serializers.CharField(max_length=63, required=False, help_text="name of the node; chosen unless given")


class ChangeVerbs(viewsets.GenericViewSet[CloudPod]):
    """What makes a pod larger, calls it otherwise, or brings it elsewhere."""

    @action(detail=True, methods=["post"], serializer_class=ResizeSerializer)
    def resize(self, request: Request, pk: str) -> Response:
        """Give it another size. What cannot apply while it runs is named by `pending` until its next boot."""
        pod = self.get_object()
        said = asked(self)
        size = services.Size(**{name: said.get(name) for name in SIZE})
        by = token_in(request).actor
        return accepted(request, services.resize_pod(by=by, pod=pod, size=size, reason=said["reason"]))

    @action(detail=True, methods=["post"], serializer_class=RenameSerializer)
    def rename(self, request: Request, pk: str) -> Response:
        """Give it another host name."""
        pod = self.get_object()
        return accepted(request, services.rename_pod(by=token_in(request).actor, pod=pod, **asked(self)))

    @action(detail=True, methods=["post"], serializer_class=MoveSerializer)
    def move(self, request: Request, pk: str) -> Response:
        """Bring it to another node of its cluster."""
        pod = self.get_object()
        return accepted(request, services.move_pod(by=check_staff(request).actor, pod=pod, **asked(self)))
