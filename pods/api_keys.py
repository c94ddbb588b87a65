"""/api/v1/pods/<id>/ssh-keys, and the field `ssh_keys` of a new pod.

Decides: what their bodies may say. Not: which keys are taken (ssh_keys.py) or how they reach the pod (kinds/keys.py).
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from operations.api import accepted
from pods import services
from pods.models import CloudPod
from pods.ssh_keys import MOST_KEYS
from tenants.api import StrictSerializer, token_in


class SshKeysField(serializers.ListField):
    """Public keys, each a text of one line, nothing before its type; with its comment, which is kept."""

    child = serializers.CharField(trim_whitespace=False, allow_blank=True)

    def to_internal_value(self, data: Any) -> list[str]:
        """Of too many none is looked at, which would take seconds: the service refuses their number."""
        if isinstance(data, list) and len(data) > MOST_KEYS:
            return data
        keys: list[str] = super().to_internal_value(data)
        return keys


class KeysSerializer(StrictSerializer):
    """All the keys that the pod is to have. An empty list takes them away."""

    ssh_keys = SshKeysField(help_text="public keys, one a text of one line: type, key, comment")
    reason = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="why; it goes into the audit trail"
    )


class KeysVerb(viewsets.GenericViewSet[CloudPod]):
    """Replacing a pod's SSH keys."""

    @action(detail=True, methods=["put"], url_path="ssh-keys", serializer_class=KeysSerializer)
    def ssh_keys(self, request: Request, pk: str) -> Response:
        """Replace all its SSH keys. They count from the pod's next boot: `note` says so in the answer."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        operation = services.replace_ssh_keys(
            by=token_in(request).actor,
            pod=self.get_object(),
            keys=body.validated_data["ssh_keys"],
            reason=body.validated_data["reason"],
        )
        answer = accepted(request, operation)
        answer.data["note"] = services.COUNT_FROM
        return answer
