"""The routes that end a pod, bring it back, make it anew or keep it from running, in words.

Decides: what the document says of each. Not: what the members of their bodies mean (words.py).
"""

from __future__ import annotations

from migracloud.openapi import examples
from migracloud.openapi.begun import (
    ATTENTION,
    BUSY,
    DELETED,
    FROZEN,
    GONE,
    OF_A_QUERY,
    OF_A_VERB,
    POD,
    PODS,
    PROTECTED,
    REASON,
    STAFF,
    SUSPENDED,
    THERE_IS_NONE,
    TIMEOUT,
    begins,
)
from migracloud.openapi.problems import WITH_A_BODY, told
from migracloud.openapi.route import Route
from pods import refusals
from pods.api import PodSerializer
from pods.api_life import ProtectionSerializer, RebuildSerializer, SuspendSerializer
from pods.kinds.destroy import DESTROY
from pods.kinds.purge import PURGE
from pods.kinds.rebuild import REBUILD
from pods.kinds.restore import RESTORE
from pods.kinds.resume import RESUME
from pods.kinds.suspend import SUSPEND
from tenants.api import NeededReason, ReasonSerializer

UNPAID = {"With a reason": {"reason": "the invoice of October is unpaid"}}
ANYHOW = (*WITH_A_BODY, THERE_IS_NONE, GONE, FROZEN)  # it stands behind what goes on, instead of being refused

ROUTES_OF_LIFE: dict[str, Route] = {
    "pod.destroy": begins(
        DESTROY,
        id="destroy_pod",
        summary="Destroy a pod",
        description="Stops the pod and keeps it: `phase` becomes `deleted`, and `purge_at` says when it is taken away "
        "for good. Until then it holds its VMID, address, host name and share of the quota, and can be restored. While "
        "something else is being done with it, the operation waits for its turn (`blocked`); the making of a pod is "
        "cancelled by it. A second destroy is the first one: the same operation is answered.",
        parameters=(REASON, TIMEOUT),
        refusals=(*OF_A_QUERY, DELETED, PROTECTED),
    ),
    "pod.purge": begins(
        PURGE,
        id="purge_pod",
        summary="Purge a pod",
        description="For the platform's token. Takes the pod's container away with its disk and its snapshots, "
        "whether the pod was destroyed before or not. **It cannot be undone.** VMID and address are given to nobody "
        "for an hour after. The pod can be shown as long as you like, with `phase` `gone`.",
        body=NeededReason,
        body_examples={"With a reason": {"reason": "asked for by the customer in writing"}},
        refusals=(*ANYHOW, STAFF, PROTECTED),
    ),
    "pod.restore": begins(
        RESTORE,
        id="restore_pod",
        summary="Restore a deleted pod",
        description="Brings a pod back that was destroyed and is not purged yet. It runs again if it ran before. The "
        "body may be left out.",
        body=ReasonSerializer,
        body_examples={"With a reason": {"reason": "destroyed by mistake"}},
        refusals=(*ANYHOW, BUSY, ATTENTION, told(refusals.PodNotDeleted)),
    ),
    "pod.rebuild": begins(
        REBUILD,
        id="rebuild_pod",
        summary="Rebuild a pod",
        description="Gives the pod a fresh container from a template, its own unless another one is named. Id, "
        "address, size, host name and SSH keys stay; the VMID is a new one. **What is on its disk, and its snapshots, "
        "are gone when the operation has succeeded.** If the rebuild fails, the pod has its old container again. The "
        "body may be left out.",
        body=RebuildSerializer,
        body_examples={"As it was made": {"reason": "start afresh"}, "From another template": {"template": "cloudpod"}},
        refusals=(
            *OF_A_VERB,
            PROTECTED,
            told(refusals.UnknownChoice),
            told(refusals.TooSmall),
            told(refusals.NoCapacity),
            told(refusals.NoFreeVmid),
        ),
    ),
    "pod.suspend": begins(
        SUSPEND,
        id="suspend_pod",
        summary="Suspend a pod",
        description="For the platform's token. Stops the pod until it is resumed; meanwhile nobody can start it. Its "
        "tenant reads the reason. While something else is being done with it, the operation waits for its turn.",
        body=SuspendSerializer,
        body_examples=UNPAID,
        refusals=(*ANYHOW, STAFF, DELETED, ATTENTION),
    ),
    "pod.resume": begins(
        RESUME,
        id="resume_pod",
        summary="Resume a pod",
        description="For the platform's token. Ends the pod's own suspension; it runs again if it is meant to, and if "
        "its tenant is not suspended. The body may be left out.",
        body=ReasonSerializer,
        body_examples={"With a reason": {"reason": "paid"}},
        refusals=(*ANYHOW, STAFF, DELETED, ATTENTION, SUSPENDED, told(refusals.PodNotSuspended)),
    ),
    "pod.protection": Route(
        id="protect_pod",
        tag=PODS,
        summary="Protect a pod, or no longer",
        description="A protected pod refuses to be destroyed, purged and rebuilt (`pod_protected`) until the "
        "protection is taken off. Nothing has to be done for it on the cluster: the answer is the pod.",
        parameters=(POD,),
        body=ProtectionSerializer,
        body_examples={"On": {"protected": True}, "Off": {"protected": False, "reason": "to be destroyed"}},
        answer=PodSerializer,
        answered="It is so.",
        example={**examples.POD, "protected": True},
        refusals=(*WITH_A_BODY, THERE_IS_NONE, GONE),
    ),
}
