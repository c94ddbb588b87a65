"""/api/v1/pods/<id>: destroy, purge, restore, rebuild, suspend, resume, protection.

Decides: what their bodies may say. Not: what is refused (services/) or how it is carried out (kinds/).
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from operations.api import accepted
from pods import services
from pods.api_power import StopSerializer
from pods.models import CloudPod
from tenants.api import NeededReason, ReasonSerializer, asked, check_staff, token_in


class RebuildSerializer(StopSerializer):
    """What may be said when a pod is rebuilt. No body will do."""

    template = serializers.CharField(
        max_length=63, required=False, help_text="the golden template; the one that it was made from, unless given"
    )


class SuspendSerializer(StopSerializer):
    """Why a pod is suspended, and how long it may take to shut down."""

    reason = serializers.CharField(max_length=500, help_text="why; the pod's tenant reads it")


class ProtectionSerializer(ReasonSerializer):
    """Whether the pod is to refuse to be destroyed and rebuilt."""

    protected = serializers.BooleanField()


class LifeVerbs(viewsets.GenericViewSet[CloudPod]):
    """What ends a pod, brings it back, makes it anew, keeps it from running, or keeps it from all of that.

    `shown_as`: the serializer of a pod (api.py).
    """

    shown_as: type[serializers.BaseSerializer[CloudPod]]

    def destroy(self, request: Request, pk: str) -> Response:
        """202 with the operation. The pod is stopped and kept until its tenant's grace period is over."""
        pod = self.get_object()
        said = StopSerializer(data=request.query_params.dict())
        said.is_valid(raise_exception=True)
        return accepted(request, services.destroy_pod(by=token_in(request).actor, pod=pod, **said.validated_data))

    @action(detail=True, methods=["post"], serializer_class=NeededReason)
    def purge(self, request: Request, pk: str) -> Response:
        """Take its container away at once, for good."""
        pod = self.get_object()
        return accepted(request, services.purge_pod(by=check_staff(request).actor, pod=pod, **asked(self)))

    @action(detail=True, methods=["post"], serializer_class=ReasonSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted pod back as it was."""
        return self._does(request, services.restore_pod)

    @action(detail=True, methods=["post"], serializer_class=RebuildSerializer)
    def rebuild(self, request: Request, pk: str) -> Response:
        """Give it a fresh container from a template, under its address."""
        return self._does(request, services.rebuild_pod)

    @action(detail=True, methods=["post"], serializer_class=SuspendSerializer)
    def suspend(self, request: Request, pk: str) -> Response:
        """Stop it until it is resumed; meanwhile it cannot be started."""
        pod = self.get_object()
        return accepted(request, services.suspend_pod(by=check_staff(request).actor, pod=pod, **asked(self)))

    @action(detail=True, methods=["post"], serializer_class=ReasonSerializer)
    def resume(self, request: Request, pk: str) -> Response:
        """Let a suspended pod run again, if it is meant to."""
        pod = self.get_object()
        return accepted(request, services.resume_pod(by=check_staff(request).actor, pod=pod, **asked(self)))

    @action(detail=True, methods=["put"], serializer_class=ProtectionSerializer)
    def protection(self, request: Request, pk: str) -> Response:
        """200 with the pod: nothing has to be done for it on the cluster."""
        pod = self.get_object()
        services.protect_pod(by=token_in(request).actor, pod=pod, **asked(self))
        return Response(self.shown_as(self.get_object()).data)

    def _does(self, request: Request, service: Any) -> Response:
        pod = self.get_object()
        return accepted(request, service(by=token_in(request).actor, pod=pod, **asked(self)))
