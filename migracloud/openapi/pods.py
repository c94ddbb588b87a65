"""The routes of pods in words: what each does, its filters, its answer, and the codes that it can answer with.

Decides: what the document says of each. Not: what the members of its bodies mean (words.py).
"""

from __future__ import annotations

from rest_framework import serializers

from ipam.models import AddressTaken
from ipam.services import AddressReserved, NoFreeAddress
from migracloud.openapi import examples
from migracloud.openapi.begun import ACCEPTED, FOLLOW, FROZEN, OF_A_VERB, POD, PODS, SUSPENDED
from migracloud.openapi.changes import ROUTES_OF_CHANGES
from migracloud.openapi.life import ROUTES_OF_LIFE
from migracloud.openapi.problems import OF_A_LIST, OF_ONE, WITH_A_BODY, Told, told
from migracloud.openapi.route import OF_TENANT, PAGE, Route, query_filter
from operations.api import OperationSummary
from pods import refusals
from pods.api import NewPod, PodSerializer
from pods.api_keys import KeysSerializer
from pods.api_power import StartSerializer, StopSerializer
from pods.kinds.create import CREATE
from pods.kinds.keys import SET_KEYS
from pods.kinds.reboot import REBOOT
from pods.kinds.start import START
from pods.kinds.stop import STOP
from pods.models import CloudPod, HostnameTaken
from pods.services import COUNT_FROM


class KeysAccepted(OperationSummary):
    """The operation, and from when the keys count."""

    note = serializers.CharField()

    class Meta(OperationSummary.Meta):
        fields = [*OperationSummary.Meta.fields, "note"]


