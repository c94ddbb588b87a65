"""/api/v1/pods/<id>/start, /stop and /reboot.

Decides: what their bodies may say. Not: what is refused (services/power.py) or how it is carried out (kinds/).
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from operations.api import accepted
from pods import services
from pods.kinds.power import MOST_TIMEOUT_S, USUAL_TIMEOUT_S
from pods.models import CloudPod
from tenants.api import StrictSerializer, token_in


class StartSerializer(StrictSerializer):
    """What may be said when a pod is started. No body will do."""

    reason = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="why; it goes into the audit trail"
    )


class StopSerializer(StartSerializer):
    """What may be said when a pod is stopped or rebooted. No body will do."""

    timeout_s = serializers.IntegerField(
        min_value=0,
        max_value=MOST_TIMEOUT_S,
        default=USUAL_TIMEOUT_S,
        help_text="seconds that it may take to shut down before it is stopped hard; 0: at once",
    )


class PowerVerbs(viewsets.GenericViewSet[CloudPod]):
    """What can be done with a pod besides making and destroying it. Each answers 202 with the operation."""

    @action(detail=True, methods=["post"], serializer_class=StartSerializer)
    def start(self, request: Request, pk: str) -> Response:
        """Start it, now and whenever its node starts. One that runs is left running."""
        asked = self._asked(request)
        return accepted(request, services.start_pod(by=token_in(request).actor, pod=self.get_object(), **asked))

    @action(detail=True, methods=["post"], serializer_class=StopSerializer)
    def stop(self, request: Request, pk: str) -> Response:
        """Shut it down; when that takes longer than `timeout_s`, stop it hard. It no longer starts with its node."""
        asked = self._asked(request)
        return accepted(request, services.stop_pod(by=token_in(request).actor, pod=self.get_object(), **asked))

    @action(detail=True, methods=["post"], serializer_class=StopSerializer)
    def reboot(self, request: Request, pk: str) -> Response:
        """Shut it down as `stop` does, and start it again."""
        asked = self._asked(request)
        return accepted(request, services.reboot_pod(by=token_in(request).actor, pod=self.get_object(), **asked))

    def _asked(self, request: Request) -> dict[str, Any]:
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = body.validated_data
        return values
