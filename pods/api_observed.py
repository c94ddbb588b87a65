"""The part of a pod's JSON that was seen: state, place and size, with their time, and why it may not be so now.

Decides: its members. Not: what is wanted (api.py), nor how it comes to be seen (observation.py).
"""

from __future__ import annotations

from typing import Any

from django.db.models import TextChoices
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clusters.freshness import does_not_answer, is_old
from pods.models import CloudPod


class Reason(TextChoices):
    """Why the state is unknown."""

    NOT_SEEN_YET = "not_seen_yet"
    CLUSTER_DOES_NOT_ANSWER = "cluster_does_not_answer"
    CLUSTER_DOES_NOT_TELL = "cluster_does_not_tell"  # it answers; the pod's node is off, say


class ObservedSerializer(serializers.Serializer[Any]):
    """What was seen of the pod's container. While the state is unknown the rest is as it was last seen."""

    state = serializers.ChoiceField(source="observed_state", choices=CloudPod.Observed.choices)
    as_of = serializers.DateTimeField(source="observed_at", allow_null=True, help_text="when it was last seen")
    stale = serializers.SerializerMethodField(help_text="it was seen more than three minutes ago")
    reason = serializers.SerializerMethodField(help_text="why the state is unknown")
    last_seen_state = serializers.ChoiceField(choices=CloudPod.Observed.choices)
    node = serializers.CharField(source="observed_node", help_text="empty: not seen on any")
    cores = serializers.FloatField(source="observed_cores", allow_null=True)
    memory_mib = serializers.IntegerField(source="observed_memory_mib", allow_null=True)
    memory_used_mib = serializers.IntegerField(allow_null=True)
    disk_gib = serializers.FloatField(source="observed_disk_gib", allow_null=True)
    up_since = serializers.DateTimeField(allow_null=True)

    def get_stale(self, pod: CloudPod) -> bool:
        return pod.gone_at is None and is_old(pod.observed_at)

    @extend_schema_field(serializers.ChoiceField(choices=Reason.choices, allow_null=True))
    def get_reason(self, pod: CloudPod) -> str | None:
        if pod.observed_state != CloudPod.Observed.UNKNOWN:
            return None
        if does_not_answer(pod.cluster):
            return Reason.CLUSTER_DOES_NOT_ANSWER.value
        return Reason.NOT_SEEN_YET.value if pod.observed_at is None else Reason.CLUSTER_DOES_NOT_TELL.value