ROUTES_OF_PODS: dict[str, Route] = {
    "pod.list": Route(
        id="list_pods",
        tag=PODS,
        summary="List pods",
        description="Pods, newest first. Those that are gone, and those that never came to be, are left out unless "
        "`phase` asks for them.",
        parameters=(
            OF_TENANT,
            query_filter("cluster", "Name of the cluster that they are on."),
            query_filter("phase", "Where they are in their life.", values=CloudPod.Phase.values),
            query_filter("desired_state", "What they should be.", values=CloudPod.Desired.values),
            query_filter("observed_state", "What they were last seen to be.", values=CloudPod.Observed.values),
            query_filter("hostname", "Their host name, whole."),
            query_filter("protected", "Whether they refuse to be destroyed.", values=["true", "false"]),
            query_filter("suspended", "Whether they are suspended, or their tenant is.", values=["true", "false"]),
            *PAGE,
        ),
        answer=PodSerializer,
        answered="A page of pods.",
        example=examples.POD,
        refusals=OF_A_LIST,
    ),
    "pod.create": Route(
        id="create_pod",
        tag=PODS,
        summary="Create a pod",
        description="Makes a container for a tenant and starts it. Node, VMID, address and room in the quota are "
        "reserved before the answer; the container itself is there when the operation has succeeded. If it fails, "
        "nothing is left, and all that was reserved is free again.",
        body=NewPod,
        body_examples={
            "As the template has it": {"tenant": "TENANT-101", "hostname": "web"},
            "With a size": {
                "tenant": "TENANT-101",
                "hostname": "web",
                "cores": 2,
                "memory_mib": 2048,
                "swap_mib": 512,
                "disk_gib": 10,
            },
            "In a place": {
                "tenant": "TENANT-101",
                "hostname": "db",
                "cluster": "pve-a",
                "tier": "clients-main",
                "template": "cloudpod",
                "address": "10.1.10.60",
            },
            "With SSH keys": {"tenant": "TENANT-101", "hostname": "web", "ssh_keys": [examples.SSH_KEY]},
        },
        status=202,
        headers=(FOLLOW,),
        answer=OperationSummary,
        answered=ACCEPTED,
        example=examples.begun(CREATE),
        refusals=(
            *WITH_A_BODY,
            told(refusals.BadHostname),
            told(refusals.TooSmall),
            told(refusals.TooLarge),
            told(refusals.UnknownChoice),
            told(refusals.TierNotPrimary),
            told(refusals.BadSshKey),
            Told(404, "not_found", "There is no such tenant, or the token may not act for it."),
            told(refusals.TenantSuspended),
            told(refusals.QuotaExceeded),
            told(HostnameTaken),
            told(refusals.KeysNotDeliverable),
            told(refusals.NoCapacity),
            told(refusals.NoFreeVmid),
            told(NoFreeAddress),
            told(AddressTaken),
            told(AddressReserved),
            FROZEN,
        ),
    ),
    "pod.retrieve": Route(
        id="get_pod",
        tag=PODS,
        summary="Show a pod",
        description="One pod: as it should be, as it was last seen and when, and where it is. A pod that is gone can "
        "still be shown.",
        parameters=(POD,),
        answer=PodSerializer,
        answered="The pod.",
        example=examples.POD,
        refusals=OF_ONE,
    ),
    "pod.start": Route(
        id="start_pod",
        tag=PODS,
        summary="Start a pod",
        description="Starts the container, now and whenever its node starts: `desired_state` becomes `running`. A pod "
        "that runs already is left running, and the operation succeeds. The body may be left out.",
        parameters=(POD,),
        body=StartSerializer,
        body_examples={"With a reason": {"reason": "the customer has paid"}},
        status=202,
        headers=(FOLLOW,),
        answer=OperationSummary,
        answered=ACCEPTED,
        example=examples.begun(START),
        refusals=(*OF_A_VERB, SUSPENDED),
    ),
    "pod.stop": Route(
        id="stop_pod",
        tag=PODS,
        summary="Stop a pod",
        description="Shuts the container down; when that takes longer than `timeout_s`, it is stopped hard, as if the "
        "power were cut. It no longer starts with its node: `desired_state` becomes `stopped`. A pod that is off "
        "already is left off, and the operation succeeds. A stopped pod keeps its address, its disk and its share of "
        "the quota. The body may be left out.",
        parameters=(POD,),
        body=StopSerializer,
        body_examples={"With a minute to shut down": {"timeout_s": 60, "reason": "unpaid"}, "Hard": {"timeout_s": 0}},
        status=202,
        headers=(FOLLOW,),
        answer=OperationSummary,
        answered=ACCEPTED,
        example=examples.begun(STOP),
        refusals=OF_A_VERB,
    ),
    "pod.reboot": Route(
        id="reboot_pod",
        tag=PODS,
        summary="Reboot a pod",
        description="Shuts the container down as stopping does, and starts it again. SSH keys that were replaced count "
        "from then on. The body may be left out.",
        parameters=(POD,),
        body=StopSerializer,
        body_examples={"With a minute to shut down": {"timeout_s": 60}, "Hard": {"timeout_s": 0}},
        status=202,
        headers=(FOLLOW,),
        answer=OperationSummary,
        answered=ACCEPTED,
        example=examples.begun(REBOOT),
        refusals=(*OF_A_VERB, SUSPENDED, told(refusals.PodStopped)),
    ),
    "pod.ssh_keys": Route(
        id="set_ssh_keys",
        tag=PODS,
        summary="Replace a pod's SSH keys",
        description="Gives the pod these keys in place of all that it has. They count **from its next boot**: until "
        "then the old ones open it. A key is refused when it is private, weak, or has options before it; the message "
        "names it by its place (`ssh_keys[0]`), never by its text.",
        parameters=(POD,),
        body=KeysSerializer,
        body_examples={"One key": {"ssh_keys": [examples.SSH_KEY], "reason": "new laptop"}, "None": {"ssh_keys": []}},
        status=202,
        headers=(FOLLOW,),
        answer=KeysAccepted,
        answered=ACCEPTED,
        example={**examples.begun(SET_KEYS), "note": COUNT_FROM},
        refusals=(*OF_A_VERB, told(refusals.BadSshKey), told(refusals.KeysNotDeliverable)),
    ),
    **ROUTES_OF_LIFE,
    **ROUTES_OF_CHANGES,
}
